"""BEHAVIOUR I: data, attributes, files, and entities in general."""

from __future__ import annotations

import copy
import datetime
import enum
import io
import threading
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest

from aiida import orm
from aiida.common import exceptions
from aiida.common.warnings import AiidaDeprecationWarning

pytestmark = pytest.mark.usefixtures("bare_store")


class Unregistered(orm.Data):
    """A data class that no entry point names."""


class Colour(enum.Enum):
    RED = "red"
    BLUE = 3


# -- 1, 2 ---------------------------------------------------------------------------------------------------------------


def test_i01_constructors() -> None:
    assert orm.Dict({"a": 1}).get_dict() == orm.Dict(dict={"a": 1}).get_dict() == {"a": 1}
    assert orm.List([1, 2]).get_list() == orm.List(list=[1, 2]).get_list() == [1, 2]
    assert orm.Int().value == 0 and orm.Int(1.5).value == 1 and orm.Float(3).value == 3.0 and orm.Str().value == ""
    assert orm.Bool("x").value is True and orm.Int(3, label="l", description="d").label == "l"
    for cls in (orm.Int, orm.Dict, orm.List, orm.FolderData, orm.WorkChainNode):
        with pytest.raises(TypeError):
            cls(nonsense=1)  # type: ignore[call-arg]


def test_i02_dict_is_a_mapping_of_sorts() -> None:
    node = orm.Dict({"k": 1, "n": {"m": 2}})
    assert node["k"] == 1 and "k" in node and "z" not in node and node.get("z") is None and node.get("z", 5) == 5
    assert dict(node.items()) == {"k": 1, "n": {"m": 2}} and list(node.keys()) == ["k", "n"]
    assert node.dict.k == 1 and node.value == node.get_dict() and {**node} == node.get_dict()
    assert node == {"k": 1, "n": {"m": 2}} and node == orm.Dict({"k": 1, "n": {"m": 2}})
    with pytest.raises(TypeError):
        len(node)  # type: ignore[arg-type]
    assert not hasattr(node, "pop") and not hasattr(node, "copy")
    with pytest.raises(KeyError):
        node["z"]
    with pytest.raises(AttributeError):
        _ = node.dict.z
    node.get_dict()["n"]["m"] = 7
    assert node["n"]["m"] == 7, "before storing, the dictionary is live"
    node.store()
    node.get_dict()["n"]["m"] = 8
    assert node["n"]["m"] == 7 and orm.load_node(node.pk)["n"]["m"] == 7


# -- 3, 4 ---------------------------------------------------------------------------------------------------------------


def test_i03_stored_nodes_do_not_change() -> None:
    for node, change in (
        (orm.Int(1), lambda n: setattr(n, "value", 2)),
        (orm.Dict({"a": 1}), lambda n: n.__setitem__("a", 2)),
        (orm.List([1]), lambda n: n.append(2)),
        (orm.Dict({"a": 1}), lambda n: n.base.attributes.delete("a")),
        (orm.Dict({"a": 1}), lambda n: n.base.attributes.clear()),
        (orm.Dict({"a": 1}), lambda n: n.set_dict({})),
    ):
        change(type(node)(node.value))
        node.store()
        with pytest.raises(exceptions.ModificationNotAllowed, match="the attributes of a stored entity are immutable"):
            change(node)
    folder = orm.FolderData().store()
    with pytest.raises(exceptions.ModificationNotAllowed, match="the node is stored and therefore the repository is immutable."):
        folder.put_object_from_bytes(b"", "a")
    folder.label = "labels change"
    folder.description = "and descriptions"
    loaded = orm.load_node(folder.pk)
    assert (loaded.label, loaded.description) == ("labels change", "and descriptions")


