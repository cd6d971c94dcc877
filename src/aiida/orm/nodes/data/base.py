"""Base types: nodes that hold one plain value; and the way from a plain value to its node."""

from __future__ import annotations

from enum import Enum
from functools import singledispatch
from numbers import Integral, Real
from typing import Any, ClassVar

from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.data import Data
from aiida.plugins.entry_point import load_entry_point

__all__ = ("BaseType", "to_aiida_type")


# Which data type holds which plain type, by entry point; the first that fits. Plugins register further ones.
_HOLDERS: tuple[tuple[type[Any], str], ...] = (
    (bool, "core.bool"),
    (Enum, "core.enum"),
    (Integral, "core.int"),
    (Real, "core.float"),
    (str, "core.str"),
    (list, "core.list"),
    (dict, "core.dict"),
)


@singledispatch
def to_aiida_type(value: Any) -> Any:
    """Return the node for a plain value; other types take part by `to_aiida_type.register`."""
    if type(value).__module__ == "numpy":
        return _from_numpy(value)
    for kind, entry_point in _HOLDERS:
        if isinstance(value, kind):
            return load_entry_point("aiida.data", entry_point)(value)
    raise TypeError(f"Cannot convert value of type {type(value)} to AiiDA type.")


def _from_numpy(value: Any) -> Any:
    """Make an array node of an array, and of a scalar what its plain value makes."""
    if type(value).__name__ == "ndarray":
        return load_entry_point("aiida.data", "core.array")(value)
    if hasattr(value, "item"):
        return to_aiida_type(value.item())
    raise TypeError(f"Cannot convert value of type {type(value)} to AiiDA type.")


class BaseType(Data):
    """A node that holds one value of the class's type."""

    _known_node_type = "data.base.BaseType."
    _type: ClassVar[type[Any] | None] = None

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (add_field("value", dtype=Any, doc="The value of the data", is_attribute=True),)

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        if self._type is None:
            raise RuntimeError("Derived class must define the `_type` class member")
        super().__init__(**kwargs)
        self.value = self._type() if value is None and "value" not in self._row.attributes else value

    @property
    def value(self) -> Any:
        """The value."""
        return self._row.attributes.get("value")

    @value.setter
    def value(self, value: Any) -> None:
        assert self._type is not None
        self.base.attributes.set("value", self._type(value))

    def __str__(self) -> str:
        return f"{super().__str__()} value: {self.value}"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, BaseType):
            return bool(self.value == other.value)
        return bool(self.value == other)

    __hash__ = None  # type: ignore[assignment]

    def new(self, value: Any = None) -> BaseType:
        """Return a new unstored node of this class."""
        return self.__class__(value)
