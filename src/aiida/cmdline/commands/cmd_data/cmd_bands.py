"""`verdi data core.bands`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from aiida import orm
from aiida.cmdline.commands.cmd_data import cmd_export, cmd_list, cmd_show, verdi_data
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators
from aiida.common.utils import Prettifier

__all__ = ("bands",)

BANDS = types.DataParamType(sub_classes=("aiida.data:core.array.bands",))
FORMATS = ("agr", "agr_batch", "dat_blocks", "dat_multicolumn", "gnuplot", "json", "mpl_pdf", "mpl_png", "mpl_singlefile", "mpl_withjson")


@verdi_data.group("core.bands")
def bands() -> None:
    """Look at and export band structures."""


@bands.command("show")
@arguments.DATA(type=BANDS)
@cmd_show.viewer_options(("xmgrace",), "xmgrace")
@decorators.with_dbenv()
def bands_show(data: Sequence[orm.BandsData], fmt: str) -> None:
    """Open band structures in a program."""
    cmd_show.show_with(fmt, data)


@bands.command("list")
@cmd_list.list_options
@options.WITH_ELEMENTS()
@options.WITH_ELEMENTS_EXCLUSIVE()
@options.FORMULA_MODE()
@decorators.with_dbenv()
def bands_list(
    elements: Sequence[str] | None, elements_exclusive: Sequence[str] | None, raw: bool, formula_mode: str, past_days: int | None,
    groups: Sequence[orm.Group] | None, all_users: bool,
) -> None:  # fmt: skip
    """List band structures, with the formula of the structure that each came from."""
    rows = []
    for pk, label, ctime, node in cmd_list.query(orm.BandsData, ["Id", "Label", "ctime", "*"], past_days, groups, all_users):
        structure = _find_structure(node)
        symbols = set() if structure is None else structure.get_symbols_set()
        if (elements and not set(elements) <= symbols) or (elements_exclusive and set(elements_exclusive) != symbols):
            continue
        formula = "<<NOT FOUND>>" if structure is None else structure.get_formula(mode=formula_mode)
        rows.append((pk, formula, f"{ctime:%d %b %Y}", label))
    cmd_list.print_table(rows, ["ID", "Formula", "Ctime", "Label"], raw)


def _find_structure(node: orm.BandsData) -> orm.StructureData | None:
    """Return the nearest structure that a band structure came from."""
    query = orm.QueryBuilder().append(orm.BandsData, filters={"id": node.pk}, tag="bands")
    query.append(orm.StructureData, tag="structure", with_descendants="bands", edge_project="depth", project="*")
    found = sorted(query.all(), key=lambda row: (row[1], -row[0].pk))
    return found[0][0] if found else None


@bands.command("export")
@arguments.DATUM(type=BANDS)
@cmd_export.format_option(FORMATS, "json")
@click.option("--y-min-lim", type=click.FLOAT, default=None, help="Lowest energy to draw; by default that of all bands.")
@click.option("--y-max-lim", type=click.FLOAT, default=None, help="Highest energy to draw; by default that of all bands.")
@click.option("-o", "--output", type=click.STRING, default=None, help="File to write; without it the standard output.")
@options.FORCE(help="Replace files that exist.")
@click.option("--prettify-format", default=None, type=types.LazyChoice(Prettifier.get_prettifiers), help="How to write the labels of k-points.")
@decorators.with_dbenv()
def bands_export(
    datum: orm.BandsData, fmt: str, y_min_lim: float | None, y_max_lim: float | None, output: str | None, force: bool, prettify_format: str | None
) -> None:
    """Write a band structure to a file."""
    other: dict[str, Any] = {"y_min_lim": y_min_lim, "y_max_lim": y_max_lim, "prettify_format": prettify_format}
    cmd_export.data_export(datum, output, fileformat=fmt, other_args=other, overwrite=force)
