"""Small things that plugins and their tests import from here."""

from __future__ import annotations

import asyncio
import logging
import typing as t
from collections.abc import Awaitable, Callable

from aiida.engine.processes.instantiate import make_process, prepare_inputs

__all__ = (
    "InterruptableFuture", "ResultAndNode", "ResultAndPk", "exponential_backoff_retry", "instantiate_process",
    "interruptable_task", "is_process_function", "prepare_inputs",
)  # fmt: skip

T = t.TypeVar("T")


class ResultAndNode(t.NamedTuple):
    """What a run gives."""

    result: t.Any
    node: t.Any


class ResultAndPk(t.NamedTuple):
    """What a run gives, with the pk in place of the node."""

    result: t.Any
    pk: int | None


def instantiate_process(runner: t.Any, process: t.Any, **inputs: t.Any) -> t.Any:
    """Return a live instance with a stored node. Nobody runs it: tests call its methods one by one."""
    instance = make_process(process, inputs, runner=runner)
    instance._store_record()
    return instance


def is_process_function(function: t.Any) -> bool:
    """Whether the object is a calcfunction or workfunction."""
    return bool(getattr(function, "is_process_function", False))


class InterruptableFuture(asyncio.Future):  # type: ignore[type-arg]
    """A future that can be told to raise in whoever waits for it."""

    def interrupt(self, reason: Exception) -> None:
        """Make the coroutine that runs under this future raise `reason`."""
        if not self.done():
            self.set_exception(reason)

    async def with_interrupt(self, coro: Awaitable[T]) -> T:
        """Await something else, unless this is interrupted first."""
        task = asyncio.ensure_future(coro)
        done, _ = await asyncio.wait({self, task}, return_when=asyncio.FIRST_COMPLETED)
        if self in done and not task.done():
            task.cancel()
            await self
        return await task


def interruptable_task(
    coro: Callable[[InterruptableFuture], Awaitable[t.Any]], loop: asyncio.AbstractEventLoop | None = None
) -> InterruptableFuture:
    """Start `coro(future)` and return the future, which ends with its result and by which it can be interrupted."""
    loop = loop or asyncio.get_event_loop()
    future = InterruptableFuture(loop=loop)

    async def work() -> None:
        try:
            result = await coro(future)
        except Exception as error:
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)

    future._work = loop.create_task(work())  # type: ignore[attr-defined]  # the loop itself holds tasks only weakly
    return future


async def exponential_backoff_retry(
    fct: Callable[..., t.Any],
    initial_interval: float = 10.0,
    max_attempts: int = 5,
    logger: logging.Logger | None = None,
    ignore_exceptions: type[Exception] | tuple[type[Exception], ...] | None = None,
) -> t.Any:
    """Call `fct` until it does not raise, twice as patient each time; the last exception comes through."""
    log = logger or logging.getLogger("aiida.engine.utils")
    interval = initial_interval
    for attempt in range(1, max_attempts + 1):
        try:
            result = fct()
            return await result if asyncio.iscoroutine(result) else result
        except Exception as error:
            if (ignore_exceptions is not None and isinstance(error, ignore_exceptions)) or attempt == max_attempts:
                raise
            log.warning("attempt %d of %d failed (%s), again in %.1f s", attempt, max_attempts, error, interval)
            await asyncio.sleep(interval)
            interval *= 2
