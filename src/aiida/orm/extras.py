"""The extras of a node or a group: free remarks that may change at any time."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aiida.orm.cleaning import check_key, clean_mapping, clean_value

if TYPE_CHECKING:
    from aiida.orm.groups import Group
    from aiida.orm.nodes.node import Node

__all__ = ("EntityExtras",)

_NO_DEFAULT = ()


class EntityExtras:
    """Reading and writing extras; what is read of a stored entity is a copy."""

    def __init__(self, entity: Node | Group) -> None:
        self._entity = entity

    def __contains__(self, key: str) -> bool:
        return key in self._current()

    @property
    def all(self) -> dict[str, Any]:
        """All extras."""
        extras = self._current()
        return copy.deepcopy(extras) if self._entity.is_stored else extras

    def get(self, key: str, default: Any = _NO_DEFAULT) -> Any:
        """Return the extra `key`; without default a missing one is an `AttributeError`."""
        try:
            value = self._current()[key]
        except KeyError:
            if default is _NO_DEFAULT:
                raise AttributeError(f"extra `{key!r}` does not exist") from None
            return default
        return copy.deepcopy(value) if self._entity.is_stored else value

    def get_many(self, keys: list[str]) -> list[Any]:
        """Return the extras of the given keys."""
        return [self.get(key) for key in keys]

    def set(self, key: str, value: Any) -> None:
        """Set one extra."""
        check_key(key)
        self._change(lambda extras: extras | {key: clean_value(value)})

    def set_many(self, extras: dict[str, Any]) -> None:
        """Set several extras, all or none."""
        cleaned = clean_mapping(extras)
        self._change(lambda current: current | cleaned)

    def reset(self, extras: dict[str, Any]) -> None:
        """Replace all extras."""
        cleaned = clean_mapping(extras)
        self._change(lambda current: cleaned)

    def delete(self, key: str) -> None:
        """Delete one extra."""
        self.delete_many([key])

    def delete_many(self, keys: list[str]) -> None:
        """Delete several extras, all or none."""
        self._change(lambda extras: _without(extras, keys))

    def clear(self) -> None:
        """Delete all extras."""
        self._change(lambda extras: {})

    def items(self) -> Iterable[tuple[str, Any]]:
        """Iterate over keys and values."""
        yield from self._current().items()

    def keys(self) -> Iterable[str]:
        """Iterate over the keys."""
        yield from self._current().keys()

    def _current(self) -> dict[str, Any]:
        extras: dict[str, Any] = self._entity._fresh_row().extras
        return extras

    def _change(self, change: Any) -> None:
        """Apply `change` to the extras as the database holds them, so that two writers of different keys both win."""
        entity = self._entity
        if not entity.is_stored:
            entity._row.extras = change(entity._row.extras)
            return
        with entity.backend.transaction():
            entity._refresh()
            entity._update(extras=change(entity._row.extras))


def _without(extras: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    missing = [key for key in keys if key not in extras]
    if len(missing) == 1:
        raise AttributeError(f"extra `{missing[0]!r}` does not exist")
    if missing:
        raise AttributeError(f"extras `{', '.join(missing)}` do not exist")
    return {key: value for key, value in extras.items() if key not in keys}
