"""The attributes of a node: set once for data, as far as the class allows for processes."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aiida.orm.cleaning import check_key, clean_mapping, clean_value

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node

__all__ = ("NodeAttributes",)

_NO_DEFAULT = ()


class NodeAttributes:
    """Reading and writing attributes; what is read of a stored node is a copy."""

    __slots__ = ("_node",)

    def __init__(self, node: Node) -> None:
        self._node = node

    def __contains__(self, key: str) -> bool:
        return key in self._node._attributes(key)

    @property
    def all(self) -> dict[str, Any]:
        """All attributes."""
        attributes = self._node._attributes()
        return copy.deepcopy(attributes) if self._node.is_stored else attributes

    def get(self, key: str, default: Any = _NO_DEFAULT) -> Any:
        """Return the attribute `key`; without default a missing one is an `AttributeError`."""
        node = self._node
        try:
            value = node._attributes(key)[key]
        except KeyError:
            if default is _NO_DEFAULT:
                raise AttributeError(f"attribute `{key!r}` does not exist") from None
            return default
        return copy.deepcopy(value) if node._row.id is not None and isinstance(value, (list, dict)) else value

    def get_many(self, keys: list[str]) -> list[Any]:
        """Return the attributes of the given keys."""
        return [self.get(key) for key in keys]

    def set(self, key: str, value: Any) -> None:
        """Set one attribute."""
        node = self._node
        check_key(key)
        node._check_mutability_attributes([key])
        if node._row.id is None:
            node._row.attributes[key] = value
        else:
            node._change_attributes({key: clean_value(value)})

    def set_many(self, attributes: dict[str, Any]) -> None:
        """Set several attributes, all or none."""
        node = self._node
        for key in attributes:
            check_key(key)
        node._check_mutability_attributes(list(attributes))
        if node._row.id is None:
            node._row.attributes.update(attributes)
        else:
            node._change_attributes(clean_mapping(attributes))

    def reset(self, attributes: dict[str, Any]) -> None:
        """Replace all attributes."""
        for key in attributes:
            check_key(key)
        self._node._check_mutability_attributes()
        self._node._row.attributes = dict(attributes)

    def delete(self, key: str) -> None:
        """Delete one attribute."""
        self.delete_many([key])

    def delete_many(self, keys: list[str]) -> None:
        """Delete several attributes, all or none."""
        node = self._node
        node._check_mutability_attributes(keys)
        attributes = node._attributes()
        missing = [key for key in keys if key not in attributes]
        if len(missing) == 1:
            raise AttributeError(f"attribute `{missing[0]!r}` does not exist")
        if missing:
            raise AttributeError(f"attributes `{', '.join(missing)}` do not exist")
        if node._row.id is None:
            for key in keys:
                del attributes[key]
        else:
            node._change_attributes({}, remove=keys)

    def clear(self) -> None:
        """Delete all attributes."""
        self._node._check_mutability_attributes()
        self._node._row.attributes = {}

    def items(self) -> Iterable[tuple[str, Any]]:
        """Iterate over keys and values."""
        yield from self._node._attributes().items()

    def keys(self) -> Iterable[str]:
        """Iterate over the keys."""
        yield from self._node._attributes().keys()
