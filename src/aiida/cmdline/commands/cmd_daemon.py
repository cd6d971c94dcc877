"""`verdi daemon`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import click

from aiida.cmdline import utils
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.utils import decorators, echo, progress, session
from aiida.cmdline.utils.daemon import validate_daemon_env
from aiida.common import exceptions
from aiida.engine.daemon import client as daemon_client
from aiida.manage import configuration

__all__ = ("verdi_daemon",)

NOT_RUNNING = 3


def validate_positive_non_zero_integer(ctx: click.Context, param: click.Parameter, value: Any) -> int:
    """Check the number of workers."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise click.BadParameter(f"{value} is not a positive non-zero integer", ctx=ctx, param=param)
    return value


def _timeout(function: Any) -> Any:
    return click.option("-t", "--timeout", type=click.INT, default=None, help="Seconds to wait for the daemon; by default the option `daemon.timeout`.")(function)


def _number(function: Any) -> Any:
    return click.argument("number", default=1, type=int, callback=validate_positive_non_zero_integer)(function)


@click.group("daemon", cls=VerdiCommandGroup)
def verdi_daemon() -> None:
    """Start, stop and watch the daemon, which runs what was submitted."""


def _say(text: str, function: Callable[[], Any]) -> Any:
    """Print what is being done, do it, and print how it went; a failure exits with 1."""
    echo.echo(f"{text}... ", nl=False)
    try:
        with progress.spinner(text):
            answer = function()
    except daemon_client.DaemonTimeoutException as error:
        echo.echo("TIMEOUT", fg="yellow", bold=True)
        echo.echo_critical(str(error))
    except (daemon_client.DaemonException, exceptions.AiidaException, OSError) as error:
        echo.echo("FAILED", fg="red", bold=True)
        echo.echo_critical(echo.brief(error))
    echo.echo("OK", fg="green", bold=True)
    return answer


@verdi_daemon.command("start")
@click.option("--foreground", is_flag=True, help="Keep it in this terminal, until Ctrl-C.")
@click.argument("number", required=False, type=int, callback=lambda ctx, param, v: v if v is None else validate_positive_non_zero_integer(ctx, param, v))
@_timeout
@decorators.with_dbenv()
def start(foreground: bool, number: int | None, timeout: int | None) -> None:
    """Start the daemon with NUMBER workers, by default as many as the option `daemon.default_workers` says."""
    client = daemon_client.get_daemon_client()
    if client.is_daemon_running:
        echo.echo_report(f"The daemon of profile `{client.profile.name}` is running already, with PID {client.get_daemon_pid()}.")
        return
    count = number or int(configuration.get_config_option("daemon.default_workers"))
    text = f"Starting the daemon with {count} worker{'s' if count > 1 else ''}"
    _say(text, lambda: client.start_daemon(count, foreground=foreground, timeout=timeout))


def _print_status(client: daemon_client.DaemonClient, timeout: int | None) -> bool:
    """Print what is known of a daemon; return whether it is there."""
    if not client.is_daemon_running:
        echo.echo_error("The daemon is not running.")
        return False
    try:
        workers = client.get_worker_info(timeout).get("info", {})
        info = client.get_daemon_info(timeout).get("info", {})
    except daemon_client.DaemonException as error:
        echo.echo_error(str(error))
        return False
    started = info.get("create_time")
    since = f" since {datetime.fromtimestamp(started):%Y-%m-%d %H:%M:%S}" if started else ""
    echo.echo(f"Daemon is running as PID {client.get_daemon_pid()}{since}")
    rows = [[pid, w.get("mem", "-"), w.get("cpu", "-"), _since(w.get("create_time"))] for pid, w in sorted(workers.items()) if isinstance(w, dict)]
    echo.echo(f"Active workers [{len(rows)}]:")
    if rows:
        echo.echo_tabulate(rows, headers=["PID", "MEM %", "CPU %", "started"], tablefmt="simple")
    if (reason := validate_daemon_env(client)) is not None:
        echo.echo_warning(reason)
    echo.echo("Use `verdi daemon [incr | decr] [num]` to increase / decrease the number of workers")
    return True


