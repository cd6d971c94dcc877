"""Every operator, order and bound against brute force over records in memory, on both databases.

The model below says in Python what PostgreSQL does: comparisons of JSON are true or false, only `contains` and `of_type`
know nothing of what is missing; columns follow SQL with its third truth value.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aiida.graph.operators import parse_operator
from aiida.graph.records import NodeRow, UserRow
from aiida.orm.querybuilder import QueryBuilder
from tests.model.query_stores import postgres_store, sqlite_store

TYPE = "data.core.dict.Dict."
MISSING = object()
START = datetime(2024, 1, 1, tzinfo=UTC)

# --- records ----------------------------------------------------------------------------------------------------------

VALUES: list[Any] = [
    MISSING, None, True, False, 0, 1, 5, -3, 1.0, 2.5, 1e20, "abc", "", "5", "true", "aBc", "a%c", "a_c", "[1]", '{"k":1}', "ä", "Z",
    'q"uote', [], [1], [1, 2, 3], ["a", "b"], [[1], [2, 3]], [None], ["k"], {}, {"k": 1}, {"k": 1.0, "l": {"m": 2}}, {"0": "zero"}, [0.5, "k"],
]  # fmt: skip


def make_rows(user_id: int) -> list[NodeRow]:
    """Return one record per value, with columns that repeat and that are NULL."""
    return [
        NodeRow(
            node_type=TYPE,
            label=("x", "y", "Y", "ab", "")[number % 5],
            process_type=(None, "p", "q")[number % 3],
            user_id=user_id,
            ctime=START + timedelta(days=number),
            attributes={"number": number, **({} if value is MISSING else {"v": value})},
            extras={"w": value} if number % 2 and value is not MISSING else {},
        )
        for number, value in enumerate(VALUES)
    ]


# --- the model --------------------------------------------------------------------------------------------------------

RANKS = ("null", "string", "number", "boolean", "array", "object")


def kind(value: Any) -> str:
    """Return the JSON type."""
    if value is MISSING:
        return "missing"
    if value is None:
        return "null"
    for types, name in ((bool, "boolean"), (int | float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, types):  # type: ignore[arg-type]
            return name
    return "object"


def compare(left: Any, right: Any) -> int:
    """Return the order of two JSON values of any type."""
    if kind(left) != kind(right):
        return sign(RANKS.index(kind(left)), RANKS.index(kind(right)))
    if left is None:
        return 0
    if isinstance(left, list):
        return sign(len(left), len(right)) or next((c for c in map(compare, left, right) if c), 0)
    if isinstance(left, dict):
        def flat(one: dict[str, Any]) -> list[Any]:
            return [part for key in sorted(one, key=lambda key: (len(key.encode()), key.encode())) for part in (key, one[key])]

        return sign(len(left), len(right)) or next((c for c in map(compare, flat(left), flat(right)) if c), 0)
    return sign(left, right)


def sign(left: Any, right: Any) -> int:
    """Return -1, 0 or 1."""
    return (left > right) - (left < right)


def contains(left: Any, right: Any, top: bool = True) -> bool:
    """Return what `@>` gives."""
    if isinstance(right, list):
        return isinstance(left, list) and all(any(contains(one, part, False) for one in left) for part in right)
    if isinstance(right, dict):
        return isinstance(left, dict) and all(key in left and contains(left[key], part, False) for key, part in right.items())
    if top and isinstance(left, list):
        return any(kind(one) == kind(right) and compare(one, right) == 0 for one in left)
    return kind(left) == kind(right) and compare(left, right) == 0


def like(text: str, pattern: str) -> bool:
    """Return what LIKE gives, by trying all ways."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(like(text[at:], pattern[1:]) for at in range(len(text) + 1))
    if not text:
        return False
    if pattern[0] == "_":
        return like(text[1:], pattern[1:])
    literal, rest = (pattern[1], pattern[2:]) if pattern[0] == "\\" and len(pattern) > 1 else (pattern[0], pattern[1:])
    return text[0] == literal and like(text[1:], rest)


