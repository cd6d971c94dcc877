"""Bool: true or false as a node."""

from __future__ import annotations

from typing import ClassVar

from aiida.orm.cleaning import register_unwrapper
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.base import BaseType

__all__ = ("Bool",)


class Bool(BaseType):
    """A node that holds true or false."""

    _known_node_type = "data.core.bool.Bool."
    _type = bool

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (add_field("value", dtype=bool, doc="The value of the data", is_attribute=True),)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __int__(self) -> int:
        return int(self.value)


register_unwrapper(Bool, lambda node: node.value)
