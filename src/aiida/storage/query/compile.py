"""QuerySpec to SELECT, and running it.

A query is compiled once per *shape*: what differs between two queries of one shape are parameters. What runs is plain
text through the driver, and results are converted here: Core's own machinery would cost more than SQLite takes for
most queries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.dialects import registry

from aiida.graph.queryspec import Condition, Field, Filter, Order, Projection, QuerySpec, Vertex, find_shape
from aiida.graph.relations import NULLABLE, ROWS, get_relation
from aiida.storage.dialect import Dialect, from_json
from aiida.storage.query.columns import by_code_points, field_value, order_keys, without_index
from aiida.storage.query.filters import Binder, Expression, compile_filters, is_trivial
from aiida.storage.query.joins import TABLES, find_score, make_walk

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("Execution", "execute")

Convert = Callable[[Any], Any]
_TYPE_COLUMNS = ("node_type", "process_type", "type_string")
_MAX_PLANS = 1024


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


class _Compiler:
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


# --- plans ------------------------------------------------------------------------------------------------------------


@cache
def _core_dialect(name: str) -> sa.Dialect:
    """Return Core's dialect that writes the SQL."""
    driver = {"sqlite": "sqlite.pysqlite", "postgresql": "postgresql.psycopg"}[name]
    dialect: sa.Dialect = registry.load(driver)()
    return dialect


class Text:
    """A statement as the driver takes it, and where its parameters come from."""

    __slots__ = ("constants", "names", "positional", "sources", "sql")

    def __init__(self, statement: Any, dialect: str, converts: dict[str, tuple[int, Convert | None]]) -> None:
        compiled = statement.compile(dialect=_core_dialect(dialect))
        self.sql = str(compiled)
        self.positional = bool(compiled.positional)
        self.names: list[str] = list(compiled.positiontup if self.positional else compiled.params)
        self.sources = [converts.get(name) for name in self.names]
        # Where Core made a parameter of a constant.
        self.constants = {name: value for name, value in compiled.params.items() if name not in converts}

    def parameters(self, operands: list[Any], bounds: dict[str, int]) -> Any:
        """Return the parameters for these operands."""
        values = [
            bounds.get(name, self.constants.get(name)) if source is None else operands[source[0]] if source[1] is None else source[1](operands[source[0]])
            for name, source in zip(self.names, self.sources, strict=True)
        ]
        return tuple(values) if self.positional else dict(zip(self.names, values, strict=True))


class Plan:
    """A compiled shape."""

    def __init__(self, spec: QuerySpec, dialect: Dialect, common: str | None) -> None:
        compiler = _Compiler(spec, dialect, common)
        self._dialect = dialect.name
        self._rows, self._count, self.slots = compiler.select()
        self._converts = compiler.binder.converts
        self._has_order = bool(spec.order_by)
        self._texts: dict[tuple[bool, bool, bool], Text] = {}
        self.labels = [slot.label for slot in self.slots]
        self.entities = [(at, slot.base) for at, slot in enumerate(self.slots) if slot.base is not None]
        self.read = _make_reader(self.slots)

    def text(self, limited: bool, skipping: bool, counting: bool) -> Text:
        """Return the statement, with or without bounds."""
        key = (limited, skipping, counting)
        if key not in self._texts:
            self._texts[key] = Text(self._statement(*key), self._dialect, self._converts)
        return self._texts[key]

    def _statement(self, limited: bool, skipping: bool, counting: bool) -> Any:
        if counting and not (limited or skipping):
            return self._count
        statement = self._rows
        if limited:
            statement = statement.limit(sa.bindparam("row_limit", None, sa.BigInteger(), required=False))
        if skipping:
            statement = statement.offset(sa.bindparam("row_offset", None, sa.BigInteger(), required=False))
        return sa.select(sa.func.count()).select_from(statement.order_by(None).subquery()) if counting else statement


