"""List: a list of plain values as a node."""

from __future__ import annotations

from collections.abc import Iterator, MutableSequence
from typing import Any, ClassVar

from aiida.orm.cleaning import register_unwrapper
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.data import Data

__all__ = ("List",)


class List(Data, MutableSequence[Any]):
    """A list as a node: it changes like one until it is stored."""

    _known_node_type = "data.core.list.List."
    _LIST_KEY = "list"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (add_field("value", "list", dtype=list[Any], doc="The value of the data", is_attribute=True),)

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        data = value if value is not None else kwargs.pop("list", None)
        super().__init__(**kwargs)
        self.set_list(data if data is not None else [])

    def __getitem__(self, item: Any) -> Any:
        return self.get_list()[item]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._change(lambda data: data.__setitem__(key, value))

    def __delitem__(self, key: Any) -> None:
        self._change(lambda data: data.__delitem__(key))

    def __len__(self) -> int:
        return len(self.get_list())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.get_list())

    def __str__(self) -> str:
        return f"{super().__str__()} value: {self.get_list()}"

    def __eq__(self, other: object) -> bool:
        return bool(self.get_list() == (other.get_list() if isinstance(other, List) else other))

    __hash__ = None  # type: ignore[assignment]

    def append(self, value: Any) -> None:
        """Add an item at the end."""
        self._change(lambda data: data.append(value))

    def extend(self, value: Any) -> None:
        """Add items at the end."""
        self._change(lambda data: data.extend(value))

    def insert(self, i: int, value: Any) -> None:
        """Add an item before position `i`."""
        self._change(lambda data: data.insert(i, value))

    def remove(self, value: Any) -> None:
        """Remove the first item that equals `value`."""
        self._change(lambda data: data.remove(value))

    def pop(self, index: int = -1) -> Any:
        """Remove the item at `index` and return it."""
        return self._change(lambda data: data.pop(index))

    def index(self, value: Any, start: int = 0, stop: int = 0) -> int:
        """Return the position of the first item that equals `value`."""
        data = self.get_list()
        return data.index(value, start, stop or len(data))

    def count(self, value: Any) -> int:
        """Return how many items equal `value`."""
        return self.get_list().count(value)

    def sort(self, key: Any = None, reverse: bool = False) -> None:
        """Sort in place."""
        self._change(lambda data: data.sort(key=key, reverse=reverse))

    def reverse(self) -> None:
        """Reverse in place."""
        self._change(lambda data: data.reverse())

    def _change(self, change: Any) -> Any:
        data = self.get_list()
        result = change(data)
        self.set_list(data)
        return result

    @property
    def value(self) -> list[Any]:
        """The list."""
        return self.get_list()

    def get_list(self) -> list[Any]:
        """Return the list: a copy once stored, before that the list itself."""
        return self.base.attributes.get(self._LIST_KEY)  # type: ignore[no-any-return]

    def set_list(self, data: Any) -> None:
        """Set the list."""
        if isinstance(data, List):
            data = data.get_list()
        if not isinstance(data, list):
            raise TypeError("Must supply list type")
        self.base.attributes.set(self._LIST_KEY, data.copy())


register_unwrapper(List, lambda node: node.get_list())
