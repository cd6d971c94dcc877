"""What is common to all entities that are named by pk, uuid or label."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import click

from aiida import plugins
from aiida.cmdline.params.types.base import AnyParamType
from aiida.cmdline.utils import decorators
from aiida.common import exceptions

__all__ = ("IdentifierParamType",)


class IdentifierParamType(AnyParamType, ABC):
    """Load the entity that a pk, uuid or label stands for."""

    def __init__(self, sub_classes: tuple[str, ...] | None = None) -> None:
        """Accept only some classes, named as `group:entry point`."""
        super().__init__()
        if sub_classes is not None and not isinstance(sub_classes, tuple):
            raise TypeError("sub_classes should be a tuple of entry point strings")
        self._sub_classes = sub_classes
        self._entry_points: list[Any] = []

    @property
    @abstractmethod
    def orm_class_loader(self) -> Any:
        """Return the class that loads entities of this kind."""

    def _get_query_classes(self, loader: Any) -> tuple[type, ...] | None:
        """Return the classes that are accepted, None for all that the loader knows."""
        if not self._sub_classes:
            return None
        base = loader.orm_base_class
        found = []
        for name in self._sub_classes:
            try:
                cls = plugins.entry_point.load_entry_point_from_string(name)
            except exceptions.EntryPointError as error:
                raise RuntimeError(f"failed to load entry point `{name}`: {error}") from error
            if not (isinstance(cls, type) and issubclass(cls, base)):
                raise RuntimeError(f"the class of `{name}` is not a {base.__name__}, so it cannot restrict this parameter")
            found.append(cls)
        return tuple(found)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the entity, or fail with what was looked for."""
        loader = self.orm_class_loader
        if not value:
            raise click.BadParameter("the value for the identifier cannot be empty", param=param, ctx=ctx)
        if not isinstance(value, (str, int)):
            return value  # a default or a call from Python already gives the entity
        decorators.load_dbenv()
        try:
            return self._load(loader, str(value))
        except (exceptions.MultipleObjectsError, exceptions.NotExistent, ValueError) as error:
            raise click.BadParameter(str(error), param=param, ctx=ctx) from error
        except RuntimeError as error:
            raise click.BadParameter(str(error), param=param, ctx=ctx) from error

    def _load(self, loader: Any, value: str) -> Any:
        """Return the entity; what reads like a piece of a uuid (`c2`) may be a label all the same."""
        classes = self._get_query_classes(loader)
        try:
            return loader.load_entity(value, sub_classes=classes)
        except exceptions.NotExistent as error:
            if value.endswith("!") or value.isdigit():
                raise
            try:
                return loader.load_entity(f"{value}!", sub_classes=classes)  # the mark that asks for a label
            except (exceptions.NotExistent, ValueError):
                raise error from None
