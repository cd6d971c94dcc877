"""From the columns of a list to the fields of a query, and from a row of it to texts. The table is below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiida.tools.query import formatting

__all__ = ("CalculationProjectionMapper", "ProjectionMapper")

Formatter = Callable[[Any], Any]


class ProjectionMapper:
    """For each column: its heading, the field it is made of, and the function that makes it of a row (field → value)."""

    _valid_projections: tuple[str, ...] = ()

    def __init__(
        self,
        projection_labels: dict[str, str] | None = None,
        projection_attributes: dict[str, str] | None = None,
        projection_formatters: dict[str, Callable[[Any], str]] | None = None,
    ) -> None:
        if not self._valid_projections:
            raise NotImplementedError(f"{type(self).__name__} names no projections: set `_valid_projections`")
        self._labels = projection_labels or {}
        self._attributes = projection_attributes or {}
        self._formatters = projection_formatters or {}

    @property
    def valid_projections(self) -> tuple[str, ...]:
        """The columns that can be shown."""
        return self._valid_projections

    def _check(self, projection: str) -> None:
        if projection not in self._valid_projections:
            raise ValueError(f"{projection} is not a valid projection; valid are: {', '.join(self._valid_projections)}")

    def get_label(self, projection: str) -> str:
        """Return the heading of a column."""
        self._check(projection)
        return self._labels.get(projection) or projection.replace("_", " ").capitalize()

    def get_attribute(self, projection: str) -> str:
        """Return the field that a column is made of."""
        self._check(projection)
        return self._attributes.get(projection, projection)

    def get_formatter(self, projection: str) -> Callable[[Any], Any]:
        """Return the function that makes the column of a row."""
        attribute = self.get_attribute(projection)
        return self._formatters.get(projection) or (lambda row: row[attribute])

    def format(self, projection: str, value: Any) -> Any:
        """Return the column for a row."""
        return self.get_formatter(projection)(value)


_PROCESS_FIELDS = {
    "pk": "id",
    **{
        name: f"attributes.{name}"
        for name in (
            "process_state process_status exit_status exit_message sealed process_label paused scheduler_state exception"
        ).split()
    },
    "job_state": "attributes.state",
    "cached": "extras._aiida_cached_from",
    "cached_from": "extras._aiida_cached_from",
}
_PROCESS_LABELS = {
    "pk": "PK",
    "uuid": "UUID",
    "ctime": "Created",
    "mtime": "Modified",
    "state": "Process State",
    "cached": "♻",
}
_PROCESS_FORMATTERS: dict[str, Formatter] = {
    "ctime": lambda row: formatting.format_relative_time(row["ctime"]),
    "mtime": lambda row: formatting.format_relative_time(row["mtime"]),
    "state": lambda row: formatting.format_state(
        row["attributes.process_state"], row["attributes.paused"], row["attributes.exit_status"]
    ),
    "process_state": lambda row: formatting.format_process_state(row["attributes.process_state"]),
    "sealed": lambda row: formatting.format_sealed(row["attributes.sealed"]),
    "cached": lambda row: "✔" if row["extras._aiida_cached_from"] else "",
}
# What a column needs of the node besides its own field.
_STATE_FIELDS = ("attributes.process_state", "attributes.paused", "attributes.exit_status")


class CalculationProjectionMapper(ProjectionMapper):
    """The columns of a list of processes."""

    def __init__(
        self,
        projections: tuple[str, ...],
        projection_labels: dict[str, str] | None = None,
        projection_attributes: dict[str, str] | None = None,
        projection_formatters: dict[str, Callable[[Any], str]] | None = None,
    ) -> None:
        self._valid_projections = tuple(projections)
        super().__init__(
            {**_PROCESS_LABELS, **(projection_labels or {})},
            {**_PROCESS_FIELDS, **(projection_attributes or {})},
            {**_PROCESS_FORMATTERS, **(projection_formatters or {})},
        )

    def find_fields(self, projections: list[str] | tuple[str, ...]) -> list[str]:
        """Return the fields that a query has to project for these columns."""
        found: dict[str, None] = {}
        for projection in projections:
            fields = _STATE_FIELDS if projection == "state" else (self.get_attribute(projection),)
            found.update(dict.fromkeys(fields))
        return list(found)
