"""Models: one schema per class, built when looked at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError

from aiida import orm
from aiida.common.warnings import AiidaDeprecationWarning


@pytest.fixture(scope="module")
def computer(backend: object) -> orm.Computer:
    return orm.Computer(
        label="modelled",
        hostname="h",
        transport_type="core.local",
        scheduler_type="core.direct",
        workdir="/w",
        backend=backend,
    ).store()


def test_importing_the_orm_imports_no_pydantic() -> None:
    code = (
        "import sys, aiida.orm as o\n"
        "[getattr(o, n) for n in ('Node', 'Int', 'Dict', 'WorkChainNode', 'CalcJobNode', 'Group', 'QueryBuilder', 'load_node')]\n"
        "print([m for m in ('pydantic', 'numpy', 'sqlalchemy', 'yaml') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_fields_of_models() -> None:
    assert list(orm.Int.ReadModel.model_fields) == [
        "pk", "label", "description", "extras", "node_type", "attributes", "repository_metadata", "uuid", "process_type", "ctime",
        "mtime", "computer", "user",
    ]  # fmt: skip
    assert list(orm.Int.WriteModel.model_fields) == [
        "label",
        "description",
        "extras",
        "node_type",
        "attributes",
        "repository_metadata",
    ]
    assert list(orm.Int.AttributesModel.model_fields) == ["source", "value"]
    assert "computer" in orm.InstalledCode.WriteModel.model_fields
    assert set(orm.InstalledCode.AttributesModel.model_fields) == {
        "source", "default_calc_job_plugin", "use_double_quotes", "with_mpi", "wrap_cmdline_params", "prepend_text", "append_text",
        "filepath_executable",
    }  # fmt: skip
    assert list(orm.Group.WriteModel.model_fields) == ["label", "description", "extras"]
    schema = orm.Int.ReadModel.model_json_schema()
    assert schema["title"] == "IntReadModel" and schema["properties"]["node_type"]["const"] == "data.core.int.Int."
    assert schema["properties"]["uuid"]["readOnly"] and "readOnly" not in schema["properties"]["label"]
    assert orm.Int.ReadModel is orm.Int.ReadModel and issubclass(orm.Int.ReadModel, orm.OrmModel)
    with pytest.warns(AiidaDeprecationWarning):
        assert orm.Int.Model is orm.Int.ReadModel


def test_serialize_and_back() -> None:
    node = orm.Int(5, label="l").store()
    node.base.extras.set("e", 1)
    full = node.serialize()
    assert (
        full["pk"] == node.pk and full["uuid"] == UUID(node.uuid) and full["attributes"] == {"source": None, "value": 5}
    )
    assert set(node.serialize(minimal=True)) == set(full) - {"extras", "attributes", "repository_metadata"}
    assert node.serialize(mode="json")["uuid"] == node.uuid
    written = node.serialize(schema="write")
    again = orm.Int.from_serialized(written)
    assert again == 5 and again.label == "l" and again.base.extras.all == {"e": 1} and not again.is_stored
    assert again.store().base.caching.get_hash() == node.base.caching.get_hash()
    with pytest.raises(ValidationError):
        orm.Int.WriteModel(node_type="data.core.int.Int.", attributes={"value": "text"})
    with pytest.raises(ValidationError):
        orm.Int.WriteModel(node_type="data.core.str.Str.", attributes={"value": 1})
    assert orm.Dict({"a": {"b": 1}}).store().serialize()["attributes"] == {"source": None, "a": {"b": 1}}
    assert orm.Dict.from_serialized(orm.Dict({"a": 1}).store().serialize(schema="write")).get_dict() == {"a": 1}
    assert "process_type" in orm.WorkChainNode().store().serialize()


def test_files_come_along(tmp_path: Path) -> None:
    model = orm.SinglefileData.WriteModel(
        node_type="data.core.singlefile.SinglefileData.", attributes={"filename": "f.txt"}
    )
    (tmp_path / "f.txt").write_text("content")
    node = orm.SinglefileData.from_model(model, files={"f.txt": lambda: (tmp_path / "f.txt").open("rb")})
    assert node.store().get_content() == "content"


def test_other_entities(computer: orm.Computer) -> None:
    assert computer.serialize()["metadata"] == {"workdir": "/w"} and "metadata" not in computer.serialize(minimal=True)
    twin = orm.Computer.from_serialized({**computer.serialize(schema="write"), "label": "modelled-2"}).store()
    assert twin.get_workdir() == "/w" and twin.uuid != computer.uuid
    user = orm.User.collection.get_default()
    assert user.serialize() == {
        "pk": user.pk,
        "email": user.email,
        "first_name": "",
        "last_name": "",
        "institution": "",
    }
    group = orm.Group.from_serialized({"label": "modelled", "extras": {"a": 1}}).store()
    assert group.base.extras.all == {"a": 1} and group.serialize()["type_string"] == "core"
    authinfo = orm.AuthInfo.from_serialized({"computer": computer.pk, "user": user.pk, "auth_params": {"x": 1}}).store()
    assert authinfo.serialize()["auth_params"] == {"x": 1} and computer.is_configured
    comment = orm.Int(1).store().base.comments.add("c")
    assert comment.serialize()["content"] == "c" and comment.serialize()["user"] == user.pk


def test_constructor_models_of_codes(computer: orm.Computer) -> None:
    code = orm.InstalledCode(computer, "/bin/x", label="c", with_mpi=True).store()
    assert (
        orm.InstalledCode.supports_constructor_model
        and not orm.Int.supports_constructor_model
        and orm.Int.CliModel is None
    )
    assert set(orm.InstalledCode.CliModel.model_fields) == {
        "label", "description", "default_calc_job_plugin", "use_double_quotes", "with_mpi", "wrap_cmdline_params", "prepend_text",
        "append_text", "filepath_executable", "computer",
    }  # fmt: skip
    given = code.serialize(schema="constructor")
    assert given["args"]["computer"] == "modelled" and given["args"]["filepath_executable"] == "/bin/x"
    again = orm.InstalledCode.from_serialized(given).store()
    assert again.full_label == "c@modelled" and again.with_mpi is True


def test_a_plugin_declares_its_attributes() -> None:
    from pydantic import Field

    class Special(orm.Data):
        class AttributesModel(orm.Data.AttributesModel):
            """What a plugin writes."""

            size: int = Field(description="How large")

    class More(Special):
        """A subclass that adds nothing."""

    assert list(More.AttributesModel.model_fields) == ["source", "size"]
    assert str(Special.fields.size.backend_key) == "attributes.size"
    assert "attributes" in More.ReadModel.model_fields


def test_models_follow_the_classes() -> None:
    assert issubclass(orm.Int.ReadModel, orm.Data.ReadModel) and issubclass(orm.Data.ReadModel, orm.Node.ReadModel)
    assert orm.Node.ReadModel.model_fields["node_type"].annotation is str, "it stands for many classes"
    assert list(orm.Node.MutableNodeFields.model_fields) == ["label", "description", "extras"]
    assert list(orm.SinglefileData.ConstructorModel.model_fields["args"].annotation.model_fields) == ["filename", "content"]
    made = orm.SinglefileData.from_serialized({"node_type": "data.core.singlefile.SinglefileData.", "args": {"content": "text"}})
    assert made.store().get_content() == "text" and made.filename == "file.txt"
    array = orm.ArrayData.from_serialized({"node_type": "data.core.array.ArrayData.", "args": {"arrays": {"x": [1, 2]}}})
    assert array.store().get_array("x").tolist() == [1, 2]
    assert "computer" in orm.RemoteData.WriteModel.model_fields and not orm.SinglefileData.supports_cli_model
