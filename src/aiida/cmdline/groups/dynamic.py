"""A group with a command for every plugin of an entry-point group, whose options are the settings that the plugin declares."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import click

from aiida.cmdline import fields
from aiida.cmdline.groups.verdi import VerdiCommand, VerdiCommandGroup
from aiida.cmdline.params import options
from aiida.cmdline.params.options.interactive import InteractiveOption
from aiida.cmdline.utils import echo
from aiida.plugins import entry_point as entry_points

__all__ = ("DynamicEntryPointCommandGroup",)


class DynamicEntryPointCommandGroup(VerdiCommandGroup):
    """`command(ctx, cls, **settings)` is called with the class of the plugin and the settings that were given."""

    def __init__(
        self,
        command: Callable[..., Any],
        entry_point_group: str,
        entry_point_name_filter: str = r".*",
        shared_options: list[Callable[[Any], Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._command = command
        self.entry_point_group = entry_point_group
        self.entry_point_name_filter = entry_point_name_filter
        self.factory = functools.partial(entry_points.load_entry_point, entry_point_group)
        self.shared_options = shared_options

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands of the group, and the plugins that can be set up."""
        names = entry_points.get_entry_point_names(self.entry_point_group)
        found = [name for name in names if re.match(self.entry_point_name_filter, name) and self.can_create(name)]
        return sorted({*super().list_commands(ctx), *found})

    def can_create(self, name: str) -> bool:
        """Return whether the plugin can be imported and declares settings."""
        try:
            return bool(fields.fields_of_class(self.factory(name)))
        except Exception:  # one broken plugin must not take the help of the others along
            return False

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a plugin."""
        names = entry_points.get_entry_point_names(self.entry_point_group)
        if cmd_name in names and re.match(self.entry_point_name_filter, cmd_name):
            return self.add_verbosity_option(self.create_command(ctx, cmd_name))
        return super().get_command(ctx, cmd_name)

    def call_command(self, ctx: click.Context, cls: Any, non_interactive: bool, **kwargs: Any) -> Any:
        """Call the function behind all commands, without what was left open."""
        return self._command(ctx, cls, **kwargs)

    def create_command(self, ctx: click.Context, entry_point: str) -> click.Command:
        """Return the command of a plugin, with its options."""
        cls = self.factory(entry_point)
        help_text = (cls.__doc__ or f"Set up `{entry_point}`.").strip().split("\n\n")[0]
        command = VerdiCommand(name=entry_point, callback=click.pass_context(lambda context, **given: self.call_command(context, cls, **given)), help=help_text)
        decorated: click.Command = self.create_options(entry_point)(command)
        return decorated

    def create_options(self, entry_point: str) -> Callable[[Any], Any]:
        """Return the decorator that adds all options of a plugin."""

        def apply(command: Any) -> Any:
            last = (options.CONFIG_FILE(), options.NON_INTERACTIVE())
            for option in (*(self.shared_options or ()), *self.list_options(entry_point), *last):
                command = option(command)
            return command

        return apply

    def list_options(self, entry_point: str) -> list[Callable[[Any], Any]]:
        """Return a decorator for every setting of a plugin."""
        cls = self.factory(entry_point)
        found = fields.fields_of_class(cls)
        if not found:
            echo.echo_deprecated(f"`{entry_point}` ({cls.__module__}.{cls.__name__}) declares no settings, so it cannot be set up from here.")
        return [fields.to_option(setting) for setting in found]

    @staticmethod
    def create_option(name: str, spec: dict[str, Any]) -> Callable[[Any], Any]:
        """Return the option of a setting given as a dictionary, as plugins write them."""
        given = dict(spec)
        names = (given.pop("short_name"),) if given.get("short_name") else ()
        given.pop("short_name", None)
        is_flag = given.get("is_flag") or given.get("type") is bool
        flag = name.replace("_", "-")
        if is_flag:
            given.update(is_flag=True)
            given.pop("type", None)
        option_class = given.pop("option_cls", InteractiveOption)
        return click.option(*names, f"--{flag}/--no-{flag}" if is_flag else f"--{flag}", name, cls=option_class, **given)