def _make_reader(slots: list[Slot]) -> Callable[[Any], list[Any]]:
    """Return the function that makes a result row of a row of the database."""
    if all(slot.width == 1 and slot.convert is None for slot in slots):
        return list
    if all(slot.width == 1 for slot in slots):
        converts = [(at, slot.convert) for at, slot in enumerate(slots) if slot.convert is not None]

        def read_values(raw: Any) -> list[Any]:
            row = list(raw)
            for at, convert in converts:
                if row[at] is not None:
                    row[at] = convert(row[at])
            return row

        return read_values
    if len(slots) == 1:
        decode = slots[0].convert

        def read_entity(raw: Any) -> list[Any]:
            return [None if raw[0] is None else decode(raw)]  # type: ignore[misc]

        return read_entity

    def read(raw: Any) -> list[Any]:
        row: list[Any] = []
        start = 0
        for slot in slots:
            value = raw[start] if slot.width == 1 else raw[start : start + slot.width]
            start += slot.width
            if slot.width > 1:
                row.append(None if value[0] is None else slot.convert(value))  # type: ignore[misc]
            else:
                row.append(value if value is None or slot.convert is None else slot.convert(value))
        return row

    return read


_plans: dict[tuple[str, Any], Plan] = {}
_lock = Lock()


def find_plan(spec: QuerySpec, store: Store) -> tuple[Plan, list[Any]]:
    """Return the plan for a query, compiled now or before, and the operands that go with it."""
    shape, operands = find_shape(spec)
    trivial = tuple(is_trivial(part) for _, parts in spec.filters for part in parts)
    common = _find_common_type(spec, store) if spec.order_by and store.dialect.name == "sqlite" else None
    key = (store.dialect.name, (shape, trivial, common))
    plan = _plans.get(key)
    if plan is None:
        plan = Plan(spec, store.dialect, common)
        with _lock:
            if len(_plans) >= _MAX_PLANS:
                _plans.clear()
            _plans[key] = plan
    return plan, operands


# --- what SQLite cannot know ------------------------------------------------------------------------------------------

_INDEXED = ("id", "ctime", "mtime", "label", "uuid")
_USES = 200
_IS_COMMON = (
    "SELECT EXISTS (SELECT 1 FROM db_dbnode WHERE node_type LIKE ? ESCAPE '\\' "
    "LIMIT 1 OFFSET (SELECT coalesce(max(id), 0) / 8 FROM db_dbnode))"
)
# Per store: pattern → whether it is common, and after how many queries to look again.
_common_types: WeakKeyDictionary[Any, dict[str, tuple[bool, int]]] = WeakKeyDictionary()


def _find_common_type(spec: QuerySpec, store: Store) -> str | None:
    """Return the tag of the vertex that orders the rows if its type is that of many nodes, so that a bounded search should go
    along the order. SQLite would take the index of the type, and sort all nodes of the type for the first ten."""
    order = spec.order_by[0]
    if order.field.column not in _INDEXED:
        return None
    for part in dict(spec.filters).get(order.tag, ()):
        if not isinstance(part, Condition) or part.field.column != "node_type" or part.operator != "like":
            continue
        if not part.negated and not is_trivial(part) and _is_common(store, part.operand):
            return order.tag
    return None


def _is_common(store: Store, pattern: str) -> bool:
    known = _common_types.setdefault(store, {})
    answer, uses = known.get(pattern, (False, 0))
    if uses == 0:
        with store.reading() as connection:
            answer, uses = bool(connection.exec_driver_sql(_IS_COMMON, (pattern,)).scalar()), _USES
    known[pattern] = (answer, uses - 1)
    return answer


# --- running ----------------------------------------------------------------------------------------------------------