def test_i04_cleaning() -> None:
    node = orm.Dict(
        {
            "tuple": (1, (2,)),
            "node": orm.Int(3),
            "nodes": [orm.Float(1.5), orm.Str("s"), orm.Bool(True), orm.List([orm.Int(1)])],
            "numpy": np.float64(1.5),
            "int": np.int64(4),
            "bool": np.bool_(True),
            "array": np.arange(3),
            "generator": (i for i in range(2)),
        }
    ).store()
    expected = {
        "tuple": [1, [2]],
        "node": 3,
        "nodes": [1.5, "s", True, [1]],
        "numpy": 1.5,
        "int": 4,
        "bool": True,
        "array": [0, 1, 2],
        "generator": [0, 1],
    }
    assert node.get_dict() == expected == orm.load_node(node.pk).get_dict()
    for bad in (
        {1: 1},
        {"a.b": 1},
        {"": 1},
        {"a": float("nan")},
        {"a": [float("inf")]},
        {"a": datetime.datetime.now()},
        {"a": object()},
        {"a": orm.FolderData()},
    ):
        with pytest.raises(exceptions.ValidationError):
            orm.Dict(bad).store()
    # Only the names of attributes are restricted: inside a value keys are free, and text as JSON has them.
    assert orm.Dict({"a": {"b.c": 1, 2: 3}}).store().get_dict() == {"a": {"b.c": 1, "2": 3}}
    fine = orm.Int(1).store()
    with pytest.raises(exceptions.ValidationError):
        fine.base.extras.set("a.b", 1)
    with pytest.raises(exceptions.ValidationError):
        fine.base.extras.set("a", float("nan"))


def test_i04_what_is_refused_leaves_nothing() -> None:
    node = orm.Dict({"a": (1, 2), "b": float("nan")})
    with pytest.raises(exceptions.ValidationError):
        node.store()
    assert not node.is_stored and node["a"] == (1, 2) and "_aiida_hash" not in node.base.extras.all
    node["b"] = 1
    assert node.store().is_stored


# -- 5 ------------------------------------------------------------------------------------------------------------------


