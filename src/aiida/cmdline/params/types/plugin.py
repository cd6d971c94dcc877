"""Plugins named by their entry point."""

from __future__ import annotations

import functools
from typing import Any

import click
from click.shell_completion import CompletionItem

from aiida import plugins
from aiida.cmdline.params.types.strings import EntryPointType
from aiida.common import exceptions
from aiida.plugins import entry_point as entry_points

__all__ = ("PluginParamType",)


class PluginParamType(EntryPointType):
    """An entry point of one or more groups, by its name or as `group:name`; loaded if so asked."""

    name = "plugin"

    def __init__(self, group: str | tuple[str, ...] | None = None, load: bool = False, *args: Any, **kwargs: Any) -> None:
        self.load = load
        self._input_group = group
        super().__init__(*args, **kwargs)

    @functools.cached_property
    def groups(self) -> tuple[str, ...]:
        """Return the groups that are looked in."""
        known = plugins.entry_point.ENTRY_POINT_GROUP_TO_MODULE_PATH_MAP
        if self._input_group is None:
            return tuple(known)
        given = (self._input_group,) if isinstance(self._input_group, str) else tuple(self._input_group)
        groups = tuple(name if name.startswith("aiida.") else f"aiida.{name}" for name in given)
        for name in groups:
            if name not in known:
                raise ValueError(f"entry point group {name} is not recognized")
        return groups

    @property
    def has_potential_ambiguity(self) -> bool:
        """Return whether one name may mean several plugins."""
        return len(self.groups) > 1

    def get_valid_arguments(self) -> list[str]:
        """Return the names that are accepted."""
        if not self.has_potential_ambiguity:
            return sorted(entry_points.get_entry_point_names(self.groups[0]))
        return sorted(f"{group}:{name}" for group in self.groups for name in entry_points.get_entry_point_names(group))

    def get_possibilities(self, incomplete: str = "") -> list[str]:
        """Return the names that begin so."""
        return [name for name in self.get_valid_arguments() if name.startswith(incomplete)]

    def shell_complete(self, ctx: click.Context | None, param: click.Parameter | None, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin so."""
        return [CompletionItem(name) for name in self.get_possibilities(incomplete)]

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what is said when nothing was given."""
        return "Possible arguments are:\n\n" + "\n".join(self.get_valid_arguments())

    def validate_entry_point_group(self, group: str) -> None:
        """Check that the group is one that is looked in."""
        if group not in self.groups:
            raise ValueError(f"entry point group `{group}` is not supported by this parameter; supported are: {', '.join(self.groups)}")

    def get_entry_point_from_string(self, entry_point_string: str) -> Any:
        """Return the entry point of a name, with its group or without."""
        group, _, name = entry_point_string.rpartition(":")
        if group:
            group = group if group.startswith("aiida.") else f"aiida.{group}"
            self.validate_entry_point_group(group)
            return self._get(group, name)
        holders = [g for g in self.groups if name in entry_points.get_entry_point_names(g)]
        if len(holders) > 1:
            raise ValueError(f"entry point '{name}' matches more than one group: {', '.join(holders)}; write it as `group:name`")
        if not holders:
            raise ValueError(f"entry point '{name}' is not valid for any of the allowed entry point groups: {' '.join(self.groups)}")
        return self._get(holders[0], name)

    def _get(self, group: str, name: str) -> Any:
        try:
            return entry_points.get_entry_point(group, name)
        except exceptions.EntryPointError as error:
            raise ValueError(str(error)) from error

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the entry point, or what it stands for."""
        if not isinstance(value, str):
            return value
        group, _, name = value.rpartition(":")
        text = super().convert(name, param, ctx)
        try:
            found = self.get_entry_point_from_string(f"{group}:{text}" if group else text)
        except ValueError as error:
            raise click.BadParameter(str(error), param=param, ctx=ctx) from error
        if not self.load:
            return found
        try:
            return entry_points.load_entry_point(found.group, found.name)
        except exceptions.LoadingEntryPointError as error:
            raise click.BadParameter(str(error), param=param, ctx=ctx) from error
