"""Nodes named on the command line."""

from __future__ import annotations

from aiida.cmdline.params.types.identifier import IdentifierParamType
from aiida.orm.utils import loaders

__all__ = ("NodeParamType",)


class NodeParamType(IdentifierParamType):
    """The pk, uuid or label of a node."""

    name = "Node"

    @property
    def orm_class_loader(self) -> type[loaders.NodeEntityLoader]:
        """Return the loader of nodes."""
        return loaders.NodeEntityLoader
