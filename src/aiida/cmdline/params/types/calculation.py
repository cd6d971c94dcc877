"""Calculations named on the command line."""

from __future__ import annotations

from aiida.cmdline.params.types.identifier import IdentifierParamType
from aiida.orm.utils import loaders

__all__ = ("CalculationParamType",)


class CalculationParamType(IdentifierParamType):
    """The pk, uuid or label of a calculation."""

    name = "Calculation"

    @property
    def orm_class_loader(self) -> type[loaders.CalculationEntityLoader]:
        """Return the loader of calculations."""
        return loaders.CalculationEntityLoader
