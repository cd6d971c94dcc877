"""`verdi data core.upf`: deprecated in favour of the package aiida-pseudo."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import click

from aiida import orm
from aiida.cmdline.commands.cmd_data import cmd_export, verdi_data
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators, echo
from aiida.common import exceptions
from aiida.orm.nodes.data.upf import upload_upf_family

__all__ = ("upf",)

ADVICE = "See https://aiida-pseudo.readthedocs.io/en/latest/howto.html#migrate-from-legacy-upfdata-from-aiida-core"


@verdi_data.group("core.upf")
def upf() -> None:
    """Pseudopotentials in the UPF format (deprecated: use aiida-pseudo)."""


@upf.command("uploadfamily", deprecated=ADVICE)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, resolve_path=True))
@click.argument("group_label", type=click.STRING)
@click.argument("group_description", type=click.STRING)
@click.option("--stop-if-existing", is_flag=True, default=False, help="Stop at files that are there already, instead of using them.")
@decorators.with_dbenv()
def upf_uploadfamily(folder: str, group_label: str, group_description: str, stop_if_existing: bool) -> None:
    """Put the files of a folder into a family."""
    try:
        found, uploaded = upload_upf_family(folder, group_label, group_description, stop_if_existing)
    except (ValueError, exceptions.AiidaException) as error:
        echo.echo_critical(str(error))
    echo.echo_success(f"UPF files found: {found}. New files uploaded: {uploaded}")


@upf.command("listfamilies", deprecated=ADVICE)
@click.option("-d", "--with-description", is_flag=True, default=False, help="Show descriptions, too.")
@options.WITH_ELEMENTS()
@decorators.with_dbenv()
def upf_listfamilies(elements: Sequence[str] | None, with_description: bool) -> None:
    """List families."""
    families = orm.UpfData._find_families(filter_elements=list(elements) if elements else None)
    if not families:
        echo.echo_warning("No valid UPF pseudopotential family found.")
        return
    for family in families:
        text = f": {family.description}" if with_description else ""
        echo.echo_success(f"* {family.label} [{family.count()} pseudos]{text}")


@upf.command("exportfamily", deprecated=ADVICE)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=pathlib.Path))
@arguments.GROUP(type=types.GroupParamType(sub_classes=("aiida.groups:core.upf",)))
@decorators.with_dbenv()
def upf_exportfamily(folder: pathlib.Path, group: orm.UpfFamily) -> None:
    """Write the files of a family to a folder."""
    for node in group.nodes:
        target = folder / node.filename
        if target.exists():
            echo.echo_warning(f"File {node.filename} is already present in the destination folder")
        else:
            target.write_bytes(node.base.repository.get_object_content(node.filename, mode="rb"))


@upf.command("import", deprecated=ADVICE)
@click.argument("filename", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@decorators.with_dbenv()
def upf_import(filename: str) -> None:
    """Make a node of a file, unless there is one with the same content."""
    try:
        node, _ = orm.UpfData.get_or_create(filename)
    except (ValueError, exceptions.AiidaException) as error:
        echo.echo_critical(f"the file `{filename}` cannot be read as UPF: {error}")
    echo.echo_success(f"Imported: {node}")


@upf.command("export", deprecated=ADVICE)
@arguments.DATUM(type=types.DataParamType(sub_classes=("aiida.data:core.upf",)))
@cmd_export.format_option(("json",), "json")
@cmd_export.export_options
@decorators.with_dbenv()
def upf_export(datum: orm.UpfData, fmt: str, output: str | None, force: bool, **kwargs: Any) -> None:
    """Write the content as JSON."""
    cmd_export.data_export(datum, output, fileformat=fmt, other_args=kwargs, overwrite=force)
