"""Str: a text as a node."""

from __future__ import annotations

from typing import ClassVar

from aiida.orm.cleaning import register_unwrapper
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.base import BaseType

__all__ = ("Str",)


class Str(BaseType):
    """A node that holds a text."""

    _known_node_type = "data.core.str.Str."
    _type = str

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (add_field("value", dtype=str, doc="The value of the data", is_attribute=True),)


register_unwrapper(Str, lambda node: node.value)
