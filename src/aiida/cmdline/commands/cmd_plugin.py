"""`verdi plugin`."""

from __future__ import annotations

import inspect
import subprocess
from typing import Any

import click

from aiida.cmdline import utils
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import types
from aiida.cmdline.utils import echo, installation
from aiida.common import exceptions
from aiida.plugins import entry_point as entry_points

__all__ = ("verdi_plugin",)


def valid_groups() -> tuple[str, ...]:
    """Return the groups of entry points."""
    return tuple(entry_points.ENTRY_POINT_GROUP_TO_MODULE_PATH_MAP)


@click.group("plugin", cls=VerdiCommandGroup)
def verdi_plugin() -> None:
    """List plugins and what they need, install them."""


@verdi_plugin.command("list")
@click.argument("entry_point_group", type=types.LazyChoice(valid_groups), required=False, metavar="[GROUP]")
@click.argument("entry_point", type=click.STRING, required=False)
def plugin_list(entry_point_group: str | None, entry_point: str | None) -> None:
    """List the groups of plugins, the plugins of a GROUP, or say what one of them takes and gives."""
    if entry_point_group is None:
        echo.echo_report("Available entry point groups:")
        for group in sorted(valid_groups()):
            echo.echo(f"* {group}")
        echo.echo_report("Pass one of the groups as an additional argument to show the registered plugins")
    elif entry_point is None:
        _print_group(entry_point_group)
    else:
        _print_plugin(entry_point_group, entry_point)


def _print_group(group: str) -> None:
    names = entry_points.get_entry_point_names(group)
    if not names:
        echo.echo_error(f"No plugins found for group {group}")
        return
    echo.echo(f"Registered entry points for {group}:")
    for name in names:
        echo.echo(f"* {name}")
    echo.echo("")
    echo.echo_report("Pass the entry point as an argument to display detailed information")


def _print_plugin(group: str, name: str) -> None:
    try:
        plugin: Any = entry_points.load_entry_point(group, name)
    except exceptions.EntryPointError as error:
        echo.echo_critical(echo.brief(error))
    if (inspect.isclass(plugin) and hasattr(plugin, "spec")) or hasattr(plugin, "process_class"):
        utils.common.print_process_info(plugin)
        return
    text = inspect.getdoc(plugin)
    if text is None:
        echo.echo_error(f"No description available for {name}")
    else:
        echo.echo(text)


@verdi_plugin.command("install")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-U", "--upgrade", is_flag=True, help="Take the newest version of what is installed already, too.")
def plugin_install(names: tuple[str, ...], upgrade: bool) -> None:
    """Install packages with plugins: a name, `name==version`, a folder or an address, as for pip.

    Most of them require a distribution called `aiida-core`. Here that is one without a package `aiida`, which depends on
    Radames; so no other `aiida` is laid over this one.
    """
    command = installation.install_command()
    if command is None:
        echo.echo_critical("there is neither pip in this environment nor uv on the PATH: `python -m ensurepip` brings pip")
    compat = installation.find_compat()
    if compat is None:
        echo.echo_critical(
            "the distribution that stands for aiida-core is not here: this installation of Radames is not complete, install it again"
        )
    flags = ["--upgrade"] if upgrade else []
    done = subprocess.run([*command, *flags, str(compat), *names], check=False)
    if done.returncode:
        echo.echo_critical(f"nothing was installed: {command[0] if 'uv' in command[0] else 'pip'} says why above")
    if (rival := installation.find_rival()) is not None:
        echo.echo_critical(installation.CONFLICT.format(version=rival))
    echo.echo_success(f"installed {', '.join(names)}: `verdi plugin list` shows what came. Restart the daemon, if it runs, to make it known there.")
