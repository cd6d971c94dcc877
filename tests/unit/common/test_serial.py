"""The closed codec: everything of the list comes back with its type and value, nothing else is taken, nothing is executed."""

import json
import math
from collections import Counter, OrderedDict, defaultdict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Flag, auto
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiida.common import AttributeDict, CalcInfo, LinkType, serial
from aiida.common.exceptions import DbContentError, UnstorableValue
from aiida.common.exit_code import ExitCode
from aiida.common.extendeddicts import AttributesFrozendict
from aiida.common.links import validate_link_label


class Permission(Flag):
    READ = auto()
    WRITE = auto()


class Point(NamedTuple):
    x: int
    y: int


def round_trip(value):
    return serial.decode(json.loads(json.dumps(serial.encode(value), allow_nan=False)))


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(alphabet=st.characters(codec=None, exclude_categories=()))
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.timedeltas()
    | st.uuids()
    | st.sampled_from(LinkType)
    | st.builds(ExitCode, st.integers(0, 999), st.none() | st.text(max_size=5), st.booleans())
    | st.builds(PurePosixPath, st.sampled_from(["a", "/a/b", "."]))
)
keys = (
    st.text(max_size=5)
    | st.integers()
    | st.sampled_from(["$", "v", "id"])
    | st.tuples(st.integers(), st.text(max_size=2))
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
        | st.builds(AttributeDict, st.dictionaries(st.text(max_size=4), inner, max_size=3))
        | st.builds(OrderedDict, st.dictionaries(keys, inner, max_size=3))
    ),
    max_leaves=12,
)


