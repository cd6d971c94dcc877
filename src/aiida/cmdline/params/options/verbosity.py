"""The option `-v/--verbosity`, apart from the others because every command has it and must stay quick to start."""

from __future__ import annotations

import click

from aiida.cmdline.params.options.overridable import OverridableOption
from aiida.cmdline.utils import session

__all__ = ("VERBOSITY", "set_log_level")


def set_log_level(ctx: click.Context, _param: click.Parameter | None, value: str | None) -> str | None:
    """Apply the level; a command that is run on its own or first goes back to the default."""
    if value is not None or ctx.parent is None:
        session.set_level(value)
    return value


VERBOSITY = OverridableOption(
    "-v",
    "--verbosity",
    type=click.Choice(list(session.LEVELS), case_sensitive=False),
    callback=set_log_level,
    expose_value=False,
    is_eager=True,
    help="How much to print: only messages of this level and above.",
)