def test_i05_arithmetic_and_equality() -> None:
    assert isinstance(orm.Int(1) + 2, orm.Int) and (orm.Int(1) + 2).value == 3 and not (orm.Int(1) + 2).is_stored
    assert isinstance(2 * orm.Float(1.5), orm.Float) and isinstance(orm.Int(3) / 2, orm.Float) and (orm.Int(3) / 2) == 1.5
    assert (orm.Int(7) % 4) == 3 and (orm.Int(7) // 2) == 3 and (2 ** orm.Int(3)) == 8 and -orm.Int(2) == -2
    assert orm.Int(1) == 1 and orm.Int(1) < 2 and orm.Int(3) > orm.Int(2) and orm.Int(1) != 2 and orm.Str("a") == "a"
    assert [orm.List([1]) == [1], orm.Bool(True) == True, bool(orm.Bool(False))] == [True, True, False]  # noqa: E712
    with pytest.raises(TypeError):
        orm.Str("a") + "b"  # type: ignore[operator]
    with pytest.raises(TypeError):
        orm.List([1]) + [2]  # type: ignore[operator]
    assert str(orm.Int(5)) != "5" and float(orm.Int(5)) == 5.0 and int(orm.Float(2.5)) == 2


def test_i05_hashability_and_identity() -> None:
    for node in (orm.Int(1), orm.Float(1), orm.Str(""), orm.Bool(), orm.List(), orm.Dict(), orm.EnumData(Colour.RED)):
        with pytest.raises(TypeError, match="unhashable"):
            hash(node)
    folder = orm.FolderData().store()
    loaded = orm.load_node(folder.pk)
    assert loaded == folder and loaded is not folder and hash(loaded) == hash(folder) and len({loaded, folder}) == 1
    number = orm.Int(4).store()
    assert orm.load_node(number.pk) == number and orm.FolderData() != orm.FolderData()


# -- 6, 7, 8 ------------------------------------------------------------------------------------------------------------


def test_i06_constructor_is_not_run_when_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    pk = orm.Int(1).store().pk

    def fail(self: Any, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("constructor was run")

    monkeypatch.setattr(orm.Int, "__init__", fail)
    assert orm.load_node(pk).value == 1


def test_i06_validate_runs_at_store(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any) -> bool:
        raise exceptions.ValidationError("not like this")

    monkeypatch.setattr(orm.Dict, "_validate", refuse)
    node = orm.Dict({"a": 1})
    with pytest.raises(exceptions.ValidationError, match="not like this"):
        node.store()
    assert not node.is_stored


def test_i07_classes_without_entry_point() -> None:
    node = Unregistered()
    with pytest.raises(exceptions.StoringNotAllowed, match="does not have a registered entry point"):
        node.store()
    with pytest.raises(exceptions.StoringNotAllowed, match="only Data, WorkflowNode, CalculationNode"):
        orm.ProcessNode().store()

    class Local(orm.Group):
        """A group class that no entry point names."""

    with pytest.warns(UserWarning, match="no registered entry point for `.*Local` so its instances will not be storable"):
        group = Local(label="x")
    with pytest.raises(exceptions.StoringNotAllowed):
        group.store()


def test_i08_classic_module_paths() -> None:
    assert f"{orm.Int}" == "<class 'aiida.orm.nodes.data.int.Int'>"
    assert orm.Int(1).node_type == "data.core.int.Int." and orm.InstalledCode.class_node_type == "data.core.code.installed.InstalledCode."
    assert orm.CalcJobNode.class_node_type == "process.calculation.calcjob.CalcJobNode."


# -- 9 ------------------------------------------------------------------------------------------------------------------


def test_i09_attributes_and_extras() -> None:
    node = orm.Dict({"a": 1, "b": 2})
    attributes = node.base.attributes
    with pytest.raises(AttributeError):
        attributes.get("z")
    assert attributes.get("z", None) is None and attributes.get_many(["a", "b"]) == [1, 2]
    attributes.set_many({"c": 3, "d": 4})
    attributes.delete("a")
    attributes.delete_many(["b"])
    assert sorted(attributes.keys()) == ["c", "d"] and dict(attributes.items()) == attributes.all == {"c": 3, "d": 4}
    with pytest.raises(AttributeError):
        attributes.delete("a")
    attributes.reset({"x": 1})
    attributes.clear()
    assert attributes.all == {}

    extras = node.store().base.extras
    with pytest.raises(AttributeError):
        extras.get("z")
    extras.set("k", [1])
    extras.set_many({"l": 2, "m": (3,)})
    assert extras.get("k") == [1] and orm.load_node(node.pk).base.extras.get("m") == [3]
    extras.get("k").append(2)
    assert extras.get("k") == [1]
    extras.delete("k")
    with pytest.raises(AttributeError):
        extras.delete_many(["k", "kk"])
    extras.reset({"only": 1})
    assert extras.all == {"only": 1} and list(extras.keys()) == ["only"]
    extras.clear()
    assert orm.load_node(node.pk).base.extras.all == {}


def test_i09_spellings_from_before() -> None:
    node = orm.Dict({"a": 1})
    with pytest.warns(AiidaDeprecationWarning, match="get_attribute"):
        assert node.get_attribute("a") == 1
    with pytest.warns(AiidaDeprecationWarning):
        node.set_extra("x", 2)
    with pytest.warns(AiidaDeprecationWarning):
        assert node.extras["x"] == 2
    with pytest.raises(AttributeError, match="nonsense"):
        node.nonsense


def test_i09_two_objects_for_one_row_agree() -> None:
    one = orm.Int(1).store()
    two = orm.load_node(one.pk)
    one.label = "new"
    one.base.extras.set("a", 1)
    two.base.extras.set("b", 2)
    assert two.label == "new" and one.base.extras.get_many(["a", "b"]) == two.base.extras.get_many(["a", "b"]) == [1, 2]


# -- 10, 11, 12 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [False, True])
def test_i10_files(stored: bool, tmp_path: Path) -> None:
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "f.txt").write_text("deep")
    node = orm.FolderData()
    repository = node.base.repository
    repository.put_object_from_filelike(io.BytesIO(b"bytes"), "a/b.bin")
    repository.put_object_from_filelike(io.StringIO("t\u00e4xt"), "text.txt")
    repository.put_object_from_bytes(b"gone", "gone.txt")
    repository.put_object_from_file(str(tmp_path / "tree" / "sub" / "f.txt"), "copied.txt")
    repository.put_object_from_tree(str(tmp_path / "tree"), "tree")
    repository.delete_object("gone.txt")
    if stored:
        node = orm.load_node(node.store().pk)
        repository = node.base.repository
    assert node.list_object_names() == repository.list_object_names() == ["a", "copied.txt", "text.txt", "tree"]
    assert [file.name for file in repository.list_objects("tree")] == ["sub"]
    with repository.open("text.txt") as handle:
        assert handle.read() == "t\u00e4xt"
    with node.open("a/b.bin", "rb") as handle:
        assert handle.read() == b"bytes"
    assert repository.get_object_content("text.txt") == "t\u00e4xt" and repository.get_object_content("a/b.bin", mode="rb") == b"bytes"
    assert PurePosixPath("tree/sub/f.txt") in list(repository.glob())
    assert (PurePosixPath("tree/sub"), [], ["f.txt"]) in list(repository.walk())
    with repository.as_path() as path:
        assert (path / "tree/sub/f.txt").read_text() == "deep"
    with repository.as_path("text.txt") as path:
        assert path.read_text() == "t\u00e4xt"
    repository.copy_tree(str(tmp_path / "out"))
    assert (tmp_path / "out" / "a" / "b.bin").read_bytes() == b"bytes"
    assert len(repository.hash()) == 64 and repository.get_object_size("a/b.bin") == 5
    with pytest.raises(FileNotFoundError, match="object with path `x` does not exist."):
        repository.get_object_content("x")
    with pytest.raises(IsADirectoryError):
        repository.get_object_content("a")


def test_i11_singlefile(tmp_path: Path) -> None:
    path = tmp_path / "name.dat"
    path.write_text("content")
    node = orm.SinglefileData(path)
    assert node.filename == "name.dat" and node.get_content() == "content"
    assert orm.SinglefileData(str(path), filename="other").store().filename == "other"
    with pytest.raises(ValueError, match="path `name.dat` is not absolute"):
        orm.SinglefileData("name.dat")
    stream = orm.SinglefileData(io.StringIO("text")).store()
    assert stream.filename == "file.txt" and stream.base.attributes.all == {"filename": "file.txt"}
    with stream.open() as handle:
        assert handle.read() == "text"
    with stream.open(mode="rb") as handle:
        assert handle.read() == b"text"
    assert stream.get_content("rb") == stream.content == b"text" and orm.load_node(stream.pk).get_content() == "text"
    assert orm.SinglefileData.from_string("s", "f.txt").get_content() == "s"
    with pytest.raises(exceptions.ValidationError):
        orm.SinglefileData().store()
    with stream.as_path() as place:
        assert place.read_text() == "text"


def test_i12_arrays() -> None:
    node = orm.ArrayData({"x": np.arange(6).reshape(2, 3)})
    with pytest.raises(KeyError):
        node.get_array("missing")
    with pytest.raises(TypeError):
        node.set_array("y", [1, 2])  # type: ignore[arg-type]
    assert node.get_shape("x") == (2, 3) and node.get_arraynames() == ["x"]
    node.set_array("gone", np.zeros(1))
    node.delete_array("gone")
    node.store()
    assert node.get_array("x") is node.get_array("x")
    loaded = orm.load_node(node.pk)
    assert np.array_equal(loaded.get_array(), np.arange(6).reshape(2, 3)) and dict(loaded.get_iterarrays()).keys() == {"x"}
    assert orm.ArrayData(np.zeros(2)).store().base.attributes.all == {"array|default": [2]}


# -- 14, and copies -----------------------------------------------------------------------------------------------------


def test_i14_load_node() -> None:
    node = orm.Int(1, label="a-label-of-i14").store()
    assert orm.load_node(node.pk) is not node
    for identifier in (node.pk, str(node.pk), node.uuid, node.uuid[:10], node.uuid.replace("-", "")[:12], "a-label-of-i14"):
        assert orm.load_node(identifier).uuid == node.uuid
    assert orm.load_node(uuid=node.uuid).pk == orm.load_node(pk=node.pk).pk == orm.load_node(label="a-label-of-i14").pk
    with pytest.raises(exceptions.NotExistent, match="no Node found with ID<99999999>: No result was found"):
        orm.load_node(99999999)
    with pytest.raises(exceptions.NotExistent, match="no Node found with LABEL<not a label>"):
        orm.load_node("not a label")
    with pytest.raises(ValueError, match="has to be specified"):
        orm.load_node()
    with pytest.raises(ValueError, match="only one"):
        orm.load_node(pk=1, uuid="a")
    assert orm.load_node(orm.Int(2, label="cafebabe").store().label).value == 2, "a label may read like a UUID"
    orm.Int(1, label="twice-i14").store()
    orm.Int(2, label="twice-i14").store()
    with pytest.raises(exceptions.MultipleObjectsError):
        orm.load_node("twice-i14")


def test_b13_copies() -> None:
    node = orm.Dict({"a": [1]}, label="l").store()
    clone = copy.deepcopy(node)
    assert not clone.is_stored and clone.uuid != node.uuid and clone.get_dict() == {"a": [1]} and clone.label == "l"
    with pytest.raises(exceptions.InvalidOperation):
        copy.copy(node)
    with pytest.raises(exceptions.InvalidOperation):
        copy.deepcopy(orm.WorkChainNode())
    holder = copy.deepcopy({"x": node})
    assert holder["x"].uuid != node.uuid and holder["x"] == node
    folder = orm.FolderData()
    folder.put_object_from_bytes(b"1", "f")
    assert folder.clone().get_object_content("f") == "1"
    twin = folder.store().clone()
    twin.put_object_from_bytes(b"2", "g")
    assert twin.store().list_object_names() == ["f", "g"] and folder.list_object_names() == ["f"]


def test_to_aiida_type_and_enums() -> None:
    kinds = [(True, orm.Bool), (1, orm.Int), (1.5, orm.Float), ("s", orm.Str), ([1], orm.List), ({"a": 1}, orm.Dict)]
    kinds += [(np.int64(1), orm.Int), (np.float32(1), orm.Float), (np.bool_(True), orm.Bool), (np.zeros(2), orm.ArrayData)]
    kinds += [(Colour.RED, orm.EnumData)]
    for value, cls in kinds:
        assert type(orm.to_aiida_type(value)) is cls, value
    for value in (orm.Int(1), None, (1, 2), Path("x")):
        with pytest.raises(TypeError, match="Cannot convert value of type"):
            orm.to_aiida_type(value)
    node = orm.EnumData(Colour.BLUE).store()
    loaded = orm.load_node(node.pk)
    assert loaded.get_member() is Colour.BLUE and loaded == Colour.BLUE and loaded == node and loaded.name == "BLUE"
    assert loaded.identifier == f"{__name__}:Colour" and loaded.get_enum() is Colour


# -- 17, 18 -------------------------------------------------------------------------------------------------------------


def test_i17_any_thread() -> None:
    node = orm.Int(1).store()
    found: list[Any] = []

    def work() -> None:
        loaded = orm.load_node(node.pk)
        loaded.base.extras.set("from", "thread")
        made = orm.Dict({"a": 1}).store()
        found.extend([loaded.value, made])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0] == 1 and found[1].get_dict() == {"a": 1}
    assert node.base.extras.get("from") == "thread"


def test_i18_entities_keep_their_store(bare_backend: Any) -> None:
    from aiida.common.slots import current_store
    from aiida.storage.sqlite_temp.backend import SqliteTempBackend

    node = orm.Int(1).store()
    other = SqliteTempBackend(SqliteTempBackend.create_profile("other"))
    try:
        with current_store.override(other):
            stranger = orm.Int(2).store()
            node.label = "still here"
            node.base.extras.set("k", 1)
            assert node.backend is bare_backend and stranger.backend is other
            with pytest.raises(ValueError, match="different profiles"):
                _linked(node)
    finally:
        other.close()
    assert orm.load_node(node.pk).label == "still here"


def _linked(node: orm.Node) -> None:
    from aiida.common.links import LinkType

    orm.CalcJobNode().base.links.add_incoming(node, LinkType.INPUT_CALC, "x")
