"""Queries for lists of processes: one statement, only the columns that are shown, order and limit in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiida import orm
from aiida.common import timezone
from aiida.common.lang import classproperty
from aiida.tools.query.mapping import CalculationProjectionMapper, ProjectionMapper

if TYPE_CHECKING:
    from aiida.orm import Node

__all__ = ("CalculationQueryBuilder",)

_TAG = "process"


class QuerySet:
    """The rows of a query, as dictionaries from fields to values; asked for when they are iterated."""

    def __init__(self, query: orm.QueryBuilder, fields: Sequence[str]) -> None:
        self._query = query
        self._fields = list(fields)

    def __iter__(self) -> Iterator[dict[str, dict[str, Any]]]:
        for row in self.select(self._fields):
            yield {_TAG: row}

    def select(self, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Iterate over the rows with these fields only."""
        query = orm.QueryBuilder.from_dict(self._query.as_dict())
        query.add_projection(_TAG, list(fields))
        for row in query.iterall(batch_size=1000):
            yield dict(zip(fields, row, strict=True))


class CalculationQueryBuilder:
    """Makes queries for processes, and their columns."""

    _default_projections = ("pk", "ctime", "process_label", "cached", "state", "process_status")
    _valid_projections = tuple(
        "pk uuid ctime mtime state process_state process_status exit_status exit_message sealed process_label label description "
        "node_type paused process_type job_state scheduler_state exception cached cached_from".split()
    )

    def __init__(self, mapper: ProjectionMapper | None = None) -> None:
        self._mapper = mapper or CalculationProjectionMapper(self._valid_projections)

    @property
    def mapper(self) -> ProjectionMapper:
        """The table of columns."""
        return self._mapper

    @classproperty
    def default_projections(cls: Any) -> tuple[str, ...]:
        """The columns that are shown if none are named."""
        return cls._default_projections  # type: ignore[no-any-return]

    @classproperty
    def valid_projections(cls: Any) -> tuple[str, ...]:
        """The columns that can be shown."""
        return cls._valid_projections  # type: ignore[no-any-return]

    def get_filters(
        self,
        all_entries: bool = False,
        process_state: Sequence[str] | str | None = None,
        process_label: str | None = None,
        paused: bool = False,
        exit_status: str | int | None = None,
        failed: bool = False,
        node_types: list[type[Node]] | None = None,
    ) -> dict[str, Any]:
        """Return the filters for what is asked; exit status and `failed` are about finished processes."""
        filters: dict[str, Any] = {}
        if process_label is not None:
            filters["attributes.process_label"] = {"like": process_label} if "%" in process_label else process_label
        if node_types:
            filters["or"] = [{"node_type": node_type.class_node_type} for node_type in node_types]
        if paused:
            filters["attributes.paused"] = True
        if exit_status is not None or failed:
            filters["attributes.process_state"] = {"==": "finished"}
            filters["attributes.exit_status"] = {">": 0} if exit_status is None else {"==": int(exit_status)}
        elif process_state and not all_entries:
            states = [process_state] if isinstance(process_state, str) else list(process_state)
            filters["attributes.process_state"] = {"in": [str(getattr(state, "value", state)) for state in states]}
        return filters

    def get_query_set(
        self,
        relationships: dict[str, Any] | None = None,
        filters: dict[str, Any] | None = None,
        order_by: dict[str, Any] | None = None,
        past_days: int | None = None,
        limit: int | None = None,
    ) -> QuerySet:
        """Return the processes that fit; `relationships` is as in `{'with_node': group}`: entities that must belong to them."""
        filters = dict(filters or {})
        if past_days is not None:
            filters["ctime"] = {">": timezone.now() - timedelta(days=past_days)}
        query = orm.QueryBuilder().append(orm.ProcessNode, filters=filters, tag=_TAG)
        for keyword, entity in (relationships or {}).items():
            query.append(type(entity), filters={"id": entity.pk}, joining_keyword=keyword, joining_value=_TAG)
        query.order_by({_TAG: order_by or {"ctime": {"order": "asc"}}})
        if limit is not None:
            query.limit(limit)
        return QuerySet(query, self._find_fields(self._mapper.valid_projections))

    def _find_fields(self, projections: Sequence[str]) -> list[str]:
        if isinstance(self._mapper, CalculationProjectionMapper):
            return self._mapper.find_fields(tuple(projections))
        return list(dict.fromkeys(self._mapper.get_attribute(one) for one in projections))

    def get_projected(self, query_set: QuerySet, projections: list[str]) -> list[list[Any]]:
        """Return the table: the headings, then a line per process."""
        header = [self._mapper.get_label(one) for one in projections]
        formatters = [self._mapper.get_formatter(one) for one in projections]
        rows = query_set.select(self._find_fields(projections))
        return [header, *([make(row) for make in formatters] for row in rows)]
