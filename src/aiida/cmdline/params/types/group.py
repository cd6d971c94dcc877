"""Groups named on the command line."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from aiida import orm, plugins
from aiida.cmdline.params.types.identifier import IdentifierParamType
from aiida.cmdline.utils import decorators
from aiida.orm.utils import loaders

__all__ = ("GroupParamType",)


class GroupParamType(IdentifierParamType):
    """The pk, uuid or label of a group; it may be made if there is none."""

    name = "Group"

    def __init__(self, create_if_not_exist: bool = False, sub_classes: tuple[str, ...] = ("aiida.groups:core",)) -> None:
        if create_if_not_exist and len(sub_classes) != 1:
            raise ValueError("`sub_classes` can at most contain one entry point if `create_if_not_exist=True`")
        super().__init__(sub_classes)
        self._create_if_not_exist = create_if_not_exist

    @property
    def orm_class_loader(self) -> type[loaders.GroupEntityLoader]:
        """Return the loader of groups."""
        return loaders.GroupEntityLoader

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the labels that begin so."""
        decorators.load_backend_if_not_loaded()
        labels = orm.QueryBuilder().append(orm.Group, project="label").all(flat=True)
        return [CompletionItem(label) for label in labels if label.startswith(incomplete)]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the group; a label that is unknown makes one, if that was asked for."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            if not self._create_if_not_exist:
                raise
            assert self._sub_classes is not None
            cls = plugins.entry_point.load_entry_point_from_string(self._sub_classes[0])
            return cls(label=str(value)).store()
