"""List data nodes of a kind: what all kinds have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from aiida import orm
from aiida.cmdline.params import options
from aiida.cmdline.utils import echo
from aiida.common import timezone

__all__ = ("list_options", "print_table", "query")

LIST_OPTIONS = [options.RAW(), options.ALL_USERS(), options.PAST_DAYS(), options.GROUPS()]


def list_options(function: Any) -> Any:
    """Add the options that all lists have."""
    for option in LIST_OPTIONS:
        function = option(function)
    return function


def query(
    datatype: type[orm.Data], project: Sequence[str], past_days: int | None, groups: Sequence[orm.Group] | None, all_users: bool
) -> list[list[Any]]:
    """Return the columns of all data nodes of a kind that pass the filters."""
    builder = orm.QueryBuilder()
    if all_users is False:
        user = orm.User.collection.get_default()
        builder.append(orm.User, tag="creator", filters={"email": user.email})
    else:
        builder.append(orm.User, tag="creator")
    given: dict[str, Any] = {"with_user": "creator"}
    if groups:
        builder.append(orm.Group, tag="group", filters={"id": {"in": [group.pk for group in groups]}})
        builder.append(datatype, tag="data", project=_fields(project), with_group="group", filters=_since(past_days))
        builder.distinct()
    else:
        builder.append(datatype, tag="data", project=_fields(project), filters=_since(past_days), **given)
    return list(builder.order_by({"data": {"ctime": "asc"}}).all())


def _fields(project: Sequence[str]) -> list[str]:
    """Return the fields to ask for."""
    known = {"id": "id", "label": "label", "ctime": "ctime", "*": "*"}
    return [known.get(name.lower(), f"attributes.{name}") if "." not in name else name for name in project]


def _since(past_days: int | None) -> dict[str, Any]:
    return {} if past_days is None else {"ctime": {">=": timezone.now() - timedelta(days=past_days)}}


def print_table(rows: Iterable[Sequence[Any]], headers: Sequence[str], raw: bool, show: Callable[[Sequence[Any]], Sequence[Any]] = list) -> None:
    """Print the rows; their number below, unless raw."""
    shown = [show(row) for row in rows]
    if raw:
        echo.echo_tabulate(shown, tablefmt="plain")
        return
    echo.echo_tabulate(shown, headers=list(headers))
    echo.echo(f"\nTotal results: {len(shown)}\n")
