"""Process classes with a `run` of their own, plain or a coroutine: driven to the end within one lease."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
import typing as t
from collections.abc import Mapping

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process

__all__ = ("run_coroutine", "run_foreign")


def run_foreign(process: Process) -> t.Any:
    """Call the `run` of the process; outputs that it returns are attached."""
    run = getattr(process, "run", None)
    if run is None:
        raise NotImplementedError(f"`{process.get_name()}` has no method `run`, so there is nothing to do for it")
    result = run()
    if inspect.iscoroutine(result):
        result = run_coroutine(result)
    if isinstance(result, Mapping):
        process.out_many(result)
        return None
    return result


def run_coroutine(coroutine: t.Coroutine[t.Any, t.Any, t.Any]) -> t.Any:
    """Run a coroutine to its end from synchronous code, beside a loop that may be running in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    box: dict[str, t.Any] = {}
    context = contextvars.copy_context()

    def work() -> None:
        try:
            box["result"] = context.run(asyncio.run, coroutine)
        except BaseException as exception:
            box["error"] = exception

    thread = threading.Thread(target=work, name="foreign process")
    thread.start()
    thread.join()
    if "error" in box:
        raise box["error"]
    return box["result"]
