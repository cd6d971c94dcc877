"""`verdi data core.dict`."""

from __future__ import annotations

from collections.abc import Sequence

from aiida import orm
from aiida.cmdline.commands.cmd_data import verdi_data
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators, echo

__all__ = ("dictionary",)


@verdi_data.group("core.dict")
def dictionary() -> None:
    """Look at dictionaries."""


@dictionary.command("show")
@arguments.DATA(type=types.DataParamType(sub_classes=("aiida.data:core.dict",)))
@options.DICT_FORMAT()
@decorators.with_dbenv()
def dictionary_show(data: Sequence[orm.Dict], fmt: str) -> None:
    """Print the content of nodes."""
    for node in data:
        echo.echo_dictionary(node.get_dict(), fmt)


# The name in the table of entry points.
dict = dictionary
