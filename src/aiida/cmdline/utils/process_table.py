"""The table of `verdi process list`: columns as data, filters, rows. Rows are projections; no node is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import click

from aiida import orm
from aiida.cmdline import utils
from aiida.common import timezone
from aiida.tools.query.formatting import LIVE, format_relative_time, format_state

__all__ = ("COLUMNS", "DEFAULT_COLUMNS", "build_filters", "fetch_rows", "headers_of", "style_state")

CACHED = "\u267b"
TICK = "\u2714"

Values = Mapping[str, Any]


# How states look on a terminal; click takes the colours out elsewhere.
COLOURS = {"created": "bright_black", "running": "cyan", "waiting": "cyan", "excepted": "red", "killed": "magenta"}


def style_state(state: str | None, paused: bool | None = None, exit_status: int | None = None) -> str:
    """Return a state with its symbol, in the colour that it has on a terminal."""
    name = str(state or "").lower()
    text = format_state(name, paused, exit_status)
    if name == "finished":
        return click.style(text, fg="red" if exit_status else "green")
    return click.style(text, fg="yellow" if paused and name in LIVE else COLOURS.get(name))


def _plain(field: str) -> tuple[tuple[str, ...], Callable[[Values], Any]]:
    return (field,), lambda values: values[field]


def _attribute(name: str) -> tuple[tuple[str, ...], Callable[[Values], Any]]:
    return _plain(f"attributes.{name}")


_STATE = ("attributes.process_state", "attributes.paused", "attributes.exit_status")

# Column: header, what to ask the database for, how to write it.
COLUMNS: Mapping[str, tuple[str, tuple[str, ...], Callable[[Values], Any]]] = {
    "pk": ("PK", *_plain("id")),
    "uuid": ("UUID", *_plain("uuid")),
    "ctime": ("Created", ("ctime",), lambda v: format_relative_time(v["ctime"])),
    "mtime": ("Modified", ("mtime",), lambda v: format_relative_time(v["mtime"])),
    "state": ("Process State", _STATE, lambda v: style_state(*(v[key] for key in _STATE))),
    "process_state": ("Process state", ("attributes.process_state",), lambda v: str(v["attributes.process_state"] or "").capitalize()),
    "process_status": ("Process status", *_attribute("process_status")),
    "exit_status": ("Exit status", *_attribute("exit_status")),
    "exit_message": ("Exit message", *_attribute("exit_message")),
    "sealed": ("Sealed", ("attributes.sealed",), lambda v: bool(v["attributes.sealed"])),
    "process_label": ("Process label", *_attribute("process_label")),
    "label": ("Label", *_plain("label")),
    "description": ("Description", *_plain("description")),
    "node_type": ("Node type", *_plain("node_type")),
    "paused": ("Paused", ("attributes.paused",), lambda v: bool(v["attributes.paused"])),
    "process_type": ("Process type", *_plain("process_type")),
    "job_state": ("Job state", *_attribute("state")),
    "scheduler_state": ("Scheduler state", *_attribute("scheduler_state")),
    "exception": ("Exception", *_attribute("exception")),
    "cached": (CACHED, ("extras._aiida_cached_from",), lambda v: TICK if v["extras._aiida_cached_from"] else ""),
    "cached_from": ("Cached from", *_plain("extras._aiida_cached_from")),
}

DEFAULT_COLUMNS = ("pk", "ctime", "process_label", "cached", "state", "process_status")


def headers_of(columns: Sequence[str]) -> list[str]:
    """Return the headers of columns."""
    return [COLUMNS[name][0] for name in columns]


def build_filters(
    *, all_entries: bool = False, states: Sequence[str] | None = None, label: str | None = None, paused: bool = False,
    exit_status: int | None = None, failed: bool = False, past_days: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the filters of a query for processes; asking how something ended asks for what has ended."""
    filters: dict[str, Any] = {}
    if states and not all_entries:
        filters["attributes.process_state"] = {"in": [str(state).lower() for state in states]}
    if failed or exit_status is not None:
        filters["attributes.process_state"] = "finished"
        filters["attributes.exit_status"] = exit_status if exit_status is not None else {">": 0}
    if paused:
        filters["attributes.paused"] = True
    if label is not None:
        filters["attributes.process_label"] = {"like" if "%" in label or "_" in label else "==": label}
    if past_days is not None:
        filters["ctime"] = {">": timezone.now() - timedelta(days=past_days)}
    return filters


def fetch_rows(
    columns: Sequence[str], filters: Mapping[str, Any], *, group: orm.Group | None = None, order_by: str = "ctime", order_dir: str = "asc",
    limit: int | None = None,
) -> list[list[Any]]:  # fmt: skip
    """Return the rows of the table."""
    fields = list(dict.fromkeys(["id", *(field for name in columns for field in COLUMNS[name][1])]))
    query = orm.QueryBuilder()
    given: dict[str, Any] = {}
    if group is not None:
        query.append(orm.Group, filters={"id": group.pk}, tag="group")
        given["with_group"] = "group"
    query.append(orm.ProcessNode, tag="process", filters=dict(filters), project=fields, **given)
    keys = [order_by] if order_by == "id" else [order_by, "id"]
    query.order_by({"process": [{key: {"order": order_dir}} for key in keys]})
    if limit is not None:
        query.limit(limit)
    found: Iterator[dict[str, Any]] = (dict(zip(fields, row, strict=True)) for row in query.iterall())
    if "process_status" in columns:
        found = utils.places.show(query.backend, found)
    return [[COLUMNS[name][2](values) for name in columns] for values in found]
