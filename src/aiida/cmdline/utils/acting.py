"""Commands to processes: kill, pause, play; one, many, all; waiting or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from aiida import engine, orm
from aiida.cmdline.utils import echo, progress
from aiida.engine.processes import control

__all__ = ("act",)

COMMANDS: Mapping[str, Callable[..., Any]] = {
    "kill": control.kill_processes,
    "pause": control.pause_processes,
    "play": control.play_processes,
}


def act(verb: str, processes: list[orm.ProcessNode], *, timeout: float, wait: bool, **kwargs: Any) -> None:
    """Send a command to processes, all that are active if none are given, and wait for what it does."""
    targets = processes or list(control.get_active_processes(paused=verb == "play"))
    if not targets:
        echo.echo_report(f"There is no process to {verb}.")
        return
    if not processes and verb == "kill":
        click.confirm(f"Are you sure you want to kill {len(targets)} processes?", abort=True)
    is_running = engine.get_daemon_client().is_daemon_running
    if not is_running:
        echo.echo_report("The daemon is not running: what nobody holds is acted on at once, the rest when it is taken up.")
    waits = wait or (is_running and timeout > 0)
    try:
        with progress.spinner(f"{verb} {len(targets)} process{'es' if len(targets) > 1 else ''}"):
            COMMANDS[verb](targets, timeout=timeout if waits else 0, **kwargs)
    except control.ProcessTimeoutException as error:
        echo.echo_critical(f"{error}\nThe request is recorded and will be acted on; `verdi process explain PK` says what it waits for.")