def same(one, other):
    """Equal in value and in type, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@given(values)
def test_any_value_comes_back(value):
    assert same(round_trip(value), value)


@pytest.mark.parametrize(
    "value",
    [
        {1, "a", (2, 3)},
        frozenset({1, 2}),
        bytearray(b"x"),
        range(1, 9, 2),
        slice(1, None, 2),
        ...,
        defaultdict(list, {1: [2]}),
        defaultdict(None, a=1),
        Counter("aab"),
        Path("/tmp/a"),
        time(1, 2, 3),
        Decimal("1.10"),
        timedelta(days=-1, microseconds=3),
        ZoneInfo("Europe/Zurich"),
        datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Zurich")),
        timezone(timedelta(hours=2), "X"),
        Permission.READ | Permission.WRITE,
        Permission.READ,
        Point(1, 2),
        2**80,
        -(2**63),
        math.inf,
        -math.inf,
        dict,
        LinkType,
        CalcInfo,
        Point,
        validate_link_label,
        len,
        np.float32,
        np.float64(2.5),
        np.int8(3),
        np.bool_(True),
        np.str_("é"),
        np.datetime64("2020-01-01"),
        np.dtype("f4"),
        CalcInfo({"uuid": "x", "extra": [1]}),
        AttributesFrozendict({"a": {"b": 1}}),
        date(2020, 1, 1),
        uuid4(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kinds(value):
    back = round_trip(value)
    assert type(back) is type(value)
    assert back == value


def test_nan():
    assert math.isnan(round_trip(math.nan))


def test_zone_survives():
    back = round_trip(datetime(2024, 7, 1, tzinfo=ZoneInfo("Europe/Zurich")))
    assert back.tzinfo.key == "Europe/Zurich"


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1, 2], [3, 4]], dtype="i2"),
        np.zeros((0, 3)),
        np.array([1, None, {"a": (1,)}], dtype=object),
        np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array(["ab", "c"]),
        np.array([[1.5, 2], [3, 4]], order="F"),
        np.array([1 + 2j]),
    ],
    ids=lambda array: str(array.dtype),
)
def test_arrays(array):
    back = round_trip(array)
    assert back.dtype == array.dtype and back.shape == array.shape
    assert (back == array).all()
    if back.size:
        back[0] = back[-1]  # not a read-only view of the text


def test_shared_objects_are_shared_again():
    shared, array = [1], np.zeros(2)
    back = round_trip({"a": shared, "b": {"c": shared}, "t": (shared, array), "n": array, "again": "text"})
    assert back["a"] is back["b"]["c"] is back["t"][0]
    assert back["n"] is back["t"][1]


def test_what_is_not_shared_is_not():
    back = round_trip({"a": [1], "b": [1]})
    assert back["a"] is not back["b"]


def test_a_plain_dictionary_is_plain_json():
    assert serial.encode({"a": [1, {"b": None}]}) == {"a": [1, {"b": None}]}


def test_order_of_keys():
    assert list(round_trip({"b": 1, "a": 2})) == ["b", "a"]


class Local:
    pass


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        ({"a": [1, lambda: 3]}, r"ctx\.a\[1\]", "defined inside a function"),
        ({"a": {1: open}}, r"", None),
        (json, "ctx", "does not know this type"),
        ((x for x in ()), "ctx", "does not know this type"),
        (Local(), "ctx", "does not know this type"),
        (defaultdict(lambda: 3), "ctx", "default factory"),
    ],
)
def test_what_cannot_be_stored_says_where_and_why(value, path, reason):
    if reason is None:
        serial.encode(value, "ctx")  # `open` is a function that can be imported
        return
    with pytest.raises(UnstorableValue, match=reason) as info:
        serial.encode(value, "ctx")
    import re

    assert re.fullmatch(path, info.value.path)


def test_cycles_are_refused():
    inner = {}
    inner["me"] = [inner]
    with pytest.raises(UnstorableValue, match="contains itself"):
        serial.encode({"x": inner})


def test_cycles_through_arrays_and_fields_are_refused():
    array = np.empty(1, dtype=object)
    array[0] = [array]
    info = CalcInfo()
    info.codes_info = [info]
    for value in (array, info):
        with pytest.raises(UnstorableValue, match="contains itself"):
            serial.encode(value)


def test_fields_are_shared_too():
    info = CalcInfo({"uuid": "x"})
    back = round_trip([info, info])
    assert back[0] is back[1] and type(back[0]) is CalcInfo


def test_too_deep():
    value = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(UnstorableValue, match="too deeply"):
        serial.encode(value)


def test_class_of_a_function_is_refused():
    class Inside:
        pass

    with pytest.raises(UnstorableValue, match="inside a function"):
        serial.encode(Inside)


@pytest.mark.parametrize(
    "data",
    [
        {"$": "no such tag", "v": 1},
        {"$": "ref", "id": 7},
        {"$": "enum", "c": "os:system", "v": ["x"]},
        {"$": "enum", "c": "aiida.common.links:LinkType", "v": ["GONE"]},
        {"$": "class", "v": "os:system"},
        {"$": "class", "v": "no_such_module:X"},
        {"$": "function", "v": "aiida.common.links:LinkType"},
        {"$": "namedtuple", "c": "aiida.common.links:LinkType", "v": []},
        {"$": "fields", "c": "builtins:dict", "v": []},
    ],
    ids=str,
)
def test_bad_data_is_refused(data):
    with pytest.raises(DbContentError):
        serial.decode(data)


def test_nothing_is_called_when_decoding(tmp_path, monkeypatch):
    (tmp_path / "trap_module.py").write_text(
        "from enum import Enum\n"
        "from typing import NamedTuple\n"
        "calls = []\n"
        "class Trap:\n"
        "    def __init__(self): calls.append('init')\n"
        "    def __new__(cls, *a): calls.append('new'); return object.__new__(cls)\n"
        "class E(Enum):\n"
        "    A = 1\n"
        "    @classmethod\n"
        "    def _missing_(cls, value): calls.append('missing')\n"
        "class P(NamedTuple('P', [('x', int)])):\n"
        "    def __new__(cls, x): calls.append('tuple'); return super().__new__(cls, x)\n"
        "def function(): calls.append('function')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import trap_module

    data = [
        {"$": "class", "v": "trap_module:Trap"},
        {"$": "enum", "c": "trap_module:E", "v": ["A"]},
        {"$": "namedtuple", "c": "trap_module:P", "v": [3]},
        {"$": "function", "v": "trap_module:function"},
    ]
    cls, member, point, function = serial.decode(data)
    assert (cls, member, point.x, function) == (trap_module.Trap, trap_module.E.A, 3, trap_module.function)
    assert trap_module.calls == []
    with pytest.raises(DbContentError):
        serial.decode({"$": "enum", "c": "trap_module:E", "v": ["B"]})
    assert trap_module.calls == []


def test_registered_classes(monkeypatch):
    class Thing:
        def __init__(self, name):
            self.name = name

    class Special(Thing):
        pass

    known = {"a": Thing("a"), "b": Special("b")}
    monkeypatch.setattr(serial, "_REGISTERED", list(serial._REGISTERED))
    monkeypatch.setattr(serial, "_BY_TAG", dict(serial._BY_TAG))
    serial.register("test-thing", Thing, lambda thing: thing.name, known.__getitem__)
    assert serial.encode([known["a"]]) == [{"$": "test-thing", "v": "a"}]
    back = round_trip({"x": known["a"], "y": [known["b"], known["a"]]})
    assert back == {"x": known["a"], "y": [known["b"], known["a"]]}
    with pytest.raises(ValueError, match="taken"):
        serial.register("test-thing", dict, str, str)
