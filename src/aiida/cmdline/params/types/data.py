"""Data nodes named on the command line."""

from __future__ import annotations

from aiida.cmdline.params.types.identifier import IdentifierParamType
from aiida.orm.utils import loaders

__all__ = ("DataParamType",)


class DataParamType(IdentifierParamType):
    """The pk, uuid or label of a data node."""

    name = "Data"

    @property
    def orm_class_loader(self) -> type[loaders.DataEntityLoader]:
        """Return the loader of data nodes."""
        return loaders.DataEntityLoader
