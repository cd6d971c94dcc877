"""QueryBuilder: the fluent front of `aiida.graph.queryspec`.

Every call checks what it is given, so a wrong tag, column, operator or relation is reported where it was written. The
store compiles and runs the query; the compiled statement is kept by the shape of the query.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import MultipleObjectsError, NotExistent
from aiida.common.slots import current_store
from aiida.common.warnings import warn_deprecation
from aiida.graph.queryspec import (
    Filter,
    Order,
    Projection,
    QuerySpec,
    Vertex,
    parse_filters,
    parse_order,
    parse_projection,
)
from aiida.graph.relations import find_default_keyword, get_relation
from aiida.orm import hydrate
from aiida.orm.classifiers import (
    Classifier,
    check_one_base,
    classify,
    classify_text,
    find_named_classes,
    find_tag_stem,
    find_type_filters,
)
from aiida.orm.query_arguments import as_filters, as_order, as_projection, as_tree, check_number, class_key

if TYPE_CHECKING:
    from aiida.storage.query.execution import Execution
    from aiida.storage.store import Store

__all__ = ("QueryBuilder",)


class QueryBuilder:
    """A query over the graph: a path of entities, each joined to an earlier one, with filters and projections."""

    _EDGE_TAG_DELIM = "--"
    _VALID_PROJECTION_KEYS = ("func", "cast")

    def __init__(
        self,
        backend: Store | None = None,
        *,
        debug: bool | None = None,
        path: Sequence[Any] | None = (),
        filters: dict[str, Any] | None = None,
        project: dict[str, Any] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        order_by: Any = None,
        distinct: bool = False,
        project_map: dict[str, dict[str, str]] | None = None,
    ) -> None:
        self._backend = backend
        self._debug = bool(debug)
        self._vertices: list[Vertex] = []
        self._bases: dict[str, str] = {}  # tag → base, of vertices and edges, in the order of the path
        self._filters: dict[str, dict[str, Any]] = {}  # as the user wrote them
        self._project: dict[str, list[dict[str, Any]]] = {}
        self._parsed_filters: dict[str, tuple[Filter, ...]] = {}
        self._parsed_project: dict[str, list[Projection]] = {}
        self._order_by: list[dict[str, list[dict[str, Any]]]] = []
        self._parsed_order: list[Order] = []
        self._tags_of_class: dict[Any, set[str]] = {}
        self._limit: int | None = None
        self._offset: int | None = None
        self._distinct = False
        self._project_map: dict[str, dict[str, str]] = dict(project_map or {})

        if not isinstance(path, list | tuple) and path is not None:
            raise TypeError("Path needs to be a tuple or a list")
        for item in path or ():
            self._append_path_item(item)
        for tag, one in (filters or {}).items():
            self.add_filter(tag, one)
        for tag, projection in (project or {}).items():
            self.add_projection(tag, projection)
        self.limit(limit)
        self.offset(offset)
        self.distinct(distinct)
        if order_by:
            self.order_by(order_by)

    def _append_path_item(self, item: Any) -> None:
        if isinstance(item, Mapping):
            self.append(**item)
        elif isinstance(item, str):
            self.append(entity_type=item)
        else:
            self.append(cls=item)

    @property
    def backend(self) -> Store:
        """The store that is asked."""
        return current_store.get() if self._backend is None else self._backend

    # -- the query as data ---------------------------------------------------------------------------------------------

    @property
    def spec(self) -> QuerySpec:
        """The query as a frozen value."""
        if not self._vertices:
            raise ValueError("the query is empty: call `append` first")
        project = [(tag, tuple(self._parsed_project[tag])) for tag in self._bases if self._parsed_project.get(tag)]
        if not project:
            # Without a projection, the last entity is what the user wants.
            project = [(self._vertices[-1].tag, (Projection("*", None),))]
        return QuerySpec(
            path=tuple(self._vertices),
            filters=tuple((tag, self._parsed_filters[tag]) for tag in self._bases if self._parsed_filters.get(tag)),
            project=tuple(project),
            order_by=tuple(self._parsed_order),
            limit=self._limit,
            offset=self._offset,
            distinct=self._distinct,
        )

    def as_dict(self, copy: bool = True) -> dict[str, Any]:
        """Return the query as a dictionary that `from_dict` reads."""
        data: dict[str, Any] = {
            "path": [
                {
                    "entity_type": list(one.entity_type) if isinstance(one.entity_type, tuple) else one.entity_type,
                    "orm_base": one.orm_base,
                    "tag": one.tag,
                    "joining_keyword": one.joining_keyword,
                    "joining_value": one.joining_value,
                    "edge_tag": one.edge_tag,
                    "outerjoin": one.outerjoin,
                }
                for one in self._vertices
            ],
            "filters": self._filters,
            "project": self._project,
            "project_map": self._project_map,
            "order_by": self._order_by,
            "limit": self._limit,
            "offset": self._offset,
            "distinct": self._distinct,
        }
        return deepcopy(data) if copy else data

    @classmethod
    def from_dict(cls, dct: dict[str, Any]) -> QueryBuilder:
        """Return the query that `as_dict` described."""
        return cls(**dct)

    @property
    def queryhelp(self) -> dict[str, Any]:
        """The query as a dictionary, by its old name."""
        warn_deprecation("`QueryBuilder.queryhelp` is deprecated, use `QueryBuilder.as_dict()` instead", version=3, stacklevel=3)
        return self.as_dict()

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.as_dict(copy=False).items())
        return f"QueryBuilder({arguments})"

    def __deepcopy__(self, memo: Any) -> QueryBuilder:
        """Return an independent query in the same store."""
        copy = type(self)(self._backend, debug=self._debug)
        for name in ("_vertices", "_bases", "_filters", "_project", "_order_by", "_project_map"):
            setattr(copy, name, deepcopy(getattr(self, name)))
        for name in ("_parsed_filters", "_parsed_order"):
            setattr(copy, name, getattr(self, name).copy())
        copy._parsed_project = {tag: list(found) for tag, found in self._parsed_project.items()}
        copy._tags_of_class = {key: set(tags) for key, tags in self._tags_of_class.items()}
        copy._limit, copy._offset, copy._distinct = self._limit, self._offset, self._distinct
        return copy

    def get_used_tags(self, vertices: bool = True, edges: bool = True) -> list[str]:
        """Return the tags in use."""
        found: list[str] = []
        for index, vertex in enumerate(self._vertices):
            if vertices:
                found.append(vertex.tag)
            if edges and index and vertex.edge_tag:
                found.append(vertex.edge_tag)
        return found

    # -- building ------------------------------------------------------------------------------------------------------

    def append(
        self,
        cls: Any = None,
        entity_type: str | Sequence[str] | None = None,
        tag: str | None = None,
        filters: Any = None,
        project: Any = None,
        subclassing: bool = True,
        edge_tag: str | None = None,
        edge_filters: Any = None,
        edge_project: Any = None,
        outerjoin: bool = False,
        joining_keyword: str | None = None,
        joining_value: Any = None,
        orm_base: str | None = None,
        **kwargs: Any,
    ) -> QueryBuilder:
        """Add an entity to the path, joined to an earlier one by a keyword such as `with_incoming='tag'`."""
        classifiers = self._find_classifiers(cls, entity_type, orm_base)
        base = check_one_base(classifiers)
        tag = self._check_tag(tag) if tag else self._find_free_tag(find_tag_stem(classifiers))
        keyword, value = self._find_join(base, joining_keyword, joining_value, kwargs)
        if self._vertices and not edge_tag:
            edge_tag = f"{value}{self._EDGE_TAG_DELIM}{tag}"
        if edge_tag and (edge_tag in self._bases or edge_tag == tag):
            raise ValueError(f"The tag {edge_tag} is already in use")

        types = tuple(one.entity_type for one in classifiers)
        vertex = Vertex(tag, base, types[0] if len(types) == 1 else types, keyword, value, edge_tag, bool(outerjoin))
        snapshot = self._snapshot()
        try:
            self._add_vertex(vertex)
            self._set_filters(tag, find_type_filters(classifiers, subclassing))
            if filters is not None:
                self.add_filter(tag, filters)
            if project is not None:
                self.add_projection(tag, project)
            if self._vertices[1:] and vertex.edge_tag:
                self._set_filters(vertex.edge_tag, as_filters(edge_filters) if edge_filters else {})
                if edge_project is not None:
                    self.add_projection(vertex.edge_tag, edge_project)
        except Exception:
            self._restore(snapshot)
            raise
        if cls is not None:
            self._tags_of_class.setdefault(class_key(cls), set()).add(tag)
        return self

    def _find_classifiers(self, cls: Any, entity_type: Any, orm_base: str | None) -> list[Classifier]:
        if cls is None and entity_type is None:
            raise ValueError("You need to specify at least a class or a entity_type")
        if cls is not None and entity_type is not None:
            raise ValueError(f"You cannot specify both a class ({cls}) and a entity_type ({entity_type})")
        if cls is not None:
            return [classify(one) for one in find_named_classes(cls)]
        texts = [entity_type] if isinstance(entity_type, str) else list(entity_type)
        if not texts or not all(isinstance(text, str) for text in texts):
            raise TypeError(f"{entity_type!r} was passed as entity_type, but is neither a text nor a list of texts")
        return [classify_text(text, orm_base) for text in texts]

    def _check_tag(self, tag: Any) -> str:
        if not isinstance(tag, str):
            raise TypeError(f"a tag is a text, not {tag!r}")
        if self._EDGE_TAG_DELIM in tag:
            raise ValueError(f"tag cannot contain {self._EDGE_TAG_DELIM}\nsince this is used as a delimiter for links")
        if tag in self._bases:
            raise ValueError(f"This tag ({tag}) is already in use")
        return tag

    def _find_free_tag(self, stem: str) -> str:
        number = 1
        while f"{stem}_{number}" in self._bases:
            number += 1
        return f"{stem}_{number}"

    def _find_join(self, base: str, keyword: str | None, value: Any, given: dict[str, Any]) -> tuple[str | None, str | None]:
        """Return the relation and the tag of the earlier entity."""
        for name, one in given.items():
            if keyword is not None:
                raise ValueError(f"You already specified joining specification {keyword}\nBut you now also want to specify {name}")
            keyword, value = self._find_direction(one) if name == "direction" and base == "node" else (name, one)
        if keyword is None and value is not None:
            raise ValueError(f"`joining_value` {value!r} was given without `joining_keyword`")
        if not self._vertices:
            if keyword is not None:
                get_relation(base, keyword)
                self._find_tag(value)
            return None, None
        if keyword is None:
            return self._find_default_join(base)
        get_relation(base, keyword)
        tag = self._find_tag(value)
        get_relation(base, keyword, self._bases[tag])
        return keyword, tag

    def _find_default_join(self, base: str) -> tuple[str, str]:
        last = self._vertices[-1]
        keyword = find_default_keyword(base, last.orm_base)
        if keyword is None:
            raise ValueError(
                f"a {base} has no relation to a {last.orm_base} (tag '{last.tag}'): say by `with_…='tag'` to which earlier entity it belongs"
            )
        return keyword, last.tag

    def _find_direction(self, direction: Any) -> tuple[str, str]:
        """Translate the old `direction=n`: an output (n > 0) or input (n < 0) of the n-th entity from the end."""
        if not isinstance(direction, int) or direction == 0 or abs(direction) > len(self._vertices):
            raise ValueError(f"You have specified a non-existent entity with\ndirection={direction}")
        return "with_incoming" if direction > 0 else "with_outgoing", self._vertices[-abs(direction)].tag

    def _find_tag(self, named: Any) -> str:
        """Return the tag that a tag or a class that was appended stands for."""
        if isinstance(named, str):
            if named in self._bases:
                return named
            raise ValueError(f"Tag '{named}' is not among my known tags: {list(self._bases)}")
        tags = self._tags_of_class.get(class_key(named), set())
        if not tags:
            raise ValueError(f"The given object ({named}) has no tags associated with it.")
        if len(tags) > 1:
            raise ValueError(f"The object used as a tag ({named}) has multiple values associated with it: {sorted(tags)}; name the tag")
        return next(iter(tags))

    def _add_vertex(self, vertex: Vertex) -> None:
        self._vertices.append(vertex)
        self._bases[vertex.tag] = vertex.orm_base
        self._filters[vertex.tag] = {}
        self._project[vertex.tag] = []
        if len(self._vertices) > 1 and vertex.edge_tag:
            self._bases[vertex.edge_tag] = vertex.edge_base or ""
            self._filters[vertex.edge_tag] = {}
            self._project[vertex.edge_tag] = []

    def _snapshot(self) -> tuple[int, list[dict[str, Any]]]:
        parts = (self._bases, self._filters, self._project, self._parsed_filters, self._parsed_project)
        return len(self._vertices), [dict(part) for part in parts]

    def _restore(self, snapshot: tuple[int, list[dict[str, Any]]]) -> None:
        """Undo an `append` that failed half-way."""
        count, parts = snapshot
        del self._vertices[count:]
        self._bases, self._filters, self._project, self._parsed_filters, self._parsed_project = parts

    def _base_of(self, tag: str) -> str:
        base = self._bases[tag]
        if not base:
            raise ValueError(f"the edge '{tag}' is a plain reference: it has nothing that could be filtered or projected")
        return base

    def add_filter(self, tagspec: Any, filter_spec: Any) -> QueryBuilder:
        """Add filters; one on a field that has a filter already replaces it."""
        self._set_filters(self._find_tag(tagspec), as_filters(filter_spec))
        return self

    def _set_filters(self, tag: str, filters: dict[str, Any]) -> None:
        if not filters:
            return
        merged = {**self._filters[tag], **filters}
        self._parsed_filters[tag] = parse_filters(self._base_of(tag), merged)
        self._filters[tag] = merged

    @staticmethod
    def _process_filters(filters: Any) -> dict[str, Any]:
        return as_filters(filters)

    def add_projection(self, tag_spec: Any, projection_spec: Any) -> None:
        """Say what to return of an entity or edge: `'*'`, names of fields, or `{'field': {'func': …, 'cast': …}}`."""
        tag = self._find_tag(tag_spec)
        items = projection_spec if isinstance(projection_spec, list | tuple) else [projection_spec]
        written = [as_projection(item) for item in items]
        base = self._base_of(tag)
        parsed = [one for item in written for one in parse_projection(base, item)]
        names = [one.name for one in self._parsed_project.get(tag, [])] + [one.name for one in parsed]
        if len(set(names)) < len(names):
            raise ValueError(f"You are projecting the same key multiple times within the same node ('{tag}'): {names}")
        self._project[tag] = [*self._project[tag], *written]
        self._parsed_project[tag] = [*self._parsed_project.get(tag, []), *parsed]

    def order_by(self, order_by: Any) -> QueryBuilder:
        """Set the order: `{tag: 'field'}`, `{tag: ['field', {'field': 'desc'}, {'field': {'order': …, 'cast': …}}]}`, or a list of these."""
        written: list[dict[str, list[dict[str, Any]]]] = []
        parsed: list[Order] = []
        for item in order_by if isinstance(order_by, list | tuple) else [order_by]:
            if not isinstance(item, Mapping):
                raise TypeError(
                    f"Invalid input for order_by statement: {item!r}\n"
                    "Expecting a dictionary like: {tag: field} or {tag: [field1, field2, ...]}"
                )
            written.append({})
            for tagspec, keys in item.items():
                tag = self._find_tag(tagspec)
                written[-1][tag] = [as_order(key) for key in (keys if isinstance(keys, list | tuple) else [keys])]
                parsed += [
                    parse_order(self._base_of(tag), tag, name, how) for key in written[-1][tag] for name, how in key.items()
                ]
        self._order_by, self._parsed_order = written, parsed
        return self

    def limit(self, limit: int | None) -> QueryBuilder:
        """Return so many rows at most."""
        self._limit = check_number("The limit", limit)
        return self

    def offset(self, offset: int | None) -> QueryBuilder:
        """Leave out so many rows at the beginning."""
        self._offset = check_number("offset", offset)
        return self

    def distinct(self, value: bool = True) -> QueryBuilder:
        """Return equal rows once."""
        if not isinstance(value, bool):
            raise TypeError(f"distinct() takes a boolean as parameter, not {value!r}")
        self._distinct = value
        return self

    def inputs(self, **kwargs: Any) -> QueryBuilder:
        """Add the inputs of the last entity."""
        return self._append_node("with_outgoing", kwargs)

    def outputs(self, **kwargs: Any) -> QueryBuilder:
        """Add the outputs of the last entity."""
        return self._append_node("with_incoming", kwargs)

    def children(self, **kwargs: Any) -> QueryBuilder:
        """Add the descendants of the last entity."""
        return self._append_node("with_ancestors", kwargs)

    def parents(self, **kwargs: Any) -> QueryBuilder:
        """Add the ancestors of the last entity."""
        return self._append_node("with_descendants", kwargs)

    def _append_node(self, keyword: str, kwargs: dict[str, Any]) -> QueryBuilder:
        if not self._vertices:
            raise ValueError("the query is empty: call `append` first")
        if "cls" not in kwargs and "entity_type" not in kwargs:
            kwargs["cls"] = hydrate.find_class("node")
        return self.append(joining_keyword=keyword, joining_value=self._vertices[-1].tag, **kwargs)

    def set_debug(self, debug: bool) -> QueryBuilder:
        """Print what the query does."""
        if not isinstance(debug, bool):
            raise TypeError(f"expecting a boolean, not {debug!r}")
        self._debug = debug
        return self

    def debug(self, msg: str, *objects: Any) -> None:
        """Print a message if debugging is on."""
        if self._debug:
            print(f"DEBUG: {msg}" % objects)

    # -- results -------------------------------------------------------------------------------------------------------

    def _run(self) -> Execution:
        execution = self.backend.query(self.spec)
        if self._debug:
            self.debug("%s", execution.sql())
        return execution

    def _entities(self, execution: Execution, rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
        """Replace records by entities, in place."""
        store = self.backend
        makers = [(at, hydrate.find_maker(base)) for at, base in execution.entities]
        if not makers:
            yield from rows
            return
        for row in rows:
            for at, make in makers:
                if row[at] is not None:
                    row[at] = make(row[at], store)
            yield row

    def iterall(self, batch_size: int | None = 100) -> Iterator[list[Any]]:
        """Iterate over the rows in flat memory; what they hold may be changed meanwhile."""
        execution = self._run()
        yield from self._entities(execution, execution.stream(batch_size))

    def all(self, batch_size: int | None = None, flat: bool = False) -> list[Any]:
        """Return all rows, as a list of lists or as one flat list."""
        execution = self._run()
        rows = list(self._entities(execution, execution.rows() if batch_size is None else execution.stream(batch_size)))
        return [value for row in rows for value in row] if flat else rows

    def first(self, flat: bool = False) -> Any:
        """Return the first row, or `None`; `flat` gives the bare value if there is one projection."""
        execution = self._run()
        row = next(self._entities(execution, execution.rows(at_most=1)), None)
        return row[0] if row is not None and flat and len(row) == 1 else row

    def one(self) -> list[Any]:
        """Return the only row; `NotExistent` if there is none, `MultipleObjectsError` if there are more."""
        execution = self._run()
        rows = execution.rows(at_most=2)
        if not rows:
            raise NotExistent("No result was found")
        if len(rows) > 1:
            raise MultipleObjectsError("More than one result was found")
        return next(self._entities(execution, rows))

    def count(self) -> int:
        """Return the number of rows, without fetching them."""
        return self._run().count()

    def iterdict(self, batch_size: int | None = 100) -> Iterator[dict[str, dict[str, Any]]]:
        """Iterate over the rows as dictionaries: tag, then field, then value."""
        execution = self._run()
        for row in self._entities(execution, execution.stream(batch_size)):
            yield as_tree(execution.labels, row)

    def dict(self, batch_size: int | None = None) -> list[dict[str, dict[str, Any]]]:
        """Return all rows as dictionaries."""
        execution = self._run()
        rows = execution.rows() if batch_size is None else execution.stream(batch_size)
        return [as_tree(execution.labels, row) for row in self._entities(execution, rows)]

    # -- looking inside ------------------------------------------------------------------------------------------------

    def as_sql(self, inline: bool = False) -> str:
        """Return the SQL; `inline` puts the values into it, for reading only."""
        return self.backend.query(self.spec).sql(inline)

    def analyze_query(self, execute: bool = True, verbose: bool = False) -> str:
        """Return the database's plan for the query; PostgreSQL runs it if `execute`."""
        return self.backend.query(self.spec).explain(execute, verbose)
