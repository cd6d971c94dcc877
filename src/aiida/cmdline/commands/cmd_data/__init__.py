"""`verdi data`, to which plugins attach commands."""

from __future__ import annotations

import click

from aiida.cmdline.utils.pluginable import Pluginable

__all__ = ("verdi_data",)


@click.group("data", cls=Pluginable, entry_point_group="aiida.cmdline.data")
def verdi_data() -> None:
    """Look at, import and export data nodes."""