def _since(timestamp: Any) -> str:
    return f"{datetime.fromtimestamp(float(timestamp)):%Y-%m-%d %H:%M:%S}" if isinstance(timestamp, (int, float)) else "-"


def _clients(all_profiles: bool) -> list[daemon_client.DaemonClient]:
    """Return the clients of one or all profiles."""
    if not all_profiles:
        return [daemon_client.get_daemon_client()]
    return [daemon_client.DaemonClient(profile) for profile in session.find_config().profiles]


@verdi_daemon.command("status")
@click.option("--all", "all_profiles", is_flag=True, help="Of all profiles.")
@_timeout
@decorators.requires_loaded_profile()
def status(all_profiles: bool, timeout: int | None) -> None:
    """Say whether the daemon runs, and what its workers use. Exits with 3 if it does not run."""
    are_running = []
    for client in _clients(all_profiles):
        echo.echo("Profile: ", fg="red", bold=True, nl=False)
        echo.echo(client.profile.name, bold=True)
        are_running.append(_print_status(client, timeout))
    if not all(are_running):
        sys.exit(NOT_RUNNING)


@verdi_daemon.command("incr")
@_number
@_timeout
@decorators.only_if_daemon_running()
def incr(number: int, timeout: int | None) -> None:
    """Add NUMBER workers."""
    client = daemon_client.get_daemon_client()
    _say(f"Adding {number} worker{'s' if number > 1 else ''}", lambda: client.increase_workers(number, timeout=timeout))


@verdi_daemon.command("decr")
@_number
@_timeout
@decorators.only_if_daemon_running()
def decr(number: int, timeout: int | None) -> None:
    """Remove NUMBER workers; they finish the step in hand, others go on with the rest."""
    client = daemon_client.get_daemon_client()
    _say(f"Removing {number} worker{'s' if number > 1 else ''}", lambda: client.decrease_workers(number, timeout=timeout))


@verdi_daemon.command("logshow")
@decorators.requires_loaded_profile()
def logshow() -> None:
    """Show the log of the workers, and follow it until Ctrl-C."""
    client = daemon_client.get_daemon_client()
    try:
        ended = subprocess.run(["tail", "-n", "100", "-F", client.daemon_log_file], check=False)
    except KeyboardInterrupt:
        return
    if ended.returncode not in (0, 130):
        echo.echo_critical(f"the log {client.daemon_log_file} cannot be shown; it is made when the daemon first starts")


@verdi_daemon.command("stop")
@click.option("--no-wait", is_flag=True, help="Do not wait until it has ended.")
@click.option("--all", "all_profiles", is_flag=True, help="Of all profiles.")
@_timeout
@decorators.requires_loaded_profile()
def stop(no_wait: bool, all_profiles: bool, timeout: int | None) -> None:
    """Stop the daemon. What it was doing goes on at the next start."""
    for client in _clients(all_profiles):
        echo.echo("Profile: ", fg="red", bold=True, nl=False)
        echo.echo(client.profile.name, bold=True)
        if not client.is_daemon_running:
            echo.echo("The daemon was not running.")
            continue
        _say("Stopping the daemon", partial(client.stop_daemon, wait=not no_wait, timeout=timeout))


@verdi_daemon.command("restart")
@click.option("--reset", is_flag=True, help="Accepted for compatibility: a restart always reads code and settings anew.")
@click.option("--no-wait", is_flag=True, help="Do not wait until it is ready.")
@_timeout
@decorators.only_if_daemon_running()
def restart(reset: bool, no_wait: bool, timeout: int | None) -> None:
    """Stop the daemon and start it with as many workers: after a change of code, plugins or options."""
    client = daemon_client.get_daemon_client()
    _say("Restarting the daemon", lambda: client.restart_daemon(wait=not no_wait, timeout=timeout))


@verdi_daemon.command("worker")
@click.option("--health", metavar="[HOST:]PORT", default=None, help="Tell over HTTP whether the worker is well: 200 or 503.")
@decorators.with_dbenv()
def start_worker(health: str | None) -> None:
    """Run one worker in this terminal: what systemd or a container starts. Ctrl-C or SIGTERM end it cleanly."""
    utils.working.start_daemon_worker(foreground=True, health=health)


