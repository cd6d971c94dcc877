"""`verdi data core.singlefile`."""

from __future__ import annotations

from aiida import orm
from aiida.cmdline.commands.cmd_data import verdi_data
from aiida.cmdline.params import arguments, types
from aiida.cmdline.utils import decorators, files

__all__ = ("singlefile",)


@verdi_data.group("core.singlefile")
def singlefile() -> None:
    """Look at files."""


@singlefile.command("content")
@arguments.DATUM(type=types.DataParamType(sub_classes=("aiida.data:core.singlefile",)))
@decorators.with_dbenv()
def singlefile_content(datum: orm.SinglefileData) -> None:
    """Print the file."""
    with datum.open(mode="rb") as handle:
        files.copy_to_stdout(handle)
