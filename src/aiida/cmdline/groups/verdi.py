"""The group class of `verdi` and of plugins: verbosity everywhere, suggestions, commands loaded when they are run.

A group may be given a *table* of commands (name → where it is, what it does) instead of the commands: listing, help and
completion then read the table, and only the command that runs is imported. Command lines must start quickly, and the
options we rejected (imports inside functions, one process that stays alive) hide the price instead of avoiding it.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import click

from aiida.cmdline.params.options.overridable import OverridableOption
from aiida.cmdline.params.options.verbosity import VERBOSITY
from aiida.cmdline.utils import session

__all__ = ("LazyCommand", "VerdiCommand", "VerdiCommandGroup", "VerdiContext", "VerdiState")

# Commands of the past, and what people should be told to type instead.
SUGGESTIONS: Mapping[str, tuple[str, ...]] = {
    "import": ("archive import",),
    "export": ("archive create",),
    "calculation": ("calcjob", "process"),
    "calc": ("calcjob", "process"),
    "work": ("process",),
    "workflow": ("process",),
    "graph": ("node tree",),
    "comment": ("node comment",),
    "database": ("storage",),
    "rehash": ("node rehash",),
    "install": ("presto", "profile setup"),
    "setup": ("profile setup", "presto"),
    "quicksetup": ("presto", "profile setup"),
}


_ELSEWHERE = "is not built into Radames yet. aiida-core 2.9.4 opens the same profile as it is: its `{path}` does the work."
# Commands of aiida-core that are not there yet, by the group and their name.
NOT_YET: frozenset[tuple[str, str]] = frozenset(
    {("verdi", "archive"), ("verdi", "restapi"), ("node", "graph"), ("process", "dump"), ("group", "dump"), ("profile", "dump")}
)


@dataclass(frozen=True)
class LazyCommand:
    """Where a command is, and the line that the help of its group shows."""

    path: str
    short_help: str
    hidden: bool = False
    deprecated: bool = False

    def load(self) -> click.Command:
        """Import the module of the command and return the command."""
        module, _, attribute = self.path.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command), f"{self.path} is not a command"
        return command


class VerdiState(MutableMapping[str, Any]):
    """What commands share in `ctx.obj`: the configuration and the profile, found when first asked for."""

    def __init__(self, **values: Any) -> None:
        self.__dict__["_values"] = dict(values)

    def __getitem__(self, key: str) -> Any:
        if key not in self._values and key in ("config", "profile"):
            self._values[key] = session.find_config() if key == "config" else session.find_default_profile()
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class VerdiContext(click.Context):
    """A context that always has a state, whether the command is run by `verdi` or alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.obj is None:
            self.obj = VerdiState()
        if session.is_colour_refused():
            self.color = False


class VerdiCommand(click.Command):
    """A command with the context above and with `-h`."""

    context_class = VerdiContext

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {}).setdefault("help_option_names", ["-h", "--help"])
        super().__init__(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; of one that will go away say what to use instead, in our manner rather than click's."""
        if self.deprecated:
            advice = self.deprecated if isinstance(self.deprecated, str) else f"`{ctx.command_path}` will go away."
            click.echo(click.style("Deprecated: ", fg="red", bold=True) + advice, err=True)
        return None if self.callback is None else ctx.invoke(self.callback, **ctx.params)


class VerdiCommandGroup(click.Group):
    """A group whose commands all know `-v/--verbosity`, and that suggests what may have been meant."""

    context_class = VerdiContext
    command_class = VerdiCommand

    def __init__(self, *args: Any, lazy: Mapping[str, LazyCommand] | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {}).setdefault("help_option_names", ["-h", "--help"])
        super().__init__(*args, **kwargs)
        self.lazy: Mapping[str, LazyCommand] = lazy or {}

    @staticmethod
    def add_verbosity_option(cmd: click.Command) -> click.Command:
        """Add the verbosity option, unless the command has one; without `-v` if that means something else to the command."""
        if any(parameter.name == "verbosity" for parameter in cmd.params):
            return cmd
        taken = {name for parameter in cmd.params for name in (*parameter.opts, *parameter.secondary_opts)}
        free = [name for name in VERBOSITY.args if name not in taken]
        decorated: click.Command = OverridableOption(*free, **VERBOSITY.kwargs)(expose_value=False)(cmd)
        return decorated

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.lazy, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or explain which ones look like it."""
        command = super().get_command(ctx, cmd_name)
        if command is None and cmd_name in self.lazy:
            command = self.lazy[cmd_name].load()
        if command is not None:
            return self.add_verbosity_option(command)
        if not ctx.resilient_parsing:
            self.fail_with_suggestions(ctx, cmd_name)
        return None

    def fail_with_suggestions(self, ctx: click.Context, cmd_name: str) -> None:
        """Fail the context, naming the commands that look like the one that was asked for."""
        if (str(self.name), cmd_name) in NOT_YET:
            path = f"{ctx.command_path} {cmd_name}"
            ctx.fail(f"`{path}` {_ELSEWHERE.format(path=path)}")
        known = self.list_commands(ctx)
        similar = [*difflib.get_close_matches(cmd_name, known), *(name for name in known if cmd_name and cmd_name in name)]
        matches = sorted(set(similar)) or [hint for hint in SUGGESTIONS.get(cmd_name, ()) if self.has_path(ctx, hint)]
        if matches:
            listed = "\n".join(f"\t{match}" for match in matches)
            ctx.fail(f"`{cmd_name}` is not a {self.name} command.\n\nThe most similar commands are:\n{listed}")
        ctx.fail(f"`{cmd_name}` is not a {self.name} command.\n\nNo similar commands found.")

    def has_path(self, ctx: click.Context, path: str) -> bool:
        """Return whether the first word of a path of commands exists here."""
        return path.split()[0] in self.list_commands(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands; those of the table are not imported for it."""
        lines = [(name, line) for name in self.list_commands(ctx) if (line := self.describe(ctx, name)) is not None]
        if lines:
            with formatter.section("Commands"):
                formatter.write_dl(lines)

    def describe(self, ctx: click.Context, name: str) -> str | None:
        """Return the line of help of a command, None if it is hidden."""
        if (entry := self.lazy.get(name)) is not None:
            return None if entry.hidden else entry.short_help + ("  (deprecated)" if entry.deprecated else "")
        command = self.get_command(ctx, name)
        return None if command is None or command.hidden else command.get_short_help_str(limit=100)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete the names of commands from the table."""
        from_click = click.shell_completion.CompletionItem
        own = [from_click(n, help=e.short_help) for n, e in self.lazy.items() if n.startswith(incomplete) and not e.hidden]
        shown = {item.value for item in own}
        names = [n for n in super().list_commands(ctx) if n.startswith(incomplete) and n not in shown and n not in self.lazy]
        commands = [(n, click.Group.get_command(self, ctx, n)) for n in names]
        eager = [from_click(n, help=c.get_short_help_str()) for n, c in commands if c is not None and not c.hidden]
        return own + eager + click.Command.shell_complete(self, ctx, incomplete)

    def group(self, *args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], VerdiCommandGroup]:  # type: ignore[override]
        """Make a sub-group of the same class, unless another is asked for."""
        if args and callable(args[0]):
            return super().group(cls=VerdiCommandGroup)(args[0])
        decorate: Callable[[Callable[..., Any]], VerdiCommandGroup] = super().group(*args, **{"cls": VerdiCommandGroup, **kwargs})
        return decorate
