"""Workflows named on the command line."""

from __future__ import annotations

from aiida.cmdline.params.types.identifier import IdentifierParamType
from aiida.orm.utils import loaders

__all__ = ("WorkflowParamType",)


class WorkflowParamType(IdentifierParamType):
    """The pk, uuid or label of a workflow."""

    name = "WorkflowNode"

    @property
    def orm_class_loader(self) -> type[loaders.WorkflowEntityLoader]:
        """Return the loader of workflows."""
        return loaders.WorkflowEntityLoader
