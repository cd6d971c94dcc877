"""The command tree of `verdi` as data: that of aiida-core 2.9.4 as recorded, and ours by introspection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from aiida.cmdline.commands.cmd_verdi import verdi

RECORD = Path(__file__).with_name("verdi_tree.txt")
ALWAYS = {"--help", "-h", "--verbosity", "-v"}


@dataclass
class Command:
    """The flags of its options and the number of its arguments."""

    flags: set[str] = field(default_factory=set)
    arguments: list[str] = field(default_factory=list)


def read_record() -> dict[str, Command]:
    """Return the recorded tree by path of command."""
    found: dict[str, Command] = {}
    current = Command()
    for line in RECORD.read_text().splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("verdi"):
            path = re.split(r" \[group\]| \(", text)[0].strip()
            current = found[path] = Command()
        elif text.startswith("ARG "):
            current.arguments.append(text.split()[1].lower())
        else:
            current.flags |= set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", text.split("  ")[0]))
    for command in found.values():
        command.flags -= ALWAYS
    return found


def walk(command: click.Command, path: str, parent: click.Context | None) -> Iterator[tuple[str, click.Command]]:
    """Yield all commands with their paths."""
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command, info_name=path.split()[-1], parent=parent)
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None, f"{path} {name} is listed but cannot be loaded"
            yield from walk(found, f"{path} {name}", ctx)


def read_ours() -> dict[str, Command]:
    """Return our tree by path of command."""
    found = {}
    for path, command in walk(verdi, "verdi", None):
        flags = {flag for p in command.params if isinstance(p, click.Option) for flag in (*p.opts, *p.secondary_opts)}
        found[path] = Command(flags - ALWAYS, [p.name or "" for p in command.params if isinstance(p, click.Argument)])
    return found
