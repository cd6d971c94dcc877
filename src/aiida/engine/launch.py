"""`run` and `submit`: what users call. Thin: make an instance, hand it to the engine of this interpreter.

Every function has a twin for coroutines with the ending `_async`: it works in a thread, so that the event loop goes on.
"""

from __future__ import annotations

import asyncio
import time
import typing as t
from collections.abc import Mapping, Sequence

from aiida.common.exceptions import InvalidOperation
from aiida.common.log import AIIDA_LOGGER
from aiida.common.process_state import ProcessState
from aiida.common.slots import current_engine
from aiida.engine.processes.functions import FunctionProcess
from aiida.engine.processes.instantiate import make_process, prepare_inputs
from aiida.engine.processes.process import Process
from aiida.engine.utils import ResultAndNode, ResultAndPk
from aiida.storage import journal

if t.TYPE_CHECKING:
    from aiida.orm import ProcessNode

__all__ = (
    "await_processes", "await_processes_async", "run", "run_async", "run_get_node", "run_get_node_async", "run_get_pk",
    "submit", "submit_async",
)  # fmt: skip

LOGGER = AIIDA_LOGGER.getChild("engine.launch")
Inputs = Mapping[str, t.Any] | None
_TOLD: set[str] = set()
_SEEN: dict[str, float] = {}  # when a worker was last seen: of many submissions in a row only the first asks


def run(process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> t.Any:
    """Run a process to its end and return its outputs. Accepts a class, a builder or a process function."""
    return _run(process, inputs, kwargs)[0]


def run_get_node(process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> ResultAndNode:
    """Run a process to its end and return (outputs, node)."""
    return ResultAndNode(*_run(process, inputs, kwargs))


def run_get_pk(process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> ResultAndPk:
    """Run a process to its end and return (outputs, pk)."""
    outputs, node = _run(process, inputs, kwargs)
    return ResultAndPk(outputs, node.pk)


run.get_node = run_get_node  # type: ignore[attr-defined]  # the documented spelling
run.get_pk = run_get_pk  # type: ignore[attr-defined]


def run_instance(process: Process, inputs: Inputs, kwargs: dict[str, t.Any]) -> tuple[t.Any, t.Any]:
    """Run an instance that was made, and never run, to its end."""
    if inputs or kwargs:
        raise ValueError(f"{process!r} has its inputs already: give the class with other inputs")
    if process.node.process_state is not ProcessState.CREATED:
        raise InvalidOperation(f"{process!r} was run already, and an instance can be run once: give the class and its inputs, or a builder")
    return current_engine.get().run(process)


def _run(process: t.Any, inputs: Inputs, kwargs: dict[str, t.Any]) -> tuple[t.Any, t.Any]:
    engine = current_engine.get()
    if isinstance(process, Process):
        return run_instance(process, inputs, kwargs)
    given = prepare_inputs(inputs, **kwargs)
    if getattr(process, "is_process_function", False):
        # Other packages have decorators of their own, which know what their arguments mean.
        result, node = process.run_get_node(**given)
        return result, node
    return engine.run(make_process(process, given, runner=engine.runner))


def submit(
    process: t.Any,
    inputs: Inputs = None,
    *,
    wait: bool = False,
    wait_interval: float = 5,
    priority: int = 0,
    **kwargs: t.Any,
) -> ProcessNode:
    """Record a process for the daemon and return its node at once, or with `wait` when it has ended.

    It is accepted whether a daemon runs or not: the database is the queue.
    """
    engine = current_engine.get()
    given = prepare_inputs(inputs, **kwargs)
    current = Process.current()
    if current is not None and not isinstance(current, FunctionProcess):
        raise InvalidOperation("Cannot use top-level `submit` from within another process, use `self.submit` instead")
    instance = make_process(process, given, runner=engine.runner)
    if not instance._has_provenance:
        raise InvalidOperation("Cannot submit a process with `store_provenance=False`")
    node = engine.submit(instance, priority=priority) if priority else engine.submit(instance)  # type: ignore[call-arg]
    say_if_nobody_works(node)
    if wait:
        await_processes([node], wait_interval)
    return node


def say_if_nobody_works(node: ProcessNode) -> None:
    """Say, once for each profile and interpreter, that what was submitted is queued until a daemon starts."""
    store = node.backend
    if store.profile.uuid in _TOLD or time.monotonic() - _SEEN.get(store.profile.uuid, float("-inf")) < 1.0:
        return
    with store.reading() as connection:
        if any(kind == "daemon" for *_, kind in journal.list_workers(connection)):
            _SEEN[store.profile.uuid] = time.monotonic()
            return
    _TOLD.add(store.profile.uuid)
    name = store.profile.name
    LOGGER.report(
        f"{node.process_label}<{node.pk}> is queued: no daemon runs for profile `{name}`. `verdi daemon start` starts one; nothing is lost until then."
    )


def await_processes(nodes: Sequence[ProcessNode], wait_interval: float = 1) -> None:
    """Block until all processes have ended, and say from time to time which have not."""
    nodes = list(nodes)
    start = time.monotonic()
    pause, told = 0.02, 0.0
    while alive := [node for node in nodes if not node.is_terminated]:
        now = time.monotonic() - start
        if now - told >= wait_interval:
            told = now
            names = ", ".join(f"{node.process_label}<{node.pk}> [{_state(node)}]" for node in alive)
            LOGGER.report(f"Process{'es' if len(alive) > 1 else ''} {names} not yet terminated after {now:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.2, 0.5, max(wait_interval, 0.02))


def _state(node: ProcessNode) -> str:
    return node.process_state.value if node.process_state is not None else "unknown"


async def run_async(process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> t.Any:
    """`run` for coroutines."""
    return (await asyncio.to_thread(_run, process, inputs, kwargs))[0]


async def run_get_node_async(process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> ResultAndNode:
    """`run_get_node` for coroutines."""
    return ResultAndNode(*await asyncio.to_thread(_run, process, inputs, kwargs))


async def submit_async(process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> ProcessNode:
    """`submit` for coroutines; with `wait` it returns when the process has ended."""
    return await asyncio.to_thread(submit, process, inputs, **kwargs)


async def await_processes_async(nodes: Sequence[ProcessNode], wait_interval: float = 1) -> None:
    """`await_processes` for coroutines."""
    await asyncio.to_thread(await_processes, nodes, wait_interval)
