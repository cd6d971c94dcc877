"""The tree of names over a store of objects."""

from __future__ import annotations

import io
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiida.repository import File, FileType, Repository, SandboxRepositoryBackend


def put(repository: Repository, path: str, content: bytes = b"x") -> None:
    repository.put_object_from_filelike(io.BytesIO(content), path)


@pytest.fixture
def repository() -> Repository:
    """A repository with a file in a folder, an empty folder and an empty file."""
    found = Repository()
    put(found, "a/b.txt", b"hello")
    put(found, "c", b"")
    found.create_directory("empty/d")
    return found


def test_the_serialised_form_is_that_of_aiida(repository: Repository) -> None:
    key_b, key_c = repository.get_file("a/b.txt").key, repository.get_file("c").key
    serialised = repository.serialize()
    assert serialised == {"o": {"a": {"o": {"b.txt": {"k": key_b}}}, "c": {"k": key_c}, "empty": {"o": {"d": {}}}}}
    again = Repository.from_serialized(repository.backend, serialised)
    assert again.serialize() == serialised
    assert again.get_object_content("a/b.txt") == b"hello"
    assert Repository().serialize() == {}
    assert Repository.from_serialized(repository.backend, {}).is_empty()
    assert Repository.flatten(serialised) == {"a/": None, "a/b.txt": key_b, "c": key_c, "empty/": None, "empty/d/": None}
    assert Repository.flatten(None) == {}


def test_looking(repository: Repository) -> None:
    assert repository.list_object_names() == ["a", "c", "empty"]
    assert [file.name for file in repository.list_objects("a")] == ["b.txt"]
    assert repository.get_directory("a").file_type is FileType.DIRECTORY
    assert repository.get_object().is_dir()
    assert repository.has_object("a/b.txt")
    assert repository.has_object(PurePosixPath("empty/d"))
    assert not repository.has_object("a/../c")
    assert not repository.has_object("a/b.txt/x")
    assert not repository.is_empty()
    assert len(repository.get_file_keys()) == 2
    with repository.open("a/b.txt") as handle:
        assert handle.read() == b"hello"


def test_walk_from_below(repository: Repository) -> None:
    assert list(repository.walk()) == [
        (PurePosixPath("a"), [], ["b.txt"]),
        (PurePosixPath("empty/d"), [], []),
        (PurePosixPath("empty"), ["d"], []),
        (PurePosixPath("."), ["a", "empty"], ["c"]),
    ]
    assert [str(root) for root, _, _ in repository.walk("empty")] == ["empty/d", "empty"]


def test_errors_of_looking(repository: Repository) -> None:
    with pytest.raises(FileNotFoundError, match="object with path `nope` does not exist"):
        repository.get_object("nope")
    with pytest.raises(IsADirectoryError, match="`a` is not a file"):
        repository.get_object_content("a")
    with pytest.raises(NotADirectoryError, match="`c` is not a directory"):
        repository.list_objects("c")
    with pytest.raises(TypeError, match="not a relative path"):
        repository.get_object("/a")
    with pytest.raises(TypeError, match="cannot be `None`"):
        repository.get_file(None)  # type: ignore[arg-type]


def test_errors_of_changing(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="byte stream"):
        repository.put_object_from_filelike(io.StringIO("x"), "t")  # type: ignore[arg-type]
    with pytest.raises(IsADirectoryError):
        put(repository, "a")
    with pytest.raises(NotADirectoryError):
        put(repository, "c/below")
    with pytest.raises(NotADirectoryError):
        repository.create_directory("c")
    with pytest.raises(ValueError, match="upwards"):
        put(repository, "a/../../etc")
    with pytest.raises(ValueError, match="empty"):
        put(repository, "")
    with pytest.raises(TypeError, match="absolute"):
        repository.put_object_from_tree("relative")
    before = repository.list_object_names()
    repository.put_object_from_tree(tmp_path / "nope")  # told in the log; plugins' suites hand over folders that are not there
    assert repository.list_object_names() == before
    with pytest.raises(TypeError, match="absolute"):
        repository.copy_tree("relative")
    with pytest.raises(FileNotFoundError):
        repository.delete_object("nope")
    with pytest.raises(TypeError):
        repository.set_backend("x")  # type: ignore[arg-type]


def test_a_file_is_replaced(repository: Repository) -> None:
    put(repository, "c", b"new")
    assert repository.get_object_content("c") == b"new"


def test_delete(repository: Repository) -> None:
    key = str(repository.get_file("a/b.txt").key)
    repository.delete_object("c")
    assert repository.list_object_names() == ["a", "empty"]
    repository.delete_object("a", hard_delete=True)
    assert not repository.backend.has(key)
    repository.erase()
    assert repository.is_empty()
    repository.delete()
    assert not repository.is_initialised


def test_trees_in_and_out(repository: Repository, tmp_path: Path) -> None:
    repository.copy_tree(tmp_path / "out")
    assert (tmp_path / "out" / "a" / "b.txt").read_bytes() == b"hello"
    assert (tmp_path / "out" / "empty" / "d").is_dir()
    other = Repository()
    other.put_object_from_tree(tmp_path / "out", "sub")
    assert other.list_object_names("sub") == ["a", "c", "empty"]
    other.copy_tree(tmp_path / "part", "sub/a")
    assert [path.name for path in (tmp_path / "part").iterdir()] == ["b.txt"]
    same = Repository()
    same.put_object_from_tree(tmp_path / "out")
    assert same.hash() == repository.hash()
    assert other.hash() != repository.hash()


def test_clone_copies_names_and_contents(repository: Repository) -> None:
    other = Repository()
    other.clone(repository)
    assert other.hash() == repository.hash()
    repository.delete()
    assert other.get_object_content("a/b.txt") == b"hello"
    with pytest.raises(TypeError):
        other.clone("x")  # type: ignore[arg-type]


def test_file_checks_itself() -> None:
    with pytest.raises(TypeError, match="file_type"):
        File("a", "x")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cannot define a key"):
        File("a", FileType.DIRECTORY, "key")
    with pytest.raises(ValueError, match="cannot define any objects"):
        File("a", FileType.FILE, "key", {})
    assert File("a") == File("a") != File("b")
    assert "file_type=1, key=k" in repr(File("a", FileType.FILE, "k"))


def test_classes_report_their_classic_module() -> None:
    assert File.__module__ == "aiida.repository.common"
    assert Repository.__module__ == "aiida.repository.repository"
    assert SandboxRepositoryBackend.__module__ == "aiida.repository.backend.sandbox"


names = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(paths, st.binary(max_size=20)), max_size=8))
def test_a_repository_is_a_dictionary_of_paths(files: list[tuple[str, bytes]]) -> None:
    """Against a model: a dictionary from path to content, in which no path is below another."""
    repository, model = Repository(), dict[str, bytes]()
    for path, content in files:
        above = ["/".join(path.split("/")[: i + 1]) for i in range(path.count("/"))]
        clash = any(place in model for place in above) or any(other.startswith(path + "/") for other in model)
        try:
            put(repository, path, content)
        except OSError:
            assert clash
            continue
        assert not clash
        model[path] = content
    again = Repository.from_serialized(repository.backend, repository.serialize())
    found = {path: again.backend.read(key) for path, key in Repository.flatten(again.serialize()).items() if key}
    assert found == model


def test_hash_of_no_files_is_the_value_on_record_in_plugins() -> None:
    assert Repository().hash() == "076c4a75b0e7f3de89d0f21d3c4fad9c09fb83054f8e6c467b875095d93fd154"
