"""Mappings with attribute access."""

from aiida.common.extendeddicts import AttributeDict as AttributesDict
from aiida.common.extendeddicts import AttributesFrozendict

__all__ = ("AttributesDict", "AttributesFrozendict")
