"""Records to entities, one by one and as a sequence that loads what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aiida.orm import hydrate
from aiida.orm.session import get_store

__all__ = ("ConvertIterator", "get_orm_entity")

_BATCH = 500


def get_orm_entity(backend_entity: Any) -> Any:
    """Return the entity for a record of the current store."""
    return hydrate.to_entity(backend_entity, get_store())


class ConvertIterator(Iterator[Any]):
    """Entities by their keys: with a length, by index, in slices, or one after the other."""

    def __init__(self, ids: Sequence[int], load: Callable[[Sequence[int]], list[Any]]) -> None:
        self._ids = ids
        self._load = load
        self._running: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self._ids), _BATCH):
            yield from self._load(self._ids[start : start + _BATCH])

    def __next__(self) -> Any:
        if self._running is None:
            self._running = iter(self)
        return next(self._running)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, entity: object) -> bool:
        return getattr(entity, "pk", None) in self._ids

    def __getitem__(self, which: int | slice) -> Any:
        if isinstance(which, slice):
            return self._load(self._ids[which])
        return self._load([self._ids[which]])[0]
