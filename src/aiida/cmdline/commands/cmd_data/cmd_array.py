"""`verdi data core.array`."""

from __future__ import annotations

from collections.abc import Sequence

from aiida import orm
from aiida.cmdline.commands.cmd_data import verdi_data
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators, echo

__all__ = ("array",)


@verdi_data.group("core.array")
def array() -> None:
    """Look at arrays of numbers."""


@array.command("show")
@arguments.DATA(type=types.DataParamType(sub_classes=("aiida.data:core.array",)))
@options.DICT_FORMAT()
@decorators.with_dbenv()
def array_show(data: Sequence[orm.ArrayData], fmt: str) -> None:
    """Print the arrays of nodes."""
    for node in data:
        echo.echo_dictionary({name: node.get_array(name).tolist() for name in node.get_arraynames()}, fmt)
