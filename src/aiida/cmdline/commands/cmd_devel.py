"""`verdi devel`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import click

from aiida import manage, orm
from aiida.cmdline import utils
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators, echo
from aiida.common import exceptions
from aiida.plugins import entry_point as entry_points
from aiida.tools import checks

__all__ = ("verdi_devel",)

# Packages that no command line needs to start; each would cost more than all the rest.
UNDESIRED_MODULES = ("seekpath", "CifFile", "ase", "pymatgen", "spglib", "scipy", "matplotlib", "pandas", "fastapi", "aio_pika", "pydantic")
# Our own parts, and libraries, that are needed only once a command runs.
NEEDLESS_MODULES = ("aiida.orm.nodes.node", "aiida.engine.runtime", "aiida.engine.processes.process", "sqlalchemy", "yaml", "tabulate")
START_LIMIT = 1.0  # seconds


@click.group("devel", cls=VerdiCommandGroup)
def verdi_devel() -> None:
    """Commands for developers."""


@verdi_devel.command("check-load-time")
def devel_check_load_time() -> None:
    """Check that `verdi` starts quickly, and does not import what it need not."""
    started = time.perf_counter()
    loaded = _modules_of_start()
    seconds = time.perf_counter() - started
    needless = [name for name in NEEDLESS_MODULES if name in loaded]
    if needless:
        echo.echo_critical(f"potential `verdi` speed problem: imported without need: {', '.join(needless)}")
    if seconds > START_LIMIT:
        echo.echo_critical(f"potential `verdi` speed problem: importing it took {seconds:.2f} s, more than {START_LIMIT} s")
    echo.echo_success(f"no load time issues detected ({seconds * 1000:.0f} ms)")


def _modules_of_start() -> set[str]:
    """Return what a fresh interpreter has imported before a command runs."""
    code = "import sys, aiida.cmdline.commands.cmd_verdi; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


@verdi_devel.command("check-undesired-imports")
def devel_check_undesired_imports() -> None:
    """Check that `verdi` imports no package that it does not need."""
    loaded = sorted(_modules_of_start() & set(UNDESIRED_MODULES))
    if loaded:
        echo.echo_critical(f"Detected loaded modules: {', '.join(loaded)}")
    echo.echo_success("no undesired modules detected")


@verdi_devel.command("validate-plugins")
@decorators.with_dbenv()
def devel_validate_plugins() -> None:
    """Check that every plugin that is installed can be imported and is of the right class."""
    broken = []
    for group in sorted(entry_points.ENTRY_POINT_GROUP_TO_MODULE_PATH_MAP):
        for name in entry_points.get_entry_point_names(group):
            try:
                entry_points.load_entry_point(group, name)
            except Exception as error:  # a module of a plugin may raise anything
                broken.append(f"{group}:{name}: {echo.brief(error)}")
    if broken:
        echo.echo_critical("these plugins cannot be imported:\n" + "\n".join(broken))
    echo.echo_success("all registered plugins could be loaded.")


@verdi_devel.command("run-sql")
@click.argument("sql", type=str)
@decorators.with_dbenv()
def devel_run_sql(sql: str) -> None:
    """Run a statement of SQL on the profile's database and print what it gives."""
    storage = manage.get_manager().get_profile_storage()
    try:
        with storage.transaction() as transaction:
            result = transaction.execute(sql)
            rows = [tuple(row) for row in result] if result.returns_rows else []
    except Exception as error:  # of whichever library the database has
        echo.echo_critical(f"the statement failed: {echo.brief(error)}")
    for row in rows:
        echo.echo(str(row))


@verdi_devel.command("revive")
@arguments.PROCESSES()
@options.FORCE()
@decorators.with_dbenv()
def devel_revive(processes: Sequence[orm.ProcessNode], force: bool) -> None:
    """Kept for compatibility: a process cannot be lost here, so there is nothing to revive."""
    for process in processes:
        echo.echo(utils.explain.explain(process))