ORDERED = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (1, 0)}


def json_truth(value: Any, operator: str, operand: Any) -> bool | None:
    """Return whether a JSON value satisfies an operator; None is unknown."""
    found = kind(value)
    if operator == "==":
        return operand is not None and found == kind(operand) and compare(value, operand) == 0
    if operator in ORDERED:
        return found == kind(operand) and compare(value, operand) in ORDERED[operator]
    if operator == "like":
        return found == "string" and like(value, operand)
    if operator == "ilike":
        return found == "string" and like(value.lower(), operand.lower())
    if operator == "in":
        return any(json_truth(value, "==", one) for one in operand)
    if operator == "has_key":
        return (found == "object" and operand in value) or (found == "array" and operand in value) or (found == "string" and operand == value)
    if operator == "contains":
        return None if value is MISSING else contains(value, operand)
    if operator == "of_type":
        if operand == "null":
            return found in ("null", "missing")
        return None if value is MISSING else found == operand
    length = {"of_length": (0,), "longer": (1,), "shorter": (-1,)}[operator]
    return found == "array" and sign(len(value), operand) in length


def column_truth(value: Any, operator: str, operand: Any) -> bool | None:
    """Return whether a column satisfies an operator."""
    if operator == "==" and operand is None:
        return value is None
    if value is None:
        return None
    if operator == "in":
        return value in operand
    if operator in ("like", "ilike"):
        return like(value.lower(), operand.lower()) if operator == "ilike" else like(value, operand)
    return value == operand if operator == "==" else sign(value, operand) in ORDERED[operator]


def locate(row: NodeRow, field: str) -> Any:
    """Return the value of a field."""
    column, *path = field.split(".")
    value = getattr(row, "id" if column == "pk" else column)
    for part in path:
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list) and part.lstrip("-").isdigit() and -len(value) <= int(part) < len(value):
            value = value[int(part)]
        else:
            return MISSING
    return value


def both(values: list[bool | None]) -> bool | None:
    """AND of three truth values."""
    return False if False in values else None if None in values else True


def either(values: list[bool | None]) -> bool | None:
    """OR of three truth values."""
    return True if True in values else None if None in values else False


def opposite(value: bool | None) -> bool | None:
    """NOT of three truth values."""
    return None if value is None else not value


def truth(row: NodeRow, filters: dict[str, Any]) -> bool | None:
    """Return whether a record satisfies a dictionary of filters."""
    return both([field_truth(row, key, value) for key, value in filters.items()])


def field_truth(row: NodeRow, key: str, value: Any) -> bool | None:
    name, negated = parse_operator(key)
    if name in ("and", "or"):
        found = (both if name == "and" else either)([truth(row, one) for one in value])
        return opposite(found) if negated else found
    if not isinstance(value, dict):
        value = {"==": value}
    return both([operator_truth(row, key, operator, operand) for operator, operand in value.items()])


def operator_truth(row: NodeRow, field: str, text: str, operand: Any) -> bool | None:
    operator, negated = parse_operator(text)
    if operator in ("and", "or"):
        parts = [both([operator_truth(row, field, one, other) for one, other in part.items()]) for part in operand]
        found = (both if operator == "and" else either)(parts)
    elif field.split(".")[0] in ("attributes", "extras"):
        found = json_truth(locate(row, field), operator, operand)
    else:
        found = column_truth(locate(row, field), operator, operand)
    return opposite(found) if negated else found


# --- what is drawn ----------------------------------------------------------------------------------------------------