class Execution:
    """A query about to be run against a store."""

    def __init__(self, store: Store, spec: QuerySpec) -> None:
        self._store = store
        self._spec = spec
        self._plan, self._operands = find_plan(spec, store)
        self.labels = self._plan.labels
        self.entities = self._plan.entities

    def __iter__(self) -> Iterator[list[Any]]:
        return iter(self.rows())

    def _prepare(self, at_most: int | None = None, counting: bool = False) -> tuple[str, Any, Text]:
        bounds = [one for one in (self._spec.limit, at_most) if one is not None]
        offset = self._spec.offset
        text = self._plan.text(bool(bounds), offset is not None, counting)
        values = {"row_limit": min(bounds, default=0), "row_offset": offset or 0}
        return text.sql, text.parameters(self._operands, values), text

    def rows(self, at_most: int | None = None) -> list[list[Any]]:
        """Return all rows; records stand for entities."""
        sql, parameters, _ = self._prepare(at_most)
        with self._store.reading() as connection:
            # The driver's own tuples: Core would wrap each of them.
            with closing(connection.exec_driver_sql(sql, parameters)) as result:
                found = result.cursor.fetchall()
        return list(map(self._plan.read, found))

    def count(self) -> int:
        """Return the number of rows."""
        sql, parameters, _ = self._prepare(counting=True)
        with self._store.reading() as connection:
            return int(connection.exec_driver_sql(sql, parameters).scalar_one())

    def stream(self, batch_size: int | None) -> Iterator[list[Any]]:
        """Iterate over the rows in flat memory. Others may write meanwhile; the rows are those of the beginning."""
        if self._store.in_transaction or batch_size is None:
            # One connection reads and writes here, so reading is finished before the caller writes.
            yield from self.rows()
            return
        sql, parameters, _ = self._prepare()
        read = self._plan.read
        with self._store.reading() as connection, _server_side(connection, self._store.dialect) as options:
            with closing(connection.exec_driver_sql(sql, parameters, execution_options=options)) as result:
                # Core has fetched some rows ahead if it streams.
                fetch = result.fetchmany if options else result.cursor.fetchmany
                while chunk := fetch(batch_size):
                    yield from map(read, chunk)

    def sql(self, inline: bool = False) -> str:
        """Return the SQL with its parameters, or with the values in it (for reading, not for running)."""
        sql, parameters, text = self._prepare()
        return _inline(sql, parameters, text.positional) if inline else f"{sql!r} % {parameters!r}\n"

    def explain(self, run: bool = True, verbose: bool = False) -> str:
        """Return the database's plan."""
        sql, parameters, _ = self._prepare()
        if self._store.dialect.name == "sqlite":
            prefix = "EXPLAIN QUERY PLAN "
        else:
            options = [name for name, wanted in (("ANALYZE", run), ("VERBOSE", verbose)) if wanted]
            prefix = f"EXPLAIN ({', '.join(options)}) " if options else "EXPLAIN "
        with self._store.reading() as connection:
            found = connection.exec_driver_sql(prefix + sql, parameters).fetchall()
        return "\n".join(str(row[-1]) for row in found)


@contextmanager
def _server_side(connection: sa.Connection, dialect: Dialect) -> Iterator[dict[str, Any]]:
    """Keep the rows at the server until they are fetched. SQLite does so anyway; PostgreSQL needs a transaction."""
    if dialect.name == "sqlite":
        yield {}
        return
    connection.exec_driver_sql("BEGIN READ ONLY")
    # Sessions that are idle in a transaction are ended, for the sake of their locks; a reader has none and may take its time.
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    try:
        yield {"stream_results": True}
    except sa.exc.SQLAlchemyError:
        connection.exec_driver_sql("ROLLBACK")
        raise
    except BaseException:
        connection.exec_driver_sql("COMMIT")
        raise
    connection.exec_driver_sql("COMMIT")


_QUOTED_OR_MARK = re.compile(r"'(?:[^']|'')*'|\?")


def _inline(sql: str, parameters: Any, positional: bool) -> str:
    if not positional:
        return sql % {name: _literal(value) for name, value in parameters.items()}
    values = iter(parameters)
    return _QUOTED_OR_MARK.sub(lambda match: _literal(next(values)) if match[0] == "?" else match[0], sql)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return f"ARRAY[{', '.join(map(_literal, value))}]"
    if isinstance(value, str | datetime):
        return "'" + str(value).replace("'", "''") + "'"
    return str(value)


def execute(store: Store, spec: QuerySpec) -> Execution:
    """Return the query, compiled and ready to run."""
    return Execution(store, spec)