@verdi_devel.command("check-invariants")
@decorators.with_dbenv()
def devel_check_invariants() -> None:
    """Check the whole database against the rules that the journal and its tables obey."""
    broken = checks.find_broken_rules(manage.get_manager().get_profile_storage())
    for line in broken:
        echo.echo_error(line)
    if broken:
        echo.echo_critical(f"{len(broken)} rules are broken. Please report this with the lines above; `verdi storage backup` keeps a copy.")
    echo.echo_success("all rules hold")


@verdi_devel.command("play", hidden=True)
def devel_play() -> None:
    """Open a song in the browser: the triumphal march."""
    import webbrowser

    webbrowser.open_new("https://www.youtube.com/results?search_query=verdi+aida+triumphal+march")


def prepare_localhost() -> orm.Computer:
    """Return this machine as a computer, made if there is none."""
    try:
        return orm.load_computer("localhost")
    except exceptions.NotExistent:
        echo.echo_warning("No `localhost` computer exists yet: creating and configuring the `localhost` computer.")
    computer = orm.Computer(label="localhost", hostname="localhost", description="This machine", transport_type="core.local",
                            scheduler_type="core.direct", workdir="/tmp/aiida-{username}")  # fmt: skip
    computer.set_minimum_job_poll_interval(0)
    computer.store().configure(safe_interval=0)
    return computer


def prepare_code(entry_point: str) -> orm.InstalledCode:
    """Return bash as a code for a calculation plugin, made if there is none."""
    computer = prepare_localhost()
    query = orm.QueryBuilder().append(orm.Computer, filters={"id": computer.pk}, tag="computer")
    query.append(orm.InstalledCode, with_computer="computer", filters={"label": "bash"})
    found = query.first(flat=True)
    if found is not None:
        return found
    echo.echo_warning("No `bash` code exists yet: creating it.")
    return orm.InstalledCode(label="bash", computer=computer, filepath_executable="/bin/bash", default_calc_job_plugin=entry_point).store()


def _launch(entry_point: tuple[str, str], inputs: dict[str, Any], daemon: bool) -> None:
    """Run or submit a process of our own, and say how it went."""
    cls = entry_points.load_entry_point(*entry_point)
    if daemon:
        node = utils.launching.submit(cls, **inputs)
        echo.echo_success(f"Submitted {cls.__name__}<{node.pk}> to the daemon")
        return
    _, node = utils.launching.run_get_node(cls, **inputs)
    if not node.is_finished_ok:
        echo.echo_critical(f"{cls.__name__}<{node.pk}> did not finish successfully: {node.process_state.value} [{node.exit_status}]. `verdi process report {node.pk}` says more.")
    echo.echo_success(f"{cls.__name__}<{node.pk}> finished successfully.")


@verdi_devel.command("launch-add")
@options.CODE(type=types.CodeParamType(entry_point="core.arithmetic.add"))
@click.option("-d", "--daemon", is_flag=True, help="Submit it to the daemon instead of running it here.")
@click.option("-s", "--sleep", type=click.INT, help="Seconds that the job sleeps.")
@decorators.with_dbenv()
def devel_launch_arithmetic_add(code: orm.AbstractCode | None, daemon: bool, sleep: int | None) -> None:
    """Launch a job that adds two numbers: does everything work?"""
    inputs: dict[str, Any] = {"x": orm.Int(1), "y": orm.Int(1), "code": code or prepare_code("core.arithmetic.add")}
    if sleep:
        inputs["metadata"] = {"options": {"sleep": sleep}}
    _launch(("aiida.calculations", "core.arithmetic.add"), inputs, daemon)


@verdi_devel.command("launch-multiply-add")
@options.CODE(type=types.CodeParamType(entry_point="core.arithmetic.add"))
@click.option("-d", "--daemon", is_flag=True, help="Submit it to the daemon instead of running it here.")
@decorators.with_dbenv()
def devel_launch_multiply_add(code: orm.AbstractCode | None, daemon: bool) -> None:
    """Launch a work chain that multiplies and adds: does everything work?"""
    inputs = {"x": orm.Int(1), "y": orm.Int(1), "z": orm.Int(1), "code": code or prepare_code("core.arithmetic.add")}
    _launch(("aiida.workflows", "core.arithmetic.multiply_add"), inputs, daemon)
