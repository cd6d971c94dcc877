"""`verdi shell`."""

from __future__ import annotations

import click

from aiida.cmdline.groups.verdi import VerdiCommand
from aiida.cmdline.utils import decorators, echo
from aiida.cmdline.utils.shell import AVAILABLE_SHELLS, plain, run_shell

__all__ = ("verdi_shell",)


@click.command("shell", cls=VerdiCommand)
@click.option("--plain", "is_plain", is_flag=True, help="Use Python's own shell.")
@click.option("--no-startup", is_flag=True, help="In that shell, do not run the file named by PYTHONSTARTUP.")
@click.option("-i", "--interface", type=click.Choice(list(AVAILABLE_SHELLS)), help="Shell to use.")
@decorators.with_dbenv()
def verdi_shell(is_plain: bool, no_startup: bool, interface: str | None) -> None:
    """Open a Python shell with the profile loaded."""
    if is_plain:
        plain(no_startup)
        return
    try:
        run_shell(interface)
    except ImportError as error:
        echo.echo_critical(str(error))
