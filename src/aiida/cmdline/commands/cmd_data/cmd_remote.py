"""`verdi data core.remote`."""

from __future__ import annotations

import datetime
import pathlib
import posixpath
import stat
from typing import Any

import click

from aiida import orm
from aiida.cmdline.commands.cmd_data import verdi_data
from aiida.cmdline.params import arguments, types
from aiida.cmdline.utils import decorators, echo, files
from aiida.common.utils import format_directory_size

__all__ = ("remote",)

REMOTE = types.DataParamType(sub_classes=("aiida.data:core.remote",))


@verdi_data.group("core.remote")
def remote() -> None:
    """Look at folders on computers."""


@remote.command("ls")
@click.option("-l", "--long", "ls_long", is_flag=True, default=False, help="Show modes, sizes and times.")
@click.option("-p", "--path", type=click.STRING, default=".", help="Folder within.")
@arguments.DATUM(type=REMOTE)
@decorators.with_dbenv()
def remote_ls(ls_long: bool, path: str, datum: orm.RemoteData) -> None:
    """List a folder on a computer."""
    try:
        content = datum.listdir_withattributes(path=path) if ls_long else [{"name": name} for name in datum.listdir(path)]
    except OSError as error:
        echo.echo_critical(f"Unable to access the remote folder or file, check if it exists.\nOriginal error: {error}")
    for entry in sorted(content, key=lambda item: item["name"]):
        echo.echo(_line(entry) if ls_long else entry["name"])


def _line(entry: dict[str, Any]) -> str:
    attributes = entry["attributes"]
    time = datetime.datetime.fromtimestamp(attributes.st_mtime)
    return f"{stat.filemode(attributes.st_mode)}  {attributes.st_size:>10d}  {time:%d %b %Y %H:%M}  {entry['name']}{'/' if entry.get('isdir') else ''}"


@remote.command("cat")
@arguments.DATUM(type=REMOTE)
@click.argument("path", type=click.STRING)
@decorators.with_dbenv()
def remote_cat(datum: orm.RemoteData, path: str) -> None:
    """Print a file in a folder on a computer."""
    try:
        with datum.computer.get_transport() as transport:
            click.echo(files.read_remote(transport, posixpath.join(datum.get_remote_path(), path)), nl=False)
    except OSError as error:
        echo.echo_critical(str(error))


@remote.command("show")
@arguments.DATUM(type=REMOTE)
@decorators.with_dbenv()
def remote_show(datum: orm.RemoteData) -> None:
    """Say where a folder is."""
    echo.echo(f"- Remote computer name: {datum.computer.label}")
    echo.echo(f"- Remote folder full path: {datum.get_remote_path()}")


@remote.command("size")
@arguments.NODE(type=REMOTE)
@click.option("-m", "--method", type=click.STRING, default="du", help="How to measure: `du` there, or `stat` of every file from here.")
@click.option("-p", "--path", type=click.Path(path_type=pathlib.Path), default=None, help="File or folder within.")
@click.option("-b", "--bytes", "return_bytes", is_flag=True, default=False, help="Print the number of bytes.")
@decorators.with_dbenv()
def remote_size(node: orm.RemoteData, method: str, path: pathlib.Path | None, return_bytes: bool) -> None:
    """Print the size of a folder on a computer."""
    try:
        size, method = node.get_size_on_disk(relpath=path, method=method, return_bytes=True)
    except (FileNotFoundError, NotImplementedError, ValueError, OSError) as error:
        echo.echo_critical(str(error))
    name = pathlib.Path(node.get_remote_path()) / (path or "")
    words = size if return_bytes else format_directory_size(int(size))
    echo.echo_success(f"Estimated total size of path `{name}` on the Computer <{node.computer.label}> obtained via `{method}`: {words}")
