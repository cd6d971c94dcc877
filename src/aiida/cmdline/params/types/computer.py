"""Computers named on the command line, and the lines of text that describe one."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem
from click.types import StringParamType

from aiida import orm
from aiida.cmdline.params.types.identifier import IdentifierParamType
from aiida.cmdline.utils import decorators, session
from aiida.orm.utils import loaders

__all__ = ("ComputerParamType", "MpirunCommandParamType", "ShebangParamType")


class ComputerParamType(IdentifierParamType):
    """The pk, uuid or label of a computer."""

    name = "Computer"

    @property
    def orm_class_loader(self) -> type[loaders.ComputerEntityLoader]:
        """Return the loader of computers."""
        return loaders.ComputerEntityLoader

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the labels that begin so."""
        decorators.load_backend_if_not_loaded()
        labels = orm.QueryBuilder().append(orm.Computer, project="label").all(flat=True)
        return [CompletionItem(label) for label in labels if label.startswith(incomplete)]


class ShebangParamType(StringParamType):
    """The first line of a script."""

    name = "shebangline"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the line, which must begin with `#!`."""
        text = str(super().convert(value, param, ctx))
        if not text.startswith("#!"):
            self.fail(f"the shebang line should start with the two characters '#!', it is instead: {text}", param, ctx)
        return text


class MpirunCommandParamType(StringParamType):
    """The command that runs something in parallel, with the placeholders that schedulers fill."""

    name = "mpiruncommandstring"

    def __repr__(self) -> str:
        return "MPIRUNCOMMANDSTRING"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the command; placeholders that the scheduler does not know are refused."""
        text = str(super().convert(value, param, ctx))
        if ctx is None or not (scheduler := session.given(ctx, "scheduler")):
            return text
        cls = scheduler.load() if hasattr(scheduler, "load") else scheduler
        known = dict.fromkeys((*cls.job_resource_class.get_valid_keys(), "tot_num_mpiprocs"))
        try:
            text.format(**dict.fromkeys(known, "value"))
        except KeyError as error:
            self.fail(f"unknown placeholder {error} in the mpirun command; known are: {', '.join(known)}", param, ctx)
        except (ValueError, IndexError) as error:
            self.fail(f"cannot be used as a template: {error}", param, ctx)
        return text
