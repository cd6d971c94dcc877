"""The root of `verdi`, and the last resort for errors that nobody turned into a message."""

from __future__ import annotations

import sys
import traceback
from typing import Any, NoReturn

import click

import aiida
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.lazy import COMMANDS
from aiida.cmdline.params.options.verbosity import VERBOSITY
from aiida.cmdline.params.types.profile import ProfileParamType
from aiida.cmdline.utils import echo, installation, session

__all__ = ("VerdiCommandGroup", "verdi")


class VerdiRoot(VerdiCommandGroup):
    """Turn what escapes into one message; only when run as a program, so that tests of commands see the exceptions."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        session.take_terminal()
        if (rival := installation.find_rival()) is not None:
            echo.echo_warning(installation.CONFLICT.format(version=rival), err=True)
        try:
            return self.main(*args, **kwargs)
        except Exception as error:
            explain(error)


def explain(error: Exception) -> NoReturn:
    """Print what went wrong and what to do, and exit."""
    if session.get_level() <= session.LEVELS["debug"]:
        traceback.print_exception(error)
    name, text = type(error).__name__, echo.brief(error)
    is_ours = type(error).__module__.startswith("aiida.")
    if is_ours or (isinstance(error, OSError) and error.errno in echo.ADVICE):
        echo.echo_critical(text)
    echo.echo_critical(f"{name}: {text}\nThis was not foreseen. `verdi -v debug {' '.join(sys.argv[1:])}` shows the traceback.")


def show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    """Print the version and leave."""
    if value and not ctx.resilient_parsing:
        click.echo(f"AiiDA version {aiida.__version__}")
        if session.get_level() <= session.LEVELS["info"]:
            click.echo(f"Radames version {aiida.radames_version}")
        ctx.exit()


@click.command("verdi", cls=VerdiRoot, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-p", "--profile", type=ProfileParamType(), expose_value=False, help="Use this profile instead of the default one.")
@VERBOSITY()
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help="Show the version and exit.")
def verdi() -> None:
    """Radames: workflows that survive every crash, with full provenance, on the command line of AiiDA."""