NOT = st.sampled_from(["", "!", "~"])
JSON_FIELDS = st.sampled_from(
    ["attributes.v", "attributes.v", "extras.w", "attributes.v.k", "attributes.v.0", "attributes.v.-1", "attributes.v.l.m", "attributes.nothing", "attributes"]
)
PRESENT = [value for value in VALUES if value is not MISSING]
# JSON is written as text and read back: no difference between the databases may come from the size of a number.
SCALARS = st.one_of(st.sampled_from([value for value in PRESENT if not isinstance(value, list | dict)]), st.integers(-5, 5), st.text("abk%_\\[", max_size=3))
JSON_VALUES = st.one_of(
    st.sampled_from(PRESENT), st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("klm0"), inner, max_size=2), max_leaves=4)
)
PATTERNS = st.one_of(
    st.sampled_from(["abc", "a%", "%", "A%", "a\\%c", "a_c", "", "%b%", "5", "[%", "_"]),
    st.lists(st.sampled_from(["a", "b", "c", "%", "_", "\\%"]), max_size=4).map("".join),
)
HOMOGENEOUS = st.one_of(
    st.lists(st.sampled_from([0, 1, 5, 2.5, -3]), min_size=1, max_size=4),
    st.lists(st.sampled_from(["abc", "", "5", "[1]", "x"]), min_size=1, max_size=4),
    st.lists(st.booleans(), min_size=1, max_size=2),
    st.lists(st.sampled_from([[1], [], [[1], [2, 3]]]), min_size=1, max_size=2),
    st.lists(st.sampled_from([{"k": 1}, {}]), min_size=1, max_size=2),
    st.just([None]),
)


