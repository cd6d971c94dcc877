"""Codes named on the command line."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from aiida import orm
from aiida.cmdline.params.types.identifier import IdentifierParamType
from aiida.cmdline.utils import decorators
from aiida.orm.utils import loaders

__all__ = ("ANY_CODE", "CodeParamType")

# Codes of all kinds: their types begin alike, though one kind does not contain the others.
ANY_CODE = {"node_type": {"like": "data.core.code.%"}}


class CodeParamType(IdentifierParamType):
    """The pk, uuid or label (`label@computer`) of a code; `entry_point` asks for a code of that plugin."""

    name = "Code"

    def __init__(self, sub_classes: tuple[str, ...] | None = None, entry_point: str | None = None) -> None:
        super().__init__(sub_classes)
        self._entry_point = entry_point

    @property
    def orm_class_loader(self) -> type[loaders.CodeEntityLoader]:
        """Return the loader of codes."""
        return loaders.CodeEntityLoader

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the labels that begin so."""
        decorators.load_backend_if_not_loaded()
        codes = orm.QueryBuilder().append(orm.Data, filters=ANY_CODE).all(flat=True)
        return [CompletionItem(code.full_label) for code in codes if code.full_label.startswith(str(incomplete))]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the code, and check which plugin it is for."""
        code = super().convert(value, param, ctx)
        if code is not None and self._entry_point is not None and code.default_calc_job_plugin != self._entry_point:
            raise click.BadParameter(
                f"the retrieved Code<{code.full_label}> has plugin type `{code.default_calc_job_plugin}`"
                f" while `{self._entry_point}` is required",
                param=param,
                ctx=ctx,
            )
        return code
