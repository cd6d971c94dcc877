"""`verdi completioncommand`."""

from __future__ import annotations

import os

import click

from aiida.cmdline.groups.verdi import VerdiCommand

__all__ = ("verdi_completioncommand",)

_LINES = {
    "bash": 'eval "$(_VERDI_COMPLETE=bash_source verdi)"',
    "zsh": 'eval "$(_VERDI_COMPLETE=zsh_source verdi)"',
    "fish": "eval (env _VERDI_COMPLETE=fish_source verdi)",
}


@click.command("completioncommand", cls=VerdiCommand)
@click.option("--shell", type=click.Choice(sorted(_LINES)), help="Shell to print the line for; by default the one in use.")
def verdi_completioncommand(shell: str | None) -> None:
    """Print the line that switches tab completion on: add it to the start-up file of your shell, or `eval` it."""
    name = shell or os.path.basename(os.environ.get("SHELL", "bash"))
    click.echo(_LINES.get(name, _LINES["bash"]))