def negatable(operator: str, operands: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw an operator, negated or not, with its operand."""
    return st.builds(lambda sign_, operand: {sign_ + operator: operand}, NOT, operands)


COMPARABLE = JSON_VALUES.filter(lambda value: value is not None and not isinstance(value, bool))
JSON_CONDITIONS = st.one_of(
    negatable("==", JSON_VALUES),
    *(negatable(operator, COMPARABLE) for operator in ORDERED),
    negatable("like", PATTERNS),
    negatable("ilike", PATTERNS),
    negatable("in", HOMOGENEOUS),
    negatable("has_key", st.sampled_from(["k", "v", "l", "a", "abc", "0", 'q"uote', "nothing"])),
    negatable("contains", JSON_VALUES),
    negatable("of_type", st.sampled_from(["object", "array", "string", "number", "boolean", "null"])),
    *(negatable(operator, st.integers(-1, 4)) for operator in ("of_length", "longer", "shorter")),
)
TEXTS = st.sampled_from(["x", "y", "Y", "ab", "", "p", "q"])
TEXT_CONDITIONS = st.one_of(
    negatable("==", TEXTS),
    *(negatable(operator, TEXTS) for operator in ORDERED),
    negatable("like", PATTERNS),
    negatable("ilike", st.sampled_from(["y", "A%", "%B", "_"])),
    negatable("in", st.lists(TEXTS, min_size=1, max_size=3)),
)
MOMENTS = st.integers(-1, len(VALUES)).map(lambda days: START + timedelta(days=days))
MOMENT_CONDITIONS = st.one_of(
    *(negatable(operator, MOMENTS) for operator in ("==", *ORDERED)), negatable("in", st.lists(MOMENTS, min_size=1, max_size=3))
)


def several(conditions: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw operators of one field, also joined by and/or."""
    return st.one_of(
        conditions,
        st.builds(lambda name, parts: {name: parts}, st.sampled_from(["and", "or", "!and", "!or", "~or"]), st.lists(conditions, min_size=1, max_size=3)),
    )


FIELDS = st.one_of(
    st.builds(lambda field, condition: {field: condition}, JSON_FIELDS, several(JSON_CONDITIONS)),
    st.builds(lambda field, condition: {field: condition}, st.sampled_from(["label", "process_type", "description"]), several(TEXT_CONDITIONS)),
    st.builds(lambda condition: {"ctime": condition}, several(MOMENT_CONDITIONS)),
    st.builds(lambda field, operand: {field: operand}, st.sampled_from(["label", "process_type"]), st.one_of(TEXTS, st.none())),
    st.builds(lambda operand: {"process_type": {"!==": operand}}, st.none()),
)
FILTERS = st.recursive(
    FIELDS,
    lambda inner: st.one_of(
        st.builds(lambda one, other: {**one, **other}, inner, inner),
        st.builds(lambda name, parts: {name: parts}, st.sampled_from(["and", "or", "!and", "!or"]), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=5,
)

# --- the tests --------------------------------------------------------------------------------------------------------


class World:
    """A store and the records in it."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.rows = make_rows(store.find(UserRow)[0].id)
        store.insert(self.rows)

    def query(self, filters: dict[str, Any] | None = None, project: Any = "id") -> QueryBuilder:
        """Return a query for the records."""
        return QueryBuilder(self.store).append(entity_type=TYPE, tag="n", filters=filters, project=project)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.real("postgres"))])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The records in each of the databases."""
    with (sqlite_store if request.param == "sqlite" else postgres_store)() as store:
        yield World(store)


CHECKS = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@CHECKS
@given(filters=FILTERS)
@example(filters={"attributes.v": {"!has_key": "k"}})
@example(filters={"!or": [{"attributes.v": {"contains": [1]}}, {"attributes.v": {"==": 5}}]})
def test_filters_find_what_brute_force_finds(world: World, filters: dict[str, Any]) -> None:
    expected = [row.id for row in world.rows if truth(row, filters)]
    query = world.query(filters)
    assert sorted(query.all(flat=True)) == expected
    assert query.count() == len(expected)


@pytest.mark.parametrize("operand", PRESENT, ids=repr)
@pytest.mark.parametrize("operator", ["==", "!==", "contains", "!contains", "<", ">="])
def test_every_value_with_the_comparing_operators(world: World, operator: str, operand: Any) -> None:
    if operator in ("<", ">=") and (operand is None or isinstance(operand, bool)):
        with pytest.raises(TypeError, match="order"):
            world.query({"attributes.v": {operator: operand}})
        return
    filters = {"attributes.v": {operator: operand}}
    assert sorted(world.query(filters).all(flat=True)) == [row.id for row in world.rows if truth(row, filters)]


KEYS: dict[str, Any] = {
    "label": lambda row: row.label,
    "process_type": lambda row: row.process_type,
    "ctime": lambda row: row.ctime,
    "id": lambda row: row.id,
}


def order_key(row: NodeRow, name: str, cast: str | None) -> Any:
    """Return the value by which a record is sorted; None goes last."""
    if cast is None:
        return KEYS[name](row)
    value = locate(row, name)
    if cast == "f":
        return float(value) if kind(value) == "number" else None
    if cast == "i":
        return int(value) if kind(value) == "number" and abs(value) < 2**63 else None
    return value if kind(value) == "boolean" else None


ORDERS = st.lists(
    st.tuples(
        st.sampled_from([*((name, None) for name in KEYS), ("attributes.v", "f"), ("attributes.v", "i"), ("extras.w", "f"), ("attributes.v", "b")]),
        st.sampled_from(["asc", "desc"]),
    ),
    min_size=1,
    max_size=3,
)


@CHECKS
@given(order=ORDERS, limit=st.none() | st.integers(0, 10), offset=st.none() | st.integers(0, 40))
def test_order_limit_and_offset(world: World, order: list[Any], limit: int | None, offset: int | None) -> None:
    order = [*order, (("id", None), "asc")]

    def by_order(left: NodeRow, right: NodeRow) -> int:
        for (name, cast), direction in order:
            mine, other = order_key(left, name, cast), order_key(right, name, cast)
            missing = sign(mine is None, other is None)
            found = missing or (0 if mine is None else sign(mine, other))
            if found:
                return found if direction == "asc" else -found
        return 0

    expected = [row.id for row in sorted(world.rows, key=cmp_to_key(by_order))]
    expected = expected[offset or 0 :]
    expected = expected if limit is None else expected[:limit]
    keys = [{name: {"order": direction, **({"cast": cast} if cast else {})}} for (name, cast), direction in order]
    query = world.query().order_by({"n": keys}).limit(limit).offset(offset)
    assert query.all(flat=True) == expected
    assert query.count() == len(expected)
    assert query.first(flat=True) == (expected[0] if expected else None)


@pytest.mark.parametrize("cast", ["i", "f", "b", "t", None])
def test_projections_of_json_give_python_values(world: World, cast: str | None) -> None:
    project = {"attributes.v": {"cast": cast}} if cast else "attributes.v"
    found = world.query(project=["id", project]).order_by({"n": "id"}).all()
    for row, (_, value) in zip(world.rows, found, strict=True):
        original = locate(row, "attributes.v")
        if cast is None:
            expected = None if original is MISSING else original
        elif cast == "t":
            if kind(original) != "string":
                continue
            expected = original
        else:
            expected = order_key(row, "attributes.v", cast)
        # JSONB keeps a number's value, not how it was written: 1e20 comes back as an integer.
        assert value == expected and kind(value) == kind(expected)


def test_distinct_and_functions(world: World) -> None:
    labels = sorted({row.label for row in world.rows})
    assert sorted(world.query(project="label").distinct().all(flat=True)) == labels
    assert world.query(project="label").distinct().count() == len(labels)
    assert world.query(project={"id": {"func": "max"}, "ctime": {"func": "min"}}).one() == [world.rows[-1].id, START]
    assert world.query(project={"label": {"func": "max"}}).one() == [max(row.label for row in world.rows)]
    numbers = [value for value in VALUES if kind(value) == "number"]
    assert world.query(project={"attributes.v": {"func": "max", "cast": "f"}}).one() == [max(numbers)]
    with pytest.raises(ValueError, match="`label` cannot be projected beside it"):
        world.query(project=[{"id": {"func": "count"}}, "label"]).all()


def test_a_wide_list_is_one_parameter(world: World) -> None:
    wide = list(range(-100_000, 0)) + [world.rows[3].id]
    assert world.query({"id": {"in": wide}}).all(flat=True) == [world.rows[3].id]
    assert world.query({"attributes.number": {"in": [*range(1000, 101_000), 3]}}).all(flat=True) == [world.rows[3].id]
    assert world.query({"uuid": {"in": [world.rows[3].uuid, *(f"no uuid {n}" for n in range(1000))]}}).count() == 1


def test_rows_may_be_changed_while_they_are_iterated(world: World) -> None:
    seen = []
    for (pk,) in world.query(project="id").order_by({"n": "id"}).iterall(batch_size=5):
        world.store.update(NodeRow, pk, description="changed")
        seen.append(pk)
    assert seen == [row.id for row in world.rows]
    assert world.query({"description": "changed"}).count() == len(seen)
    with world.store.transaction():
        for (pk,) in world.query(project="id").iterall(batch_size=5):
            world.store.update(NodeRow, pk, description="")
    assert world.query({"description": ""}).count() == len(seen)


def test_numbers_of_any_size_and_kind_compare_with_columns(world: World) -> None:
    first, second = world.rows[0].id or 0, world.rows[1].id or 0
    assert world.query({"id": {"<": second}}).all(flat=True) == [first]
    assert world.query({"id": {"<": first + 0.5}}).all(flat=True) == [first]
    assert world.query({"id": {"==": first + 0.5}}).all(flat=True) == []
    assert world.query({"id": {"in": [first, second]}}).count() == 2
    assert world.query({"id": {"in": [first + 0.5, second]}}).all(flat=True) == [second]
    assert world.query({"id": {"==": 10**30}}).count() == 0 and world.query({"id": {"<": 10**30}}).count() == len(world.rows)
    assert world.query({"attributes.number": {"<": 10**30}}).count() == len(world.rows)
    assert world.query({"attributes.number": {"in": [10**30, 3]}}).count() == 1
