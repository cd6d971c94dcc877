"""What `verdi process pause, play, kill` and scripts call: for some processes, or for all."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Iterator, Sequence

from aiida import orm
from aiida.common.exceptions import AiidaException
from aiida.common.log import AIIDA_LOGGER
from aiida.common.slots import current_store
from aiida.engine import control
from aiida.storage import journal

__all__ = (
    "ProcessTimeoutException", "get_active_processes", "get_process_tasks", "get_queued_processes", "iterate_process_tasks", "kill_processes",
    "pause_processes", "play_processes", "revive_processes",
)  # fmt: skip

LOGGER = AIIDA_LOGGER.getChild("process_control")
_WHERE = "aiida.engine.processes.control"


class ProcessTimeoutException(AiidaException):
    """Not all processes did what was asked within the time."""


def get_active_processes(paused: bool = False, project: str | list[str] = "*") -> list[t.Any]:
    """Return the processes that have not ended; with `paused` only those that are paused."""
    filters: dict[str, t.Any] = {"attributes.process_state": {"in": ["created", "running", "waiting"]}}
    if paused:
        filters["attributes.paused"] = True
    query = orm.QueryBuilder().append(orm.ProcessNode, filters=filters, project=project)
    return t.cast("list[t.Any]", query.all(flat=True))


def get_queued_processes(paused: bool = False) -> list[t.Any]:
    """Return the processes that can be acted on: asked of the queue, which does not grow with what has ended."""
    store = current_store.get()
    with store.reading() as connection:
        alive = journal.list_alive(connection, paused=paused)
    if not alive:
        return []
    return t.cast("list[t.Any]", orm.QueryBuilder().append(orm.ProcessNode, filters={"id": {"in": alive}}).all(flat=True))


def get_process_tasks(broker: t.Any) -> list[int]:
    """Return the pks of all processes that the engine has still to do with: the database is the queue."""
    store = current_store.get()
    with store.reading() as connection:
        return journal.list_alive(connection)


def iterate_process_tasks(broker: t.Any) -> Iterator[t.Any]:
    """Yield nothing: no broker holds tasks."""
    return iter(())


def pause_processes(
    processes: Sequence[t.Any] | None = None,
    *,
    msg_text: str = f"Paused through `{_WHERE}.pause_processes`",
    all_entries: bool = False,
    timeout: float = 5.0,
) -> None:
    """Pause processes: they take no further step until they are played."""
    chosen = _choose(processes, all_entries, get_queued_processes)
    _ask(chosen, control.PAUSE, {"message": msg_text}, timeout, "paused")


def play_processes(
    processes: Sequence[t.Any] | None = None, *, all_entries: bool = False, timeout: float = 5.0
) -> None:
    """Let paused processes go on."""
    chosen = _choose(processes, all_entries, lambda: get_queued_processes(paused=True))
    _ask(chosen, control.PLAY, {}, timeout, "played")


def kill_processes(
    processes: Sequence[t.Any] | None = None,
    *,
    msg_text: str = f"Killed through `{_WHERE}.kill_processes`",
    force: bool = False,
    all_entries: bool = False,
    timeout: float = 5.0,
) -> None:
    """Kill processes with all that they called and their jobs; with `force` also those whose computer is gone."""
    chosen = _choose(processes, all_entries, get_queued_processes)
    _ask(chosen, control.KILL, {"message": msg_text, "force": force}, timeout, "killed")


def revive_processes(processes: Sequence[t.Any], *, wait: bool = False) -> None:
    """Make sure that somebody looks at these processes. There is nothing to repair: what is alive is in the queue, by definition."""
    control.post(current_store.get(), [node.pk for node in processes], control.PLAY)


def _choose(processes: Sequence[t.Any] | None, all_entries: bool, find: Callable[[], list[t.Any]]) -> list[t.Any]:
    if processes is not None and all_entries:
        raise ValueError("cannot specify processes when `all_entries=True`")
    return list(find()) if all_entries else list(processes or [])


def _ask(nodes: list[t.Any], command: str, data: dict[str, t.Any], timeout: float, done: str) -> None:
    """Post, act ourselves if no daemon would, and wait for as long as asked."""
    if not nodes:
        return
    store = nodes[0].backend
    alive = _alive(store, [node.pk for node in nodes])
    for node in nodes:
        if node.pk not in alive:
            _tell_why_not(node)
    posted = control.post(store, sorted(alive), command, data)
    if posted and not control.has_workers(store):
        control.act(store)
    if timeout > 0:
        _wait(store, sorted(alive), timeout, command, done)


def _wait(store: t.Any, processes: list[int], timeout: float, command: str, done: str) -> None:
    """Until each has done what was asked, or has ended: as the queue says, which is asked for all at once."""
    left, deadline, pause = processes, time.monotonic() + timeout, 0.01
    while True:
        with store.reading() as connection:
            left = journal.which_await(connection, left, command)
        if not left:
            return
        if time.monotonic() > deadline:
            names = ", ".join(map(str, left[:10])) + ("…" if len(left) > 10 else "")
            raise ProcessTimeoutException(
                f"{len(left)} of {len(processes)} processes have not been {done} within {timeout:g} s: {names}"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def _alive(store: t.Any, pks: list[int]) -> set[int]:
    with store.reading() as connection:
        return journal.which_alive(connection, pks)


def _tell_why_not(node: t.Any) -> None:
    if node.is_terminated:
        LOGGER.error("Process<%s> is already terminated", node.pk)
    else:
        LOGGER.warning(
            "Process<%s> was never submitted or run by this engine: nobody holds it, so there is nothing to act on",
            node.pk,
        )
