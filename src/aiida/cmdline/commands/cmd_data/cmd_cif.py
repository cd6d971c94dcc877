"""`verdi data core.cif`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from aiida import orm
from aiida.cmdline.commands.cmd_data import cmd_export, cmd_list, cmd_show, verdi_data
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators, echo, files

__all__ = ("cif",)

CIF = types.DataParamType(sub_classes=("aiida.data:core.cif",))


@verdi_data.group("core.cif")
def cif() -> None:
    """Look at, import and export crystallographic files."""


@cif.command("show")
@arguments.DATA(type=CIF)
@cmd_show.viewer_options(("jmol", "vesta"), "jmol")
@decorators.with_dbenv()
def cif_show(data: Sequence[orm.CifData], fmt: str) -> None:
    """Open files in a program."""
    cmd_show.show_with(fmt, data)


@cif.command("list")
@options.FORMULA_MODE()
@cmd_list.list_options
@decorators.with_dbenv()
def cif_list(raw: bool, formula_mode: str, past_days: int | None, groups: Sequence[orm.Group] | None, all_users: bool) -> None:
    """List files with the formulae in them."""
    found = cmd_list.query(orm.CifData, ["Id", "formulae", "source"], past_days, groups, all_users)
    rows = [(pk, ",".join(str(formula) for formula in formulae or [] if formula), (source or {}).get("uri", "")) for pk, formulae, source in found]
    cmd_list.print_table(rows, ["Id", "Formulae", "Source.URI"], raw)


@cif.command("content")
@arguments.DATA(type=CIF)
@decorators.with_dbenv()
def cif_content(data: Sequence[orm.CifData]) -> None:
    """Print files."""
    for node in data:
        try:
            with node.open(mode="rb") as handle:
                files.copy_to_stdout(handle)
        except OSError as error:
            echo.echo_warning(f"could not read the content for CifData<{node.pk}>: {error}")


@cif.command("export")
@arguments.DATUM(type=CIF)
@cmd_export.format_option(("cif",), "cif")
@cmd_export.export_options
@decorators.with_dbenv()
def cif_export(datum: orm.CifData, fmt: str, output: str | None, force: bool, **kwargs: Any) -> None:
    """Write the file elsewhere."""
    cmd_export.data_export(datum, output, fileformat=fmt, other_args=kwargs, overwrite=force)


@cif.command("import")
@click.argument("filename", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@decorators.with_dbenv()
def cif_import(filename: str) -> None:
    """Make a node of a file, unless there is one with the same content."""
    try:
        node, is_new = orm.CifData.get_or_create(filename)
    except ValueError as error:
        echo.echo_critical(str(error))
    echo.echo_success(f"{'imported' if is_new else 'found'} {node}")
