"""`verdi calcjob`."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Any

import click

from aiida import orm
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators, echo, files
from aiida.cmdline.utils.repository import list_repository_contents
from aiida.common import exceptions
from aiida.orm.utils.remote import clean_mapping_remote_paths, get_calcjob_remote_paths
from aiida.transports.shared import join

__all__ = ("verdi_calcjob",)

CALCJOB = types.CalculationParamType(sub_classes=("aiida.node:process.calculation.calcjob",))


@click.group("calcjob", cls=VerdiCommandGroup)
def verdi_calcjob() -> None:
    """Look into calculation jobs and their files."""


def _workdir(calcjob: orm.CalcJobNode) -> str:
    """Return the folder of a job on its computer, or explain that there is none."""
    folder = calcjob.get_remote_workdir()
    if not folder:
        echo.echo_critical(f"no remote work directory for this calcjob (pk {calcjob.pk}): it has not been uploaded yet, or was taken from the cache")
    return str(folder)


@verdi_calcjob.command("gotocomputer")
@arguments.CALCULATION("calcjob", type=CALCJOB)
@decorators.with_dbenv()
def calcjob_gotocomputer(calcjob: orm.CalcJobNode) -> None:
    """Open a shell in the folder of a job on its computer."""
    try:
        transport = calcjob.get_transport()
        command = transport.gotocomputer_command(_workdir(calcjob))
    except (exceptions.NotExistent, NotImplementedError) as error:
        echo.echo_critical(str(error))
    echo.echo_report("going to the remote work directory...")
    files.become(command)


@verdi_calcjob.command("res")
@arguments.CALCULATION("calcjob", type=CALCJOB)
@options.DICT_KEYS(help="Only these results.")
@options.DICT_FORMAT()
@decorators.with_dbenv()
def calcjob_res(calcjob: orm.CalcJobNode, fmt: str, keys: Sequence[str] | None) -> None:
    """Print the results of a job: the dictionary that its plugin says is the main output."""
    try:
        results = calcjob.res.get_results()
    except ValueError as error:
        echo.echo_critical(str(error))
    if keys:
        missing = [key for key in keys if key not in results]
        if missing:
            echo.echo_critical(f"key '{missing[0]}' was not found in the results dictionary; there are: {', '.join(sorted(results))}")
        results = {key: results[key] for key in keys}
    echo.echo_dictionary(results, fmt)


def _cat(calcjob: orm.CalcJobNode, repository: Any, path: str, kind: str) -> None:
    """Copy a file of a node to the standard output."""
    try:
        with repository.open(path, mode="rb") as handle:
            files.copy_to_stdout(handle)
    except BrokenPipeError:
        pass  # the reader, `head` say, has seen enough
    except (OSError, FileNotFoundError, ValueError) as error:
        known = ", ".join(repository.list_object_names()) or "none"
        echo.echo_critical(f'Could not open {kind} path "{path}" of calcjob {calcjob.pk}. Exception: {error}. Files there: {known}')


def _default_path(calcjob: orm.CalcJobNode, option: str, attribute: str, kind: str) -> str:
    """Return the path of the main input or output."""
    path = calcjob.get_option(option)
    if path is None:
        cls = calcjob.process_class
        port = cls.spec_options.get(option) if hasattr(cls, "spec_options") else None
        path = port.default if port is not None and port.has_default() else getattr(cls, attribute, None)
    if path is None:
        echo.echo_critical(f'"{calcjob.process_class.__name__}" and its process class do not define a default {kind} file (option "{option}" not found).\nPlease specify a path explicitly.')
    return str(path)


@verdi_calcjob.command("inputcat")
@arguments.CALCULATION("calcjob", type=CALCJOB)
@click.argument("path", type=click.STRING, required=False)
@decorators.with_dbenv()
def calcjob_inputcat(calcjob: orm.CalcJobNode, path: str | None) -> None:
    """Print an input file of a job, by default the main one."""
    _cat(calcjob, calcjob.base.repository, path or _default_path(calcjob, "input_filename", "_DEFAULT_INPUT_FILE", "input"), "input")


@verdi_calcjob.command("outputcat")
@arguments.CALCULATION("calcjob", type=CALCJOB)
@click.argument("path", type=click.STRING, required=False)
@decorators.with_dbenv()
def calcjob_outputcat(calcjob: orm.CalcJobNode, path: str | None) -> None:
    """Print a retrieved file of a job, by default the main output."""
    retrieved = _retrieved(calcjob)
    _cat(calcjob, retrieved.base.repository, path or _default_path(calcjob, "output_filename", "_DEFAULT_OUTPUT_FILE", "output"), "output")


def _retrieved(calcjob: orm.CalcJobNode) -> Any:
    try:
        return calcjob.outputs.retrieved
    except exceptions.NotExistentAttributeError:
        echo.echo_critical(f"No \"retrieved\" node found. Have the calcjob files already been retrieved? `verdi process explain {calcjob.pk}` says what it waits for.")


@verdi_calcjob.command("inputls")
@arguments.CALCULATION("calcjob", type=CALCJOB)
@click.argument("path", type=click.STRING, required=False)
@click.option("-c", "--color", "color", is_flag=True, default=False, help="Write folders in colour.")
@decorators.with_dbenv()
def calcjob_inputls(calcjob: orm.CalcJobNode, path: str | None, color: bool) -> None:
    """List the input files of a job."""
    _list(calcjob, path, color)


@verdi_calcjob.command("outputls")
@arguments.CALCULATION("calcjob", type=CALCJOB)
@click.argument("path", type=click.STRING, required=False)
@click.option("-c", "--color", "color", is_flag=True, default=False, help="Write folders in colour.")
@decorators.with_dbenv()
def calcjob_outputls(calcjob: orm.CalcJobNode, path: str | None, color: bool) -> None:
    """List the retrieved files of a job."""
    _list(_retrieved(calcjob), path, color)


def _list(node: orm.Node, path: str | None, color: bool) -> None:
    try:
        list_repository_contents(node, path or "", color)
    except (FileNotFoundError, NotADirectoryError):
        echo.echo_critical(f"the path `{path}` does not exist for the given node")


@verdi_calcjob.command("remotecat")
@arguments.CALCULATION("calcjob", type=CALCJOB)
@click.argument("path", type=str, required=False)
@decorators.with_dbenv()
def calcjob_remotecat(calcjob: orm.CalcJobNode, path: str | None) -> None:
    """Print a file in the folder of a job on its computer, by default the main output."""
    click.echo(_read_remote(calcjob, path), nl=False)


def _read_remote(calcjob: orm.CalcJobNode, path: str | None) -> bytes:
    name = path or _default_path(calcjob, "output_filename", "_DEFAULT_OUTPUT_FILE", "output")
    folder = _workdir(calcjob)
    try:
        with join(calcjob.get_authinfo(), calcjob.backend.profile.uuid) as transport:
            return files.read_remote(transport, posixpath.join(folder, name))
    except (OSError, FileNotFoundError) as error:
        echo.echo_critical(f'Failed to read `{name}` in `{folder}` on `{calcjob.computer.label}`: {error}')


@verdi_calcjob.command("tail")
@arguments.CALCULATION("calcjob", type=CALCJOB)
@click.argument("path", type=str, required=False)
@click.option("-n", "--lines", type=click.IntRange(min=1), default=20, show_default=True, help="Lines to show.")
@decorators.with_dbenv()
def calcjob_tail(calcjob: orm.CalcJobNode, path: str | None, lines: int) -> None:
    """Print the last lines of a file of a job, where it is now: on its computer while it runs, else as retrieved."""
    name = path or _default_path(calcjob, "output_filename", "_DEFAULT_OUTPUT_FILE", "output")
    if calcjob.is_terminated and "retrieved" in calcjob.base.links.get_outgoing().all_link_labels():
        try:
            content = calcjob.outputs.retrieved.base.repository.get_object_content(name, mode="rb")
        except (FileNotFoundError, OSError) as error:
            echo.echo_critical(f"`{name}` was not retrieved: {error}")
    else:
        content = _read_remote(calcjob, name)
    echo.echo("\n".join(content.decode(errors="replace").splitlines()[-lines:]))


@verdi_calcjob.command("cleanworkdir")
@arguments.CALCULATIONS("calcjobs", type=CALCJOB)
@options.PAST_DAYS(default=None)
@options.OLDER_THAN(default=None)
@options.COMPUTERS(help="Only jobs on these computers.")
@options.FORCE()
@options.EXIT_STATUS()
@decorators.with_dbenv()
def calcjob_cleanworkdir(
    calcjobs: Sequence[orm.CalcJobNode], past_days: int | None, older_than: int | None, computers: Sequence[orm.Computer] | None, force: bool,
    exit_status: int | None,
) -> None:  # fmt: skip
    """Empty the folders of jobs on their computers, after asking."""
    if calcjobs and (past_days is not None or older_than is not None):
        echo.echo_critical("specify either calcjobs or a time by `-p/--past-days` or `-o/--older-than`, not both")
    if not calcjobs and past_days is None and older_than is None:
        echo.echo_critical("if no calcjobs are specified, then either the `-p/--past-days` or `-o/--older-than` option has to be specified")
    pks = [int(calcjob.pk) for calcjob in calcjobs] or None
    paths = get_calcjob_remote_paths(pks=pks, past_days=past_days, older_than=older_than, computers=computers, exit_status=exit_status)
    if not paths:
        echo.echo_critical("no calcjobs found with the given criteria")
    count = sum(len(found) for found in paths.values())
    if not force:
        click.confirm(f"Are you sure you want to clean the work directory of {count} calcjobs?", abort=True)
    clean_mapping_remote_paths(paths)


