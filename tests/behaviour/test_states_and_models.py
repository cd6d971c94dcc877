"""What no other file shows: one enumeration of states for all, submitted functions, the models that the network reads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.common.links import LinkType
from aiida.engine import calcfunction, submit

COMPAT = Path(__file__).parents[2] / "compat" / "aiida-core" / "src"

#: the fields of a node, as 2.9.4 has them
WRITE = {"label", "description", "extras", "node_type", "attributes", "repository_metadata"}
READ = {*WRITE, "pk", "uuid", "process_type", "ctime", "mtime", "computer", "user"}


@calcfunction
def double(x: orm.Int) -> orm.Int:
    """Twice the number; at module level, so that a daemon could import it."""
    return orm.Int(2 * x.value)


def test_g04_states_of_any_origin(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member by value or from any of the paths that plugins know; it is one class."""
    monkeypatch.syspath_prepend(str(COMPAT))
    before = {name for name in sys.modules if name.split(".")[0] == "plumpy"}
    from plumpy import ProcessState as of_plumpy
    from plumpy.process_states import ProcessState as of_its_module

    from aiida.engine import ProcessState

    assert ProcessState is of_plumpy is of_its_module
    node = orm.CalcFunctionNode()
    for given in (of_plumpy.FINISHED, "finished", of_its_module("finished")):
        node.set_process_state(given)
        assert node.process_state is ProcessState.FINISHED and node.is_finished
    for name in [name for name in sys.modules if name.split(".")[0] == "plumpy" and name not in before]:
        monkeypatch.delitem(sys.modules, name)


def test_h09_a_function_may_be_submitted_without_a_broker(engine: Any) -> None:
    """It is stored, linked and waits for a daemon, where 2.9.4 refuses."""
    node = submit(double, x=orm.Int(2))
    assert isinstance(node, orm.CalcFunctionNode) and node.is_stored and not node.is_terminated
    assert node.base.links.get_incoming(link_type=LinkType.INPUT_CALC).one().node == 2


def test_i16_models(engine: Any) -> None:
    """What the network reads of a class and of an object."""
    node = orm.Dict({"a": 1}, label="model").store()
    assert orm.Dict.identity_field == "uuid"
    assert set(orm.Dict.ReadModel.model_fields) == READ and set(orm.Dict.WriteModel.model_fields) == WRITE
    assert "value" in orm.Int.AttributesModel.model_fields and issubclass(orm.Int.ReadModel, orm.Data.ReadModel)
    model = node.to_model()
    assert model.label == "model" and str(model.uuid) == node.uuid
    serialized = node.serialize()
    assert serialized["label"] == "model" and str(serialized["uuid"]) == node.uuid
    assert orm.Computer.ReadModel.model_fields["label"] and orm.Group.ReadModel.model_fields["label"]
