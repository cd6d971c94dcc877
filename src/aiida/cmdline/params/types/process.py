"""Processes named on the command line."""

from __future__ import annotations

from aiida.cmdline.params.types.identifier import IdentifierParamType
from aiida.orm.utils import loaders

__all__ = ("ProcessParamType",)


class ProcessParamType(IdentifierParamType):
    """The pk, uuid or label of a process."""

    name = "Process"

    @property
    def orm_class_loader(self) -> type[loaders.ProcessEntityLoader]:
        """Return the loader of processes."""
        return loaders.ProcessEntityLoader
