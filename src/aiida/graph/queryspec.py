"""A query as a value: vertices, the edges between them, filters, projections, order. Nothing here knows a database.

`QuerySpec` is frozen: it can be compared, printed, sent as JSON (`as_dict`, `from_dict`) and compiled later. Whoever
makes its parts is told of a mistake at once: an unknown column, operator or relation does not survive `parse_…`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from aiida.graph.operators import CONNECTIVES, OPERATORS, check_column_operand, parse_operator, to_json
from aiida.graph.relations import ALIASES, COLUMNS, get_relation

__all__ = ("Condition", "Connective", "Field", "Filter", "Order", "Projection", "QuerySpec", "Vertex")

FUNCTIONS = ("max", "min", "count")
CASTS = ("i", "f", "t", "b", "d", "j")
ORDERS = ("asc", "desc")


class Field(Struct, frozen=True):
    """A column, or a place inside a JSON column."""

    column: str
    kind: str
    path: tuple[str, ...] = ()

    @property
    def is_json(self) -> bool:
        """Whether the value is JSON, whole or in part."""
        return self.kind == "json"


class Condition(Struct, frozen=True):
    """A field compared with an operand."""

    name: str
    field: Field
    operator: str
    negated: bool
    operand: Any


class Connective(Struct, frozen=True):
    """Several filters joined by `and` or `or`."""

    connective: str
    negated: bool
    parts: tuple[Condition | Connective, ...]


Filter = Condition | Connective


class Projection(Struct, frozen=True):
    """What is returned of a vertex or edge: `*` (the entity) or a field; `name` is how the user wrote it."""

    name: str
    field: Field | None
    func: str | None = None
    cast: str | None = None


class Order(Struct, frozen=True):
    """One key of the order of the rows."""

    tag: str
    name: str
    field: Field
    order: str = "asc"
    cast: str | None = None


class Vertex(Struct, frozen=True):
    """An entity of the path, and how it is joined to an earlier one."""

    tag: str
    orm_base: str
    entity_type: str | tuple[str, ...]
    joining_keyword: str | None = None
    joining_value: str | None = None
    edge_tag: str | None = None
    outerjoin: bool = False

    @property
    def edge_base(self) -> str | None:
        """The kind of edge to the earlier vertex, if it has columns of its own."""
        return get_relation(self.orm_base, self.joining_keyword).edge if self.joining_keyword else None


class QuerySpec(Struct, frozen=True):
    """A whole query."""

    path: tuple[Vertex, ...]
    filters: tuple[tuple[str, tuple[Filter, ...]], ...] = ()
    project: tuple[tuple[str, tuple[Projection, ...]], ...] = ()
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    distinct: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the query in the dictionary form of AiiDA, which `from_dict` reads back."""
        return {
            "path": [_vertex_as_dict(vertex) for vertex in self.path],
            "filters": {tag: filters_as_dict(filters) for tag, filters in self.filters},
            "project": {tag: [_projection_as_dict(one) for one in found] for tag, found in self.project},
            "order_by": [{one.tag: [{one.name: _drop_none(order=one.order, cast=one.cast)}]} for one in self.order_by],
            "limit": self.limit,
            "offset": self.offset,
            "distinct": self.distinct,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> QuerySpec:
        """Make the query that `as_dict` described."""
        path = tuple(_vertex_from_dict(item) for item in data["path"])
        bases = {vertex.tag: vertex.orm_base for vertex in path}
        bases |= {vertex.edge_tag: vertex.edge_base or "" for vertex in path if vertex.edge_tag}
        return cls(
            path=path,
            filters=tuple((tag, parse_filters(bases[tag], one)) for tag, one in data.get("filters", {}).items() if one),
            project=tuple(
                (tag, tuple(projection for item in items for projection in parse_projection(bases[tag], item)))
                for tag, items in data.get("project", {}).items()
                if items
            ),
            order_by=tuple(
                parse_order(bases[tag], tag, name, how)
                for item in data.get("order_by", ())
                for tag, keys in item.items()
                for key in keys
                for name, how in key.items()
            ),
            limit=data.get("limit"),
            offset=data.get("offset"),
            distinct=data.get("distinct", False),
        )


# --- parsing ----------------------------------------------------------------------------------------------------------


def parse_field(base: str, name: str) -> Field:
    """Return the field that a dotted name means; `ValueError` with the list of columns if there is none."""
    if not isinstance(name, str):
        raise TypeError(f"a field is named by a text, not by {name!r}")
    column, *path = name.split(".")
    column = ALIASES[base].get(column, column)
    kind = COLUMNS[base].get(column)
    if kind is None:
        raise ValueError(f"{column} is not a column of {base}\nValid columns are:\n{_list_columns(base)}")
    if path and kind != "json":
        raise ValueError(f"`{name}`: the column `{column}` of {base} is no JSON, so it has no `{'.'.join(path)}`")
    return Field(column, kind, tuple(path))


def _list_columns(base: str) -> str:
    by_column = {column: alias for alias, column in ALIASES[base].items()}
    lines = (f"{by_column[name]} (alias for {name})" if name in by_column else name for name in COLUMNS[base])
    return "\n".join(lines)


def parse_filters(base: str, filters: Mapping[str, Any]) -> tuple[Filter, ...]:
    """Return the filters that a dictionary of AiiDA's query language means; all have to hold."""
    if not isinstance(filters, Mapping):
        raise TypeError(f"Filters must be either a dictionary or QbFieldFilters, not {filters!r}")
    return tuple(part for name, value in filters.items() for part in _parse_filter(base, name, value))


def _parse_filter(base: str, name: str, value: Any) -> Iterator[Filter]:
    connective, negated = parse_operator(name)
    if connective in CONNECTIVES:
        parts = (_join("and", parse_filters(base, part)) for part in _listed(name, value))
        yield Connective(connective, negated, tuple(parts))
        return
    field = parse_field(base, name)
    if not isinstance(value, Mapping):
        yield _parse_condition(name, field, "==", value)
        return
    for operator, operand in value.items():
        yield _parse_condition(name, field, operator, operand)


def _parse_condition(name: str, field: Field, text: str, operand: Any) -> Filter:
    operator, negated = parse_operator(text)
    if operator in CONNECTIVES:
        parts = (
            _join("and", tuple(_parse_condition(name, field, key, one) for key, one in part.items()))
            for part in _listed(text, operand)
        )
        return Connective(operator, negated, tuple(parts))
    known = OPERATORS.get(operator)
    if known is None or not (known.on_columns or field.is_json):
        where = "JSON" if field.is_json else "columns"
        valid = ", ".join(one.name for one in OPERATORS.values() if one.on_columns or field.is_json)
        raise ValueError(f"Unknown operator {text} for filters on {where} (`{name}`); known are: {valid}, and, or, each with ! before it")
    checked = known.check(operator, operand)
    if field.is_json:
        known.shape(checked)  # complains about what is no JSON
        if isinstance(checked, list | dict):
            to_json(checked)
    else:
        checked = check_column_operand(field.column, field.kind, operator, checked)
    return Condition(name, field, operator, negated, checked)


def _listed(name: str, value: Any) -> list[Mapping[str, Any]]:
    items = list(value) if isinstance(value, list | tuple) else None
    if items is None or not items:
        raise TypeError(f"`{name}` takes a list of filters, not {value!r}")
    plain = [item.as_dict() if hasattr(item, "as_dict") else item for item in items]
    for item in plain:
        if not isinstance(item, Mapping):
            raise TypeError(f"`{name}` takes a list of dictionaries; {item!r} is none")
    return plain


def _join(connective: str, parts: tuple[Filter, ...]) -> Filter:
    return parts[0] if len(parts) == 1 else Connective(connective, False, parts)


def parse_projection(base: str, item: Any) -> Iterator[Projection]:
    """Yield the projections that one item means: a name, or a dictionary from names to `func` and `cast`."""
    if isinstance(item, str):
        item = {item: {}}
    if not isinstance(item, Mapping):
        raise ValueError(f"Cannot deal with projection specification {item}\n")
    for name, how in item.items():
        yield from _parse_one_projection(base, name, how)


def _parse_one_projection(base: str, name: str, how: Mapping[str, Any]) -> Iterator[Projection]:
    if not isinstance(how, Mapping):
        raise ValueError(f"the value for a projection is a dictionary with `func` and `cast`, not {how!r}")
    unknown = set(how) - {"func", "cast"}
    if unknown:
        raise ValueError(f"{sorted(unknown)} are not valid keys of a projection: `func` and `cast` are")
    func, cast = how.get("func"), how.get("cast")
    if func is not None and func not in FUNCTIONS:
        raise ValueError(f"\nInvalid function specification {func}; valid are: {', '.join(FUNCTIONS)}")
    _check_cast(cast)
    if name in ("*", "**"):
        if func or cast:
            raise ValueError(f"`{name}` stands for the whole, so that `func` and `cast` have no meaning for it: name a field")
        if name == "*" and base not in ("walk", "group_node"):
            yield Projection("*", None)
            return
        for column in COLUMNS[base]:
            if not (base == "walk" and column == "path"):  # it is asked for by name only: it costs by paths, not by nodes
                yield Projection(column, parse_field(base, column))
        return
    field = parse_field(base, name)
    if field.is_json and func in ("max", "min") and cast is None:
        raise ValueError(f"`{func}` of `{name}` needs a `cast`, as the type of the values is not known: one of {', '.join(CASTS)}")
    yield Projection(name, field, func, cast)


def parse_order(base: str, tag: str, name: str, how: Any) -> Order:
    """Return the key of an order that `{name: how}` means; `how` is `'asc'`, `'desc'` or a dictionary."""
    if isinstance(how, str):
        how = {"order": how}
    if not isinstance(how, Mapping) or set(how) - {"order", "cast"}:
        raise ValueError(f"the value for an order is 'asc', 'desc', or a dictionary with `order` and `cast`, not {how!r}")
    order, cast = how.get("order", "asc"), how.get("cast")
    if order not in ORDERS:
        raise ValueError(f"You gave {order} as an order parameters,\nbut it is not a valid order parameter\nValid orders are: {ORDERS}\n")
    _check_cast(cast)
    field = parse_field(base, name)
    if field.is_json and cast is None:
        raise ValueError(
            f"To order_by '{name}', the value has to be cast, but no 'cast' key has been specified. "
            f"Give one of {', '.join(CASTS)}, as in {{'{name}': {{'order': '{order}', 'cast': 'f'}}}}"
        )
    return Order(tag, name, field, order, cast)


def _check_cast(cast: Any) -> None:
    if cast is not None and cast not in CASTS:
        raise ValueError(f"Unknown casting key {cast}; known are: {', '.join(CASTS)}")


# --- back to dictionaries ---------------------------------------------------------------------------------------------


def filters_as_dict(filters: tuple[Filter, ...]) -> dict[str, Any]:
    """Return filters in AiiDA's query language."""
    found: dict[str, Any] = {}
    for part in filters:
        key, value = _filter_item(part)
        if key not in found:
            found[key] = value
        elif isinstance(part, Condition) and not set(value) & set(found[key]):
            found[key] = {**found[key], **value}
        else:
            return {"and": [dict([_filter_item(one)]) for one in filters]}
    return found


def _filter_item(part: Filter) -> tuple[str, Any]:
    sign = "!" if part.negated else ""
    if isinstance(part, Condition):
        return part.name, {sign + part.operator: part.operand}
    return sign + part.connective, [dict([_filter_item(one)]) for one in part.parts]


def _vertex_as_dict(vertex: Vertex) -> dict[str, Any]:
    kinds = vertex.entity_type
    return {
        "entity_type": list(kinds) if isinstance(kinds, tuple) else kinds,
        "orm_base": vertex.orm_base,
        "tag": vertex.tag,
        "joining_keyword": vertex.joining_keyword,
        "joining_value": vertex.joining_value,
        "edge_tag": vertex.edge_tag,
        "outerjoin": vertex.outerjoin,
    }


def _vertex_from_dict(data: Mapping[str, Any]) -> Vertex:
    kinds = data["entity_type"]
    rest = {key: data.get(key) for key in ("joining_keyword", "joining_value", "edge_tag")}
    return Vertex(
        tag=data["tag"],
        orm_base=data["orm_base"],
        entity_type=kinds if isinstance(kinds, str) else tuple(kinds),
        outerjoin=data.get("outerjoin", False),
        **rest,
    )


def _projection_as_dict(projection: Projection) -> dict[str, Any]:
    return {projection.name: _drop_none(func=projection.func, cast=projection.cast)}


def _drop_none(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


# --- shape ------------------------------------------------------------------------------------------------------------


def find_shape(spec: QuerySpec) -> tuple[Any, list[Any]]:
    """Return what of a query decides its SQL, as something hashable, and the operands that are its parameters."""
    operands: list[Any] = []
    filters = tuple((tag, tuple(_shape_of(part, operands) for part in parts)) for tag, parts in spec.filters)
    shape = (spec.path, filters, spec.project, spec.order_by, spec.limit is None, spec.offset is None, spec.distinct)
    return shape, operands


def _shape_of(part: Filter, operands: list[Any]) -> Any:
    if isinstance(part, Condition):
        operands.append(part.operand)
        return part.field, part.operator, part.negated, OPERATORS[part.operator].shape(part.operand)
    return part.connective, part.negated, tuple(_shape_of(one, operands) for one in part.parts)
