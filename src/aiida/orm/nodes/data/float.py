"""Float: a real number as a node."""

from __future__ import annotations

from typing import ClassVar

from aiida.orm.cleaning import register_unwrapper
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.numeric import NumericType

__all__ = ("Float",)


class Float(NumericType):
    """A node that holds a real number."""

    _known_node_type = "data.core.float.Float."
    _type = float

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (add_field("value", dtype=float, doc="The value of the data", is_attribute=True),)


register_unwrapper(Float, lambda node: node.value)
