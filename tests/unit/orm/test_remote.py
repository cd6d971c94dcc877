"""Folders on a computer, by way of the transport to this one."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiida import orm
from aiida.common import exceptions
from aiida.common.datastructures import StashMode
from aiida.common.links import LinkType
from aiida.orm.utils.remote import clean_mapping_remote_paths, clean_remote, get_calcjob_remote_paths


@pytest.fixture(scope="module")
def computer(backend: object) -> orm.Computer:
    from aiida.common.slots import current_store

    with current_store.override(backend):  # type: ignore[arg-type]
        computer = orm.Computer("local", "localhost", transport_type="core.local", scheduler_type="core.direct", workdir="/tmp")
        computer.store().configure()
        return computer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "deep.txt").write_text("deep")
    (tmp_path / "file.txt").write_text("content")
    return tmp_path


def test_looking_and_fetching(computer: orm.Computer, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    node = orm.RemoteData(remote_path=str(folder), computer=computer).store()
    assert sorted(node.listdir()) == ["file.txt", "sub"] and node.listdir("sub") == ["deep.txt"] and not node.is_empty
    found = {entry["name"]: entry["isdir"] for entry in node.listdir_withattributes()}
    assert found == {"file.txt": False, "sub": True}
    target = tmp_path_factory.mktemp("target") / "copy"
    node.getfile("file.txt", str(target))
    assert target.read_text() == "content" and node.get_authinfo().computer == computer
    for wrong in (lambda: node.getfile("nope", str(target)), lambda: node.listdir("nope"), lambda: node.listdir("file.txt")):
        with pytest.raises(OSError, match=r"on local|not a directory"):
            wrong()


def test_sizes(computer: orm.Computer, folder: Path) -> None:
    node = orm.RemoteData(remote_path=str(folder), computer=computer).store()
    assert node.get_size_on_disk(method="stat", return_bytes=True)[0] >= len("content") + len("deep")
    assert node.get_size_on_disk(relpath=Path("file.txt"), method="stat") == ("7.00 B", "stat")
    by_du, method = node.get_size_on_disk(return_bytes=True)
    assert isinstance(by_du, int) and by_du >= 11 and method == "du"
    with pytest.raises(FileNotFoundError, match="does not exist"):
        node.get_size_on_disk(relpath=Path("nope"))
    with pytest.raises(ValueError, match="du"):
        node.get_size_on_disk(method="guess")


def test_f13_cleaning(computer: orm.Computer, folder: Path) -> None:
    node = orm.RemoteData(remote_path=str(folder), computer=computer).store()
    assert not node.is_cleaned
    node._clean()
    assert node.is_cleaned and node.is_empty and not folder.exists() and orm.load_node(node.pk).is_cleaned
    node._clean()
    with computer.get_transport() as transport:
        clean_remote(transport, str(folder))
        with pytest.raises(ValueError, match="absolute"):
            clean_remote(transport, "relative")


def test_folders_of_jobs(computer: orm.Computer, folder: Path) -> None:
    job = orm.CalcJobNode(computer=computer).store()
    remote = orm.RemoteData(remote_path=str(folder), computer=computer)
    remote.base.links.add_incoming(job, LinkType.CREATE, "remote_folder")
    remote.store()
    assert get_calcjob_remote_paths(pks=[job.pk]) is None, "the job has not ended"  # type: ignore[list-item]
    job.set_process_state("finished")
    job.set_exit_status(1)
    found = get_calcjob_remote_paths(pks=[job.pk], past_days=1, computers=[computer], exit_status=1)  # type: ignore[list-item]
    assert found == {computer.uuid: [remote]}
    assert get_calcjob_remote_paths(pks=[job.pk], exit_status=0) is None  # type: ignore[list-item]
    assert get_calcjob_remote_paths(pks=[job.pk], older_than=1) is None  # type: ignore[list-item]
    clean_mapping_remote_paths(found, silent=True)
    assert not folder.exists()
    assert get_calcjob_remote_paths(pks=[job.pk], only_not_cleaned=True) is None  # type: ignore[list-item]


def test_checks(computer: orm.Computer) -> None:
    with pytest.raises(exceptions.ValidationError, match="remote_path"):
        orm.RemoteData(computer=computer).store()
    with pytest.raises(exceptions.ValidationError, match="computer"):
        orm.RemoteData(remote_path="/x").store()


def test_stashes(computer: orm.Computer) -> None:
    node = orm.RemoteStashFolderData(StashMode.COPY, "/target", ["a", "b"], fail_on_missing=True, computer=computer).store()
    loaded = orm.load_node(node.pk)
    assert (loaded.stash_mode, loaded.target_basepath, loaded.source_list, loaded.fail_on_missing) == (
        StashMode.COPY,
        "/target",
        ["a", "b"],
        True,
    )
    packed = orm.RemoteStashCompressedData(StashMode.COMPRESS_TARGZ, "/target", ["a"], True, computer=computer).store()
    assert packed.dereference is True and packed.fail_on_missing is False and packed.stash_mode is StashMode.COMPRESS_TARGZ
    assert orm.RemoteStashCustomData(StashMode.SUBMIT_CUSTOM_CODE, "/t", ["a"], computer=computer).store().is_stored
    with pytest.raises(ValueError, match="RemoteStashFolderData"):
        orm.RemoteStashFolderData(StashMode.COMPRESS_TAR, "/t", ["a"])
    with pytest.raises(exceptions.StoringNotAllowed):
        orm.RemoteStashData(StashMode.COPY, computer=computer).store()
