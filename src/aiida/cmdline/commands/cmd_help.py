"""`verdi help`."""

from __future__ import annotations

import click

from aiida.cmdline.groups.verdi import VerdiCommand

__all__ = ("verdi_help",)


@click.command("help", cls=VerdiCommand)
@click.argument("command", type=click.STRING, nargs=-1)
@click.pass_context
def verdi_help(ctx: click.Context, /, command: tuple[str, ...]) -> None:
    """Show the help of a command: `verdi help process list`."""
    assert ctx.parent is not None
    current, found = ctx.parent, ctx.parent.command
    for word in command:
        if not isinstance(found, click.Group):
            ctx.fail(f"`{current.command_path}` has no sub-commands")
        sub = found.get_command(current, word)
        if sub is None:
            ctx.fail(f"`{word}` is not a command of `{current.command_path}`")
        found = sub
        current = type(current)(found, info_name=word, parent=current)
    click.echo(found.get_help(current))
