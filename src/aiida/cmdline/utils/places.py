"""Where a process that waits for a limit stands in the queue: changes by the minute, so no row holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from aiida.storage import limits

__all__ = ("show",)


def show(store: Any, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a list of processes, with a status for those that are queued."""
    places: dict[int, limits.Place] = {}
    if not store.read_only:  # nothing waits in an archive
        with store.reading() as connection:
            places = limits.find_places(connection)
    for values in rows:
        place = places.get(values["id"])
        if place is not None and not values["attributes.process_status"]:
            values["attributes.process_status"] = f"queued: {place.number} of {place.of}, limit {place.limit.maximum}"
        yield values
