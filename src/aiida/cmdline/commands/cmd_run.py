"""`verdi run`."""

from __future__ import annotations

import pathlib
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from aiida import manage
from aiida.cmdline.groups.verdi import VerdiCommand
from aiida.cmdline.params.options.multivalue import MultipleValueOption
from aiida.cmdline.utils import decorators, echo
from aiida.cmdline.utils.shell import DEFAULT_MODULES_LIST
from aiida.orm.autogroup import AutogroupManager

__all__ = ("update_environment", "verdi_run")


@contextmanager
def update_environment(argv: list[str]) -> Iterator[None]:
    """Give a script the arguments and the search path that it would have when run by python itself."""
    path, arguments = sys.path[:], sys.argv[:]
    sys.argv[:] = argv
    sys.path.insert(0, str(pathlib.Path(argv[0]).resolve().parent))
    try:
        yield
    finally:
        sys.path[:], sys.argv[:] = path, arguments


def validate_entrypoint_string(ctx: click.Context, param: click.Parameter, value: Sequence[str] | None) -> Sequence[str] | None:
    """Check the patterns of classes: `group:name`, in which `%` and `_` stand for any text and any letter."""
    for item in value or ():
        if not re.fullmatch(r"aiida\.[\w.%]+:[\w.%-]+|%", item):
            raise click.BadParameter(f"invalid entry point string or pattern `{item}`: write it as `aiida.data:core.int`", ctx=ctx, param=param)
    return value


@click.command("run", cls=VerdiCommand, context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("filepath", type=click.Path(exists=True, readable=True, dir_okay=False, path_type=pathlib.Path))
@click.argument("varargs", nargs=-1, type=click.UNPROCESSED)
@click.option("--auto-group", is_flag=True, help="Put all nodes that the script makes into a group.")
@click.option("-l", "--auto-group-label-prefix", type=click.STRING, help="Beginning of the label of that group; the default names the script and the time.")
@click.option("-e", "--exclude", type=str, cls=MultipleValueOption, default=None, callback=validate_entrypoint_string,
              help="Classes of nodes to leave out of the group, as entry points; `%` stands for any text.")  # fmt: skip
@click.option("-i", "--include", type=str, cls=MultipleValueOption, default=None, callback=validate_entrypoint_string,
              help="Classes of nodes to put into the group; the others are left out.")  # fmt: skip
@decorators.with_dbenv()
def verdi_run(
    filepath: pathlib.Path, varargs: Sequence[str], auto_group: bool, auto_group_label_prefix: str | None, exclude: Sequence[str] | None,
    include: Sequence[str] | None,
) -> None:  # fmt: skip
    """Run a Python script with the profile loaded; VARARGS are its arguments."""
    if exclude and include:
        echo.echo_critical("`--include` and `--exclude` exclude each other")
    namespace: dict[str, Any] = {"__name__": "__main__", "__file__": str(filepath.absolute())}
    for module, name, alias in DEFAULT_MODULES_LIST:
        namespace[alias] = getattr(__import__(module, {}, {}, [name]), name)
    group = _begin_group(auto_group_label_prefix, exclude, include) if auto_group else None
    try:
        with filepath.open("rb") as handle, update_environment([str(filepath), *varargs]):
            # The script owns the process from here: what it raises is shown as python would show it.
            exec(compile(handle.read(), str(filepath), "exec", dont_inherit=True), namespace)
    except Exception as error:
        # As python shows it: without our own frame on top.
        below = error.__traceback__.tb_next if error.__traceback__ else None
        sys.excepthook(type(error), error.with_traceback(below), below)
        sys.exit(echo.ExitCode.CRITICAL)
    finally:
        if group is not None:
            group.disable()


def _begin_group(prefix: str | None, exclude: Sequence[str] | None, include: Sequence[str] | None) -> AutogroupManager:
    """Have all new nodes collected in a group; return what does it."""
    group = AutogroupManager.of(manage.get_manager().get_profile_storage())
    if include:
        group.set_include(list(include))
    if exclude:
        group.set_exclude(list(exclude))
    if prefix is not None:
        group.set_group_label_prefix(prefix)
    group.enable()
    return group

