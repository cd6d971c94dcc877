"""Commands to processes: kill, pause, play; one, many, all; waiting or not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import click

from aiida import engine, manage, orm
from aiida.cmdline.utils import echo, progress
from aiida.common import exceptions
from aiida.engine import control as low
from aiida.engine.processes import control

__all__ = ("act", "print_limits", "set_limit", "set_priority")

COMMANDS: Mapping[str, Callable[..., Any]] = {
    "kill": control.kill_processes,
    "pause": control.pause_processes,
    "play": control.play_processes,
}


def act(verb: str, processes: list[orm.ProcessNode], *, timeout: float, wait: bool, **kwargs: Any) -> None:
    """Send a command to processes, all that are active if none are given, and wait for what it does."""
    targets = processes or list(control.get_queued_processes(paused=verb == "play"))
    if not targets:
        echo.echo_report(f"There is no process to {verb}.")
        return
    if not processes and verb == "kill":
        click.confirm(f"Are you sure you want to kill {len(targets)} processes?", abort=True)
    ended = [node for node in targets if node.is_terminated]
    is_running = engine.get_daemon_client().is_daemon_running
    if not is_running and len(ended) < len(targets):
        echo.echo_report("The daemon is not running: what nobody holds is acted on at once, the rest when it is taken up.")
    waits = wait or (is_running and timeout > 0)
    try:
        with progress.spinner(f"{verb} {_count(targets)}"):
            COMMANDS[verb](targets, timeout=timeout if waits else 0, **kwargs)
    except control.ProcessTimeoutException as error:
        echo.echo_critical(f"{error}\nThe request is recorded and will be acted on; `verdi process explain PK` says what it waits for.")
    except KeyboardInterrupt:
        echo.echo_critical("Stopped waiting. The request is recorded and will be acted on.")
    _report(verb, [node for node in targets if node not in ended])


def _count(processes: list[orm.ProcessNode]) -> str:
    return "1 process" if len(processes) == 1 else f"{len(processes)} processes"


# What a process is like once it has done what was asked: filters beside its pk.
DONE: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "kill": ("killed", {"attributes.process_state": "killed"}),
    "pause": ("paused", {"attributes.paused": True}),
    "play": ("played", {"or": [{"attributes.paused": {"!==": True}}, {"attributes": {"!has_key": "paused"}}]}),
}


def _report(verb: str, targets: list[orm.ProcessNode]) -> None:
    """Say how many did what was asked; the others have been asked."""
    if not targets:
        return
    word, filters = DONE[verb]
    pks = {int(node.pk) for node in targets}
    found = orm.QueryBuilder().append(orm.ProcessNode, filters={"id": {"in": sorted(pks)}, **filters}, project="id").all(flat=True)
    done = pks & set(found)
    asked = (pks - done) & set(control.get_process_tasks(None))
    if done:
        echo.echo_success(f"{word} {_name(done)}")
    if asked:
        echo.echo_report(f"asked {_name(asked)} to {verb}")


def _name(pks: set[int]) -> str:
    """Return processes by number, or how many they are."""
    return f"{len(pks)} processes" if len(pks) > 5 else ", ".join(f"Process<{pk}>" for pk in sorted(pks))


def set_priority(processes: list[orm.ProcessNode], priority: int) -> None:
    """Say how many of them are alive and have the priority now."""
    changed = low.set_priority(processes[0].backend, [int(node.pk) for node in processes], priority)
    if changed < len(processes):
        echo.echo_warning(f"{len(processes) - changed} of them have ended, or were never submitted")
    if changed:
        echo.echo_success(f"{changed} process{'es have' if changed > 1 else ' has'} priority {priority}")


def set_limit(name: str, maximum: int | None) -> None:
    """Make, change or lift a limit that is named by labels."""
    try:
        low.set_limit(manage.get_manager().get_profile_storage(), _by_uuid(name), maximum)
    except (ValueError, exceptions.AiidaException) as error:
        echo.echo_critical(str(error))


def _by_uuid(name: str) -> str:
    """Return the name of a limit in which labels are replaced by what does not change."""
    kind, _, what = name.partition(":")
    label, _, more = what.partition(":")
    if kind == "group":
        return f"group:{orm.load_group(what).uuid}"
    if kind in ("computer", "queue", "account"):
        return ":".join(part for part in (kind, orm.load_computer(label).uuid, more) if part)
    return name


def print_limits() -> None:
    """Print the limits that hold."""
    rows = [[_by_label(name), maximum, taken] for name, maximum, taken in low.list_limits(manage.get_manager().get_profile_storage())]
    if rows:
        echo.echo_tabulate(rows, headers=["Limit", "Maximum", "Running"])
    else:
        echo.echo_report("There are no limits.")


def _by_label(name: str) -> str:
    kind, _, what = name.partition(":")
    uuid, _, more = what.partition(":")
    with contextlib.suppress(exceptions.AiidaException):
        if kind == "group":
            return f"group:{orm.load_group(uuid=uuid).label}"
        if kind != "kind":
            return ":".join(part for part in (kind, orm.load_computer(uuid=uuid).label, more) if part)
    return name
