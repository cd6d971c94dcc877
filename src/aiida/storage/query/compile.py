"""QuerySpec to SELECT: the FROM clause, conditions, projections and order of one query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from aiida.graph.queryspec import Condition, Field, Filter, Order, Projection, QuerySpec, Vertex
from aiida.graph.relations import NULLABLE, ROWS, get_relation
from aiida.storage.dialect import Dialect, from_json
from aiida.storage.query.columns import by_code_points, field_value, order_keys, without_index
from aiida.storage.query.filters import Binder, Expression, compile_filters
from aiida.storage.query.joins import TABLES, find_score, make_walk

__all__ = ("Compiler", "Convert", "Slot")

Convert = Callable[[Any], Any]
_TYPE_COLUMNS = ("node_type", "process_type", "type_string")


class Slot:
    """What one projection takes of a row of the database: some columns, and how they become a value."""

    __slots__ = ("base", "convert", "label", "width")

    def __init__(self, label: tuple[str, str], width: int, convert: Convert | None, base: str | None = None) -> None:
        self.label = label
        self.width = width
        self.convert = convert
        self.base = base


class Source:
    """A vertex or an edge in the FROM clause: its columns, and those whose values are too common to begin a search with."""

    def __init__(self, base: str, column_of: Callable[[str], Expression], common: Sequence[str] = ()) -> None:
        self.base = base
        self.column = column_of
        self.common = common


class Compiler:
    """Builds the parts of one SELECT."""

    def __init__(self, spec: QuerySpec, dialect: Dialect, common: str | None = None) -> None:
        self.spec = spec
        self.dialect = dialect
        self.common = common  # tag of a vertex whose type is a common one
        self.filters = dict(spec.filters)
        self.binder = Binder(spec.filters)
        self.vertices = {vertex.tag: vertex for vertex in spec.path}
        self._names = 0

    # -- FROM ----------------------------------------------------------------------------------------------------------

    def _name(self, base: str) -> str:
        self._names += 1
        return f"{base}_{self._names}"

    def build(self, path: Sequence[Vertex]) -> tuple[Any, list[Expression], dict[str, Source]]:
        """Return the FROM clause, the conditions and the sources of a path."""
        sources: dict[str, Source] = {}
        conditions: list[Expression] = []
        joined: Any = None
        for vertex in path:
            table = TABLES[vertex.orm_base].alias(self._name(vertex.orm_base))
            sources[vertex.tag] = Source(vertex.orm_base, table.c.__getitem__, ("node_type",) if vertex.tag == self.common else ())
            parts = self.filters.get(vertex.tag, ())
            if joined is None:
                joined = table
            else:
                is_type = [isinstance(one, Condition) and one.field.column in _TYPE_COLUMNS for one in parts]
                in_join = [one for one, type_ in zip(parts, is_type, strict=True) if type_] if vertex.outerjoin else []
                parts = tuple(one for one in parts if one not in in_join)
                joined = self._join(joined, vertex, table, sources, self._compile(tuple(in_join), sources[vertex.tag]))
            conditions += self._compile(parts, sources[vertex.tag])
        return joined, conditions, sources

    def _compile(self, parts: tuple[Filter, ...], source: Source) -> list[Expression]:
        name = self.dialect.name

        def column_of(column: str) -> Expression:
            found = source.column(column)
            return without_index(found, name) if column in source.common else found

        return compile_filters(parts, column_of, self.binder, name)

    def _join(self, joined: Any, vertex: Vertex, table: Any, sources: dict[str, Source], more: list[Expression]) -> Any:
        relation = get_relation(vertex.orm_base, vertex.joining_keyword or "")
        other = sources[vertex.joining_value or ""]
        if relation.columns is not None:
            mine, theirs = relation.columns
            on = sa.and_(table.c[mine] == other.column(theirs), *more)
            return joined.outerjoin(table, on) if vertex.outerjoin else joined.join(table, on)
        edge, base_end, other_end = self._edge(vertex, sources)
        edge_on = other_end == other.column("id")
        on = sa.and_(table.c.id == base_end, *more)
        if vertex.outerjoin:
            return joined.outerjoin(edge.join(table, on), edge_on)
        return joined.join(edge, edge_on).join(table, on)

    def _edge(self, vertex: Vertex, sources: dict[str, Source]) -> tuple[Any, Expression, Expression]:
        """Return the edge to the earlier vertex, and its columns with the ids of the new and of the earlier vertex."""
        relation = get_relation(vertex.orm_base, vertex.joining_keyword or "")
        if relation.walk is not None:
            edge, column_of = self._walk(vertex)
            ends = ("descendant_id", "ancestor_id") if relation.walk == "down" else ("ancestor_id", "descendant_id")
        else:
            edge = TABLES[relation.edge or ""].alias(self._name(relation.edge or ""))
            column_of, ends = edge.c.__getitem__, relation.ends
        common = ("type",) if relation.edge == "link" else ()
        sources[vertex.edge_tag or ""] = Source(relation.edge or "", column_of, common)
        return edge, column_of(ends[0]), column_of(ends[1])

    def _walk(self, vertex: Vertex) -> tuple[Any, Callable[[str], Expression]]:
        relation = get_relation(vertex.orm_base, vertex.joining_keyword or "")
        chain = self._chain(vertex.joining_value or "")
        near_score = max(find_score(self.filters.get(one.tag, ())) for one in chain)
        from_base = not vertex.outerjoin and find_score(self.filters.get(vertex.tag, ())) > near_score
        used = self._used_columns(vertex.edge_tag or "")
        bound = self._depth_bound(vertex.edge_tag or "")
        seeds = self._seeds([vertex] if from_base else chain)
        walk, (ancestor, descendant) = make_walk(
            self._name("walk"), relation, seeds, from_base, used, bound, self.dialect.name
        )
        walk = walk.alias(self._name("walked"))
        columns = {"ancestor_id": ancestor, "descendant_id": descendant}
        return walk, lambda name: walk.c[columns.get(name, name)]

    def _chain(self, tag: str) -> list[Vertex]:
        """Return the vertices by which the one with this tag hangs together with the first, in order."""
        chain = [self.vertices[tag]]
        while chain[0].joining_value is not None:
            chain.insert(0, self.vertices[chain[0].joining_value])
        return chain

    def _seeds(self, path: list[Vertex]) -> Any:
        """Return the ids of the last vertex of `path` as far as the path narrows them."""
        if len(path) == 1:
            joined = TABLES["node"].alias(self._name("seed"))
            source = Source("node", joined.c.__getitem__)
            conditions = self._compile(self.filters.get(path[0].tag, ()), source)
        else:
            joined, conditions, sources = self.build(path)
            source = sources[path[-1].tag]
        return sa.select(source.column("id")).select_from(joined).where(*conditions)

    def _used_columns(self, tag: str) -> frozenset[str]:
        names: set[str] = set()

        def visit(part: Filter) -> None:
            if isinstance(part, Condition):
                names.add(part.field.column)
            else:
                for one in part.parts:
                    visit(one)

        for part in self.filters.get(tag, ()):
            visit(part)
        for name, projections in self.spec.project:
            if name == tag:
                names.update(one.field.column for one in projections if one.field is not None)
        names.update(order.field.column for order in self.spec.order_by if order.tag == tag)
        return frozenset(names)

    def _depth_bound(self, tag: str) -> tuple[str, Any] | None:
        """Return a filter that limits the depth, so that the walk need not go on."""
        for part in self.filters.get(tag, ()):
            if isinstance(part, Condition) and part.field.column == "depth" and not part.negated and part.operator in ("<", "<=", "=="):
                return part.operator, self.binder.bind(part, sa.BigInteger())
        return None

    # -- SELECT --------------------------------------------------------------------------------------------------------

    def select(self) -> tuple[Any, Any, list[Slot]]:
        """Return the statement for rows, the one for counting, and what the rows hold."""
        joined, conditions, sources = self.build(self.spec.path)
        for vertex in self.spec.path[1:]:
            if vertex.edge_tag in self.filters:
                conditions += self._compile(self.filters[vertex.edge_tag], sources[vertex.edge_tag])
        slots: list[Slot] = []
        expressions: list[Expression] = []
        groups: list[Expression] = []
        for tag, projections in self._in_order():
            for projection in projections:
                self._project(tag, sources[tag], projection, slots, expressions, groups)
        self._check_aggregates()
        is_aggregate = any(projection.func for _, found in self.spec.project for projection in found)
        labelled = [expression.label(f"c{at}") for at, expression in enumerate(expressions)]
        statement = sa.select(*labelled).select_from(joined).where(*conditions)
        counted = sa.select(sa.func.count()).select_from(joined).where(*conditions)
        if is_aggregate:
            return statement.order_by(*self._order(sources, None)), sa.select(sa.func.count()).select_from(statement.subquery()), slots
        if self.spec.distinct:
            statement = statement.group_by(*groups)
            inner = sa.select(*(one.label(f"g{at}") for at, one in enumerate(groups))).select_from(joined).where(*conditions)
            counted = sa.select(sa.func.count()).select_from(inner.group_by(*groups).subquery())
        statement = statement.order_by(*self._order(sources, groups if self.spec.distinct else None))
        return statement, counted, slots

    def _in_order(self) -> Iterator[tuple[str, tuple[Projection, ...]]]:
        """Yield the projections as they come in a row: those of the vertices along the path, then those of the edges."""
        project = dict(self.spec.project)
        tags = [vertex.tag for vertex in self.spec.path] + [vertex.edge_tag or "" for vertex in self.spec.path[1:]]
        for tag in tags:
            if tag in project:
                yield tag, project[tag]

    def _check_aggregates(self) -> None:
        found = [projection for _, projections in self.spec.project for projection in projections]
        if any(one.func for one in found) and not all(one.func for one in found):
            plain = ", ".join(f"`{one.name}`" for one in found if not one.func)
            raise ValueError(f"a query that projects a function (max, min, count) has one row: {plain} cannot be projected beside it")

    def _project(
        self,
        tag: str,
        source: Source,
        projection: Projection,
        slots: list[Slot],
        expressions: list[Expression],
        groups: list[Expression],
    ) -> None:
        label = (tag, projection.name)
        field = projection.field
        if field is None:
            codec = self.dialect.codec(ROWS[source.base])
            expressions += [source.column(name) for name in codec.columns]
            groups.append(source.column("id"))
            slots.append(Slot(label, len(codec.columns), codec.decode, source.base))
            return
        value = field_value(source.column(field.column), field, projection.cast, self.dialect.name)
        if projection.func:
            value = self._aggregate(projection.func, value, field, projection.cast)
        expressions.append(value)
        groups.append(value)
        slots.append(Slot(label, 1, self._converter(source.base, field, projection)))

    def _aggregate(self, func: str, value: Expression, field: Field, cast: str | None) -> Expression:
        if func != "count" and self.dialect.name == "postgresql":
            # PostgreSQL has no order of uuids and of booleans for these, and its order of texts is that of a language.
            if field.kind == "uuid":
                value = sa.cast(sa.type_coerce(value, sa.String), sa.String)
            if field.kind == "boolean" or cast == "b":
                return getattr(sa.func, {"max": "bool_or", "min": "bool_and"}[func])(value)  # type: ignore[no-any-return]
            if field.kind in ("text", "uuid") or cast == "t":
                value = by_code_points(value, self.dialect.name)
        return getattr(sa.func, func)(value)  # type: ignore[no-any-return]

    def _converter(self, base: str, field: Field, projection: Projection) -> Convert | None:
        if projection.func == "count":
            return None
        if field.is_json:
            return self._json_converter(projection.cast or "j")
        if base == "walk" or projection.cast == "t":
            return None
        return self.dialect.converters(TABLES[base].c[field.column])[1]

    def _json_converter(self, cast: str) -> Convert | None:
        if cast == "d":
            return self.dialect.converters(TABLES["node"].c.ctime)[1]
        on_sqlite: dict[str, Convert] = {"j": from_json, "b": bool}
        return on_sqlite.get(cast) if self.dialect.name == "sqlite" else None

    def _order(self, sources: dict[str, Source], groups: list[Expression] | None) -> list[Expression]:
        return [key for order in self.spec.order_by for key in self._order_keys(order, sources, groups)]

    def _order_keys(self, order: Order, sources: dict[str, Source], groups: list[Expression] | None) -> Iterator[Expression]:
        source = sources[order.tag]
        may_be_null = order.field.is_json or (source.base, order.field.column) in NULLABLE or self._is_outer(order.tag)
        for key in order_keys(source.column(order.field.column), order.field, order.cast, self.dialect.name):
            if groups is not None and not self._is_grouped(order, groups, source):
                # Rows are merged by `distinct`: each is sorted by the first of the values that were merged.
                key = sa.func.max(key) if order.order == "desc" else sa.func.min(key)
            key = key.desc() if order.order == "desc" else key.asc()
            if may_be_null and self.dialect.name == "sqlite":
                # As PostgreSQL: what is missing comes last, and first when descending.
                key = key.nulls_first() if order.order == "desc" else key.nulls_last()
            yield key

    def _is_outer(self, tag: str) -> bool:
        return any(vertex.outerjoin for vertex in self.spec.path if tag in (vertex.tag, vertex.edge_tag)) or any(
            vertex.outerjoin for vertex in self.spec.path
        )

    def _is_grouped(self, order: Order, groups: list[Expression], source: Source) -> bool:
        projected = dict(self.spec.project).get(order.tag, ())
        if any(one.field is None or (one.field.column == "id" and not one.cast) for one in projected):
            return True  # the other columns depend on the key
        return not order.field.is_json and any(one.field == order.field and not one.cast for one in projected)
