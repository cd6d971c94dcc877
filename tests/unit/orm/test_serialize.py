"""The YAML helpers: entities by UUID, nothing executed."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import Any

import pytest
import yaml

from aiida import orm
from aiida.common.exceptions import DbContentError
from aiida.common.extendeddicts import AttributeDict, AttributesFrozendict
from aiida.common.links import LinkType
from aiida.orm.utils import serialize


@dataclasses.dataclass
class Point:
    x: int
    y: Any = None

    def __post_init__(self) -> None:
        assert self.x != 13, "reading must not run code"


class Colour(Enum):
    RED = "r"


def test_round_trip() -> None:
    node = orm.Int(1).store()
    group = orm.Group(label="serialized").store()
    work = orm.WorkChainNode().store()
    value = {
        "node": node,
        "list": orm.List([1, 2]).store(),
        "group": group,
        "attributes": AttributeDict({"a": {"b": 1}}),
        "frozen": AttributesFrozendict({"a": 1}),
        "tuple": (1, (2, "x")),
        "enum": Colour.RED,
        "point": Point(1, [2]),
        "plain": [None, True, 1.5, "text", b"bytes", {1: 2}],
    }
    found = serialize.deserialize_safe(serialize.serialize(value))
    assert found == value and type(found["frozen"]) is AttributesFrozendict and type(found["attributes"].a) is AttributeDict
    outputs = serialize.deserialize_safe(serialize.serialize(work.outputs))
    assert outputs._node == work and outputs._link_type is LinkType.RETURN
    assert isinstance(serialize.serialize(node, encoding="utf-8"), bytes)


def test_texts_of_aiida_core() -> None:
    text = "l: !!python/object/apply:aiida.common.links.LinkType\n- create\nt: !!python/tuple\n- 1\n"
    assert serialize.deserialize_unsafe(text) == {"l": LinkType.CREATE, "t": (1,)}


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['true']",
        "!!python/object/new:os.system ['true']",
        "!!python/name:os.system ''",
        "!!python/object/apply:subprocess.Popen [['true']]",
        "!enum os:system|x",
        "!dataclass {__type__: 'os:system', __fields__: {}}",
    ],
)
def test_nothing_else_is_built(text: str) -> None:
    with pytest.raises((yaml.YAMLError, DbContentError)):
        serialize.deserialize_unsafe(text)


def test_reading_a_dataclass_runs_no_code() -> None:
    text = serialize.serialize(Point(12))
    assert isinstance(text, str)
    assert serialize.deserialize_safe(text.replace("12", "13")).x == 13


def test_unstored_entities_are_refused() -> None:
    with pytest.raises(ValueError, match="not stored"):
        serialize.serialize(orm.Int(1))
