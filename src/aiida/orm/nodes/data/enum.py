"""EnumData: a member of a Python enumeration as a node."""

from __future__ import annotations

import sys
from enum import Enum
from importlib import import_module
from typing import Any, ClassVar, TypeVar, cast

from aiida.common.lang import type_check
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.data import Data

__all__ = ("EnumData",)

EnumType = TypeVar("EnumType", bound=Enum)


class EnumData(Data):
    """A member of an enumeration: its name, its value, and where its class is."""

    _known_node_type = "data.core.enum.EnumData."
    KEY_NAME: ClassVar[str] = "name"
    KEY_VALUE: ClassVar[str] = "value"
    KEY_IDENTIFIER: ClassVar[str] = "identifier"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("name", dtype=str, doc="The name of the member", is_attribute=True),
        add_field("value", dtype=Any, doc="The value of the member", is_attribute=True),
        add_field("identifier", dtype=str, doc="The import path of the enumeration", is_attribute=True),
    )

    def __init__(self, member: Enum, *args: Any, **kwargs: Any) -> None:
        type_check(member, Enum)
        super().__init__(*args, **kwargs)
        cls = type(member)
        self._check_importable(cls)
        self.base.attributes.set_many(
            {
                self.KEY_NAME: member.name,
                self.KEY_VALUE: member.value,
                self.KEY_IDENTIFIER: f"{cls.__module__}:{cls.__qualname__}",
            }
        )

    @staticmethod
    def _check_importable(enum: type[Enum]) -> None:
        """Raise unless the class is found again by its path: what nobody can read is not stored."""
        found: Any = sys.modules.get(enum.__module__)
        for name in enum.__qualname__.split("."):
            found = getattr(found, name, None)
        if found is not enum:
            raise ValueError(f"the enumeration `{enum.__module__}:{enum.__qualname__}` cannot be imported by that path: {enum!r} is not there")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, EnumData):
            try:
                return bool(self.get_member() == other.get_member())
            except (ImportError, ValueError):
                return False
        if isinstance(other, Enum):
            try:
                return bool(self.get_member() == other)
            except (ImportError, ValueError):
                return False
        return False

    __hash__ = None  # type: ignore[assignment]

    @property
    def name(self) -> str:
        """The name of the member."""
        return cast(str, self.base.attributes.get(self.KEY_NAME))

    @property
    def value(self) -> Any:
        """The value of the member."""
        return self.base.attributes.get(self.KEY_VALUE)

    @property
    def identifier(self) -> str:
        """Where the class is: `module:name`."""
        return cast(str, self.base.attributes.get(self.KEY_IDENTIFIER))

    @property
    def member(self) -> Enum:
        """The member."""
        return self.get_member()

    def get_enum(self) -> type[Enum]:
        """Return the class; `ImportError` or `ValueError` if it cannot be found."""
        module, _, qualname = self.identifier.partition(":")
        try:
            found: Any = import_module(module)
            for name in qualname.split("."):
                found = getattr(found, name)
        except (ImportError, AttributeError, ValueError) as exception:
            raise ImportError(f"enum `{qualname}` could not be loaded from `{module}`") from exception
        if not (isinstance(found, type) and issubclass(found, Enum)):
            raise ImportError(f"`{self.identifier}` is no enumeration")
        return found

    def get_member(self) -> Enum:
        """Return the member; `ValueError` if the class has no such value any more."""
        enum = self.get_enum()
        try:
            return enum(self.value)
        except ValueError as exception:
            raise ValueError(
                f"The stored value `{self.value}` is not a valid value of the enum `{enum}`: the class has changed since"
            ) from exception
