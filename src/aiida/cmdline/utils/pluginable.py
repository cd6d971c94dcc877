"""A group to which plugins attach commands by entry point."""

from __future__ import annotations

import importlib.util
from typing import Any

import click

from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.utils import echo
from aiida.common import exceptions
from aiida.plugins import entry_point as entry_points

__all__ = ("Pluginable", "find_names")


def find_names(group: str) -> list[str]:
    """Return the plugins of a group whose modules are there; nothing is imported but the packages above them."""
    return [name for name in entry_points.get_entry_point_names(group) if _is_there(entry_points.get_entry_point(group, name).value)]


def _is_there(value: str) -> bool:
    try:
        return importlib.util.find_spec(value.partition(":")[0]) is not None
    except (ImportError, AttributeError):
        return False


class Pluginable(VerdiCommandGroup):
    """`entry_point_group` names where the commands of plugins are found."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._exclude_external_plugins = False
        self._entry_point_group = kwargs.pop("entry_point_group")
        super().__init__(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands of the group and of plugins."""
        names = find_names(self._entry_point_group)
        if self._exclude_external_plugins:
            names = [name for name in names if name.startswith("core.")]
        return sorted({*super().list_commands(ctx), *names})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command; that of a plugin is imported now."""
        if name in entry_points.get_entry_point_names(self._entry_point_group):
            try:
                command: click.Command = entry_points.load_entry_point(self._entry_point_group, name)
            except exceptions.EntryPointError as error:
                echo.echo_critical(f"the commands of the plugin `{name}` cannot be loaded: {echo.brief(error)}")
            return command if name.startswith("core.") else self.add_verbosity_option(command)
        return super().get_command(ctx, name)

    def set_exclude_external_plugins(self, exclude_external_plugins: bool) -> None:
        """Set whether only what is shipped is shown."""
        self._exclude_external_plugins = exclude_external_plugins
