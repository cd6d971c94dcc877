"""`verdi data core.structure`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from aiida import orm
from aiida.cmdline.commands.cmd_data import cmd_export, cmd_list, cmd_show, verdi_data
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators, echo
from aiida.cmdline.utils.pluginable import Pluginable

__all__ = ("structure",)

STRUCTURE = types.DataParamType(sub_classes=("aiida.data:core.structure",))
VIEWERS = ("ase", "jmol", "vesta", "vmd", "xcrysden")


@verdi_data.group("core.structure")
def structure() -> None:
    """Look at, import and export crystal and molecular structures."""


@structure.command("show")
@arguments.DATA(type=STRUCTURE)
@cmd_show.viewer_options(VIEWERS, "ase")
@decorators.with_dbenv()
def structure_show(data: Sequence[orm.StructureData], fmt: str) -> None:
    """Open structures in a program."""
    if fmt != "ase":
        cmd_show.show_with(fmt, data)
        return
    if not data:
        return  # the viewer fails on nothing
    try:
        from ase.visualize import view
    except ImportError:
        echo.echo_critical("ASE is not installed: `pip install ase`, or choose another program with `--format`.")
    view([node.get_ase() for node in data])  # type: ignore[no-untyped-call]


@structure.command("list")
@options.FORMULA_MODE()
@options.WITH_ELEMENTS()
@cmd_list.list_options
@decorators.with_dbenv()
def structure_list(
    elements: Sequence[str] | None, raw: bool, formula_mode: str, past_days: int | None, groups: Sequence[orm.Group] | None, all_users: bool
) -> None:
    """List structures with their formulae."""
    found = cmd_list.query(orm.StructureData, ["Id", "Label", "*"], past_days, groups, all_users)
    rows = [(pk, label, node.get_formula(mode=formula_mode)) for pk, label, node in found if set(elements or ()) <= node.get_symbols_set()]
    cmd_list.print_table(rows, ["Id", "Label", "Formula"], raw)


@structure.command("export")
@arguments.DATUM(type=STRUCTURE)
@cmd_export.format_option(("cif", "xsf", "xyz"), "xyz")
@cmd_export.export_options
@decorators.with_dbenv()
def structure_export(datum: orm.StructureData, fmt: str, output: str | None, force: bool, **kwargs: Any) -> None:
    """Write a structure to a file."""
    cmd_export.data_export(datum, output, fileformat=fmt, other_args=kwargs, overwrite=force)


@structure.group("import", cls=Pluginable, entry_point_group="aiida.cmdline.data.structure.import")
def structure_import() -> None:
    """Make structures from files: one command per reader."""


def store_structure(new_structure: orm.StructureData, group: orm.Group | None, dry_run: bool) -> None:
    """Store a structure and say so."""
    formula = new_structure.get_formula()
    if dry_run:
        echo.echo(f"  Successfully imported structure {formula} (not storing it, dry-run requested)")
        return
    new_structure.store()
    if group is not None:
        group.add_nodes(new_structure)
    echo.echo(f"  Successfully imported structure {formula} (PK = {new_structure.pk})")


def _reader_options(function: Any) -> Any:
    for option in (options.DRY_RUN(), options.GROUP(help="Group to put it into."), click.option("--label", type=click.STRING, help="Label to give it.")):
        function = option(function)
    return function


@structure_import.command("aiida-xyz")
@click.argument("filename", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@click.option("--vacuum-factor", type=click.FLOAT, show_default=True, default=1.0, help="Size of the cell, as a multiple of what the atoms take up.")
@click.option("--vacuum-addition", type=click.FLOAT, show_default=True, default=10.0, help="Empty space to add around, in angstrom.")
@click.option("--pbc", type=click.INT, nargs=3, show_default=True, default=[0, 0, 0], help="Whether it repeats in each direction: 0 or 1, three times.")
@_reader_options
@decorators.with_dbenv()
def import_aiida_xyz(
    filename: str, vacuum_factor: float, vacuum_addition: float, pbc: Sequence[int], label: str | None, group: orm.Group | None, dry_run: bool
) -> None:
    """Read a file of the XYZ format."""
    new_structure = orm.StructureData()
    try:
        with open(filename, encoding="utf8") as handle:
            new_structure._parse_xyz(handle.read())
    except (ValueError, TypeError) as error:
        echo.echo_critical(f"the file `{filename}` cannot be read as XYZ: {error}")
    try:
        new_structure._adjust_default_cell(vacuum_addition=vacuum_addition, vacuum_factor=vacuum_factor, pbc=tuple(bool(i) for i in pbc))
    except (ValueError, TypeError) as error:
        echo.echo_critical(str(error))
    if label:
        new_structure.label = label
    store_structure(new_structure, group, dry_run)


@structure_import.command("ase")
@click.argument("filename", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@_reader_options
@decorators.with_dbenv()
def import_ase(filename: str, label: str | None, group: orm.Group | None, dry_run: bool) -> None:
    """Read a file of any format that ASE knows."""
    try:
        import ase.io
    except ImportError:
        echo.echo_critical("ASE is not installed: `pip install ase`.")
    try:
        new_structure = orm.StructureData(ase=ase.io.read(filename))
    except Exception as error:
        echo.echo_critical(f"the file `{filename}` cannot be read: {error}")
    if label:
        new_structure.label = label
    store_structure(new_structure, group, dry_run)


