"""`verdi process`."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import click

from aiida import orm
from aiida.cmdline import utils
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import ascii_vis, common, decorators, echo, process_table
from aiida.common.log import LOG_LEVELS

__all__ = ("verdi_process",)

REPAIR_INSTRUCTIONS = "Nothing is to be repaired: the database is the queue, and what a lost worker held is taken up by itself within seconds."


def default_projections() -> tuple[str, ...]:
    """Return the columns that are shown if none are asked for."""
    return process_table.DEFAULT_COLUMNS


def valid_projections() -> tuple[str, ...]:
    """Return the columns that may be asked for."""
    return tuple(process_table.COLUMNS)


@click.group("process", cls=VerdiCommandGroup)
def verdi_process() -> None:
    """Watch and control processes."""


def _find_processes(processes: Sequence[orm.ProcessNode], most_recent_node: bool = False, all_entries: bool = False) -> Sequence[orm.ProcessNode]:
    """Return the processes that were named, or complain that none were."""
    if most_recent_node:
        if processes:
            raise click.BadOptionUsage("most_recent_node", "cannot specify individual processes and the `-M/--most-recent-node` flag at the same time.")
        newest = orm.QueryBuilder().append(orm.ProcessNode, tag="process").order_by({"process": {"id": "desc"}}).limit(1).first(flat=True)
        if newest is None:
            echo.echo_critical("there is no process yet")
        return [newest]
    if not processes and not all_entries:
        raise click.UsageError("Please specify one or multiple processes by their identifier (PK, UUID or label) or use an option.")
    return processes


@verdi_process.command("list")
@options.PROJECT(type=types.LazyChoice(valid_projections), default=default_projections)
@options.ORDER_BY()
@options.ORDER_DIRECTION()
@options.GROUP(help="Only processes of this group.")
@options.ALL(help="Show all processes, also those that have ended.")
@options.PROCESS_STATE()
@options.PROCESS_LABEL()
@options.PAUSED()
@options.EXIT_STATUS()
@options.FAILED()
@options.PAST_DAYS()
@options.LIMIT()
@options.RAW()
@decorators.with_dbenv()
def process_list(
    all_entries: bool, group: orm.Group | None, process_state: Sequence[str], process_label: str | None, paused: bool, exit_status: int | None,
    failed: bool, past_days: int | None, limit: int | None, project: Sequence[str], raw: bool, order_by: str, order_dir: str,
) -> None:  # fmt: skip
    """List processes: those that have not ended, unless asked otherwise."""
    filters = process_table.build_filters(
        all_entries=all_entries, states=process_state, label=process_label, paused=paused, exit_status=exit_status, failed=failed, past_days=past_days
    )
    rows = process_table.fetch_rows(project, filters, group=group, order_by=order_by, order_dir=order_dir, limit=limit)
    if raw:
        echo.echo_tabulate(rows, tablefmt="plain")
        return
    echo.echo_tabulate(rows, headers=process_table.headers_of(project))
    echo.echo(f"\nTotal results: {len(rows)}\n")
    if "cached" in project:
        echo.echo_report("\u267b Processes marked with check-mark were not run but taken from the cache.")
        echo.echo_report("Add the option `-P pk cached_from` to the command to display cache source.")
    common.print_last_process_state_change()
    common.check_worker_load()


@verdi_process.command("show")
@arguments.PROCESSES()
@options.MOST_RECENT_NODE()
@decorators.with_dbenv()
def process_show(processes: Sequence[orm.ProcessNode], most_recent_node: bool) -> None:
    """Show processes: state, inputs, outputs, who called them and whom they called."""
    for process in _find_processes(processes, most_recent_node):
        echo.echo(common.get_node_info(process))


@verdi_process.command("call-root")
@arguments.PROCESSES()
@decorators.with_dbenv()
def process_call_root(processes: Sequence[orm.ProcessNode]) -> None:
    """Print the pk of the process at the top, which called the one that called … these."""
    for process in _find_processes(processes):
        root, caller = process, process.caller
        while caller is not None:
            root, caller = caller, caller.caller
        echo.echo(f"No callers found for Process<{process.pk}>" if root is process else str(root.pk))


@verdi_process.command("report")
@arguments.PROCESSES()
@options.MOST_RECENT_NODE()
@click.option("-i", "--indent-size", type=click.INT, default=2, show_default=True, help="Spaces per level of nesting.")
@click.option("-l", "--levelname", type=click.Choice(list(LOG_LEVELS)), default="REPORT", show_default=True, help="Only messages of this level and above.")
@click.option("-m", "--max-depth", type=click.INT, default=None, help="Levels of nesting to show.")
@decorators.with_dbenv()
def process_report(processes: Sequence[orm.ProcessNode], most_recent_node: bool, levelname: str, indent_size: int, max_depth: int | None) -> None:
    """Show what processes reported, in the order of time."""
    for process in _find_processes(processes, most_recent_node):
        if isinstance(process, orm.CalcJobNode):
            echo.echo(common.get_calcjob_report(process))
        elif isinstance(process, orm.WorkChainNode):
            echo.echo(common.get_workchain_report(process, levelname, indent_size, max_depth))
        elif isinstance(process, (orm.CalcFunctionNode, orm.WorkFunctionNode)):
            echo.echo(common.get_process_function_report(process))
        else:
            echo.echo(common.get_workchain_report(process, levelname, indent_size, max_depth))


@verdi_process.command("status")
@options.MOST_RECENT_NODE()
@click.option("-c", "--call-link-label", "call_link_label", is_flag=True, help="Show the labels of calls.")
@click.option("-m", "--max-depth", "max_depth", type=int, default=None, help="Levels of nesting to show.")
@arguments.PROCESSES()
@decorators.with_dbenv()
def process_status(call_link_label: bool, most_recent_node: bool, max_depth: int | None, processes: Sequence[orm.ProcessNode]) -> None:
    """Show the tree of processes that these called, with their states."""
    for process in _find_processes(processes, most_recent_node):
        echo.echo(ascii_vis.format_call_graph(process, max_depth=max_depth, call_link_label=call_link_label))


def _timeout_option(function: Any) -> Any:
    help_text = "Seconds to wait until it is done; 0: do not wait."
    return click.option("-t", "--timeout", type=click.FloatRange(min=0, min_open=False, max=math.inf), default=math.inf, show_default=True, help=help_text)(function)


def _wait_option(function: Any) -> Any:
    return click.option("--wait", is_flag=True, help="Wait until it is done, whatever runs or not; otherwise only while a daemon runs.")(function)


def _act(verb: str, processes: Sequence[orm.ProcessNode], all_entries: bool, timeout: float, wait: bool, **kwargs: Any) -> None:
    """Send a command to the processes that were chosen."""
    if processes and all_entries:
        raise click.BadOptionUsage("all", "cannot specify individual processes and the `--all` flag at the same time.")
    utils.acting.act(verb, list(_find_processes(processes, all_entries=all_entries)), timeout=timeout, wait=wait, **kwargs)


@verdi_process.command("kill")
@arguments.PROCESSES()
@options.ALL(help="Kill all processes that have not ended.")
@_timeout_option
@_wait_option
@click.option("-F", "--force", is_flag=True, help="End it even if its jobs cannot be reached to be cancelled.")
@decorators.with_dbenv()
def process_kill(processes: Sequence[orm.ProcessNode], all_entries: bool, timeout: float, wait: bool, force: bool) -> None:
    """Kill processes, with all that they called and their jobs."""
    _act("kill", processes, all_entries, timeout, wait, force=force, msg_text="Killed through `verdi process kill`")


@verdi_process.command("pause")
@arguments.PROCESSES()
@options.ALL(help="Pause all processes that have not ended.")
@_timeout_option
@_wait_option
@decorators.with_dbenv()
def process_pause(processes: Sequence[orm.ProcessNode], all_entries: bool, timeout: float, wait: bool) -> None:
    """Pause processes: they take no further step until they are played."""
    _act("pause", processes, all_entries, timeout, wait, msg_text="Paused through `verdi process pause`")


@verdi_process.command("play")
@arguments.PROCESSES()
@options.ALL(help="Play all processes that are paused.")
@_timeout_option
@_wait_option
@decorators.with_dbenv()
def process_play(processes: Sequence[orm.ProcessNode], all_entries: bool, timeout: float, wait: bool) -> None:
    """Let paused processes go on."""
    _act("play", processes, all_entries, timeout, wait)


@verdi_process.command("watch")
@arguments.PROCESSES()
@options.MOST_RECENT_NODE()
@decorators.with_dbenv()
def process_watch(processes: Sequence[orm.ProcessNode], most_recent_node: bool) -> None:
    """Print what happens to processes, as it happens, until they have ended (or Ctrl-C)."""
    chosen = _find_processes(processes, most_recent_node)
    common.check_worker_load()
    watches = [utils.timeline.Watch(process) for process in chosen]
    try:
        while True:
            for watch in watches:
                for line in watch.news():
                    echo.echo(line)
            if all(watch.has_ended for watch in watches):
                break
            time.sleep(0.25)
    except KeyboardInterrupt:
        echo.echo("")  # the terminal shows ^C on the line


@verdi_process.command("timeline")
@arguments.PROCESSES()
@options.MOST_RECENT_NODE()
@options.RAW()
@decorators.with_dbenv()
def process_timeline(processes: Sequence[orm.ProcessNode], most_recent_node: bool, raw: bool) -> None:
    """Show the journal of processes: every event, when it was, and how long after the one before."""
    for process in _find_processes(processes, most_recent_node):
        if not raw:
            echo.echo(f"{ascii_vis.calc_info(process)}", bold=True)
        rows = utils.timeline.rows(process)
        if rows:
            echo.echo_tabulate(rows, headers=[] if raw else ["#", "Time", "After", "Event", "What"], tablefmt="plain" if raw else "simple")
        else:
            echo.echo("No journal: the process was made by hand, by another program, or is only data." if not process.is_terminated else "The journal is gone.")


@verdi_process.command("explain")
@arguments.PROCESSES()
@options.MOST_RECENT_NODE()
@decorators.with_dbenv()
def process_explain(processes: Sequence[orm.ProcessNode], most_recent_node: bool) -> None:
    """Say in a paragraph why nothing is happening to processes, and what would help."""
    for process in _find_processes(processes, most_recent_node):
        echo.echo(utils.explain.explain(process))


@verdi_process.command("priority")
@click.argument("priority", type=int)
@arguments.PROCESSES()
@decorators.with_dbenv()
def process_priority(priority: int, processes: Sequence[orm.ProcessNode]) -> None:
    """Set the PRIORITY of processes: who has a higher one is taken up first; 0 is usual, negative numbers come last."""
    utils.acting.set_priority(list(_find_processes(processes)), priority)


@verdi_process.command("limit")
@click.argument("name", required=False)
@click.argument("maximum", required=False, type=click.IntRange(min=0))
@click.option("--lift", is_flag=True, help="There is no such limit any more.")
@decorators.with_dbenv()
def process_limit(name: str | None, maximum: int | None, lift: bool) -> None:
    """Show, or set to MAXIMUM, how many processes of a kind run at once.

    NAME: kind:PROCESS_TYPE, group:LABEL, computer:LABEL, queue:LABEL:QUEUE or account:LABEL:ACCOUNT. Who is queued waits for it from
    now on, who runs already is counted and goes on. Processes that another one called pass the limits of kinds and groups.
    """
    if name is not None and (maximum is None) != lift:
        raise click.UsageError("give either MAXIMUM or `--lift`")
    if name is not None:
        utils.acting.set_limit(name, maximum)
    utils.acting.print_limits()


@verdi_process.command("repair")
@options.DRY_RUN()
@options.FORCE()
@decorators.with_dbenv()
def process_repair(dry_run: bool, force: bool) -> None:
    """Kept for compatibility: nothing is ever to be repaired."""
    echo.echo_success(REPAIR_INSTRUCTIONS)

