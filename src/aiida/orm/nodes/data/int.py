"""Int: a whole number as a node."""

from __future__ import annotations

from typing import ClassVar

from aiida.orm.cleaning import register_unwrapper
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.numeric import NumericType

__all__ = ("Int",)


class Int(NumericType):
    """A node that holds a whole number."""

    _known_node_type = "data.core.int.Int."
    _type = int

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (add_field("value", dtype=int, doc="The value of the data", is_attribute=True),)


register_unwrapper(Int, lambda node: node.value)
