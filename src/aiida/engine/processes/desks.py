"""User code comes back to the thread that called `run`, also when another thread drives the process.

While a foreign process waits on its event loop, helper threads drive what it waits for. The loop is the *desk* of the thread
that called: helpers lay the coroutines of nested foreign processes on it, so that user code finds itself in the caller's thread
(signal handlers, thread-local state) and graphs side by side still take turns. A desk whose thread is blocked by a
process below refuses, and the helper runs the coroutine itself: else the two would wait for each other.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import typing as t
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

__all__ = ("Desk", "here", "lent", "run_here", "step_aside", "working_for")

Make = Callable[[], Coroutine[t.Any, t.Any, t.Any]]
T = t.TypeVar("T")


class _Here(threading.local):
    desk: Desk | None = None  # the desk of this thread
    lent: Desk | None = None  # the desk of the thread that this one works for


_here = _Here()


class Errand:
    """One coroutine on its way to a desk; either begun there or refused, once."""

    def __init__(self, make: Make) -> None:
        self.make = make
        self.decided: Future[bool] = Future()
        self.done: Future[t.Any] = Future()
        self._claim = threading.Lock()

    def decide(self, accepted: bool) -> bool:
        """Return whether this was the first decision."""
        if not self._claim.acquire(blocking=False):
            return False
        self.decided.set_result(accepted)
        return True

    async def run(self) -> None:
        """Run it; what comes of it goes to the thread that brought it."""
        try:
            self.done.set_result(await self.make())
        except BaseException as error:
            self.done.set_exception(error)


class Desk:
    """The event loop of a thread that called `run`, open to helpers while it turns."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._pending: list[Errand] = []
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False
        self._lock = threading.Lock()

    def offer(self, make: Make) -> Errand | None:
        """From another thread: have a coroutine run here; None if it was refused."""
        errand = Errand(make)
        with self._lock:
            if self._closed:
                return None
            self._pending.append(errand)
            self.loop.call_soon_threadsafe(self._begin, errand, context=contextvars.copy_context())
        return errand if errand.decided.result() else None

    def _begin(self, errand: Errand) -> None:
        if errand.decide(accepted=True):
            task = self.loop.create_task(errand.run())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        with self._lock:
            if errand in self._pending:
                self._pending.remove(errand)

    def refuse(self) -> None:
        """What has not begun is to be run by who brought it."""
        with self._lock:
            pending, self._pending = self._pending, []
        for errand in pending:
            errand.decide(accepted=False)

    def close(self) -> set[asyncio.Task[None]]:
        """Take nothing more, and return what still runs."""
        with self._lock:
            self._closed = True
        self.refuse()
        return set(self._running)


def here() -> Desk | None:
    """The desk of this thread, if a foreign process is driven in it."""
    return _here.desk


def lent() -> Desk | None:
    """The desk of the thread for which this one drives processes."""
    return _here.lent


@contextmanager
def working_for(desk: Desk | None) -> Iterator[None]:
    """This thread drives processes for the one that has the desk."""
    before, _here.lent = _here.lent, desk
    try:
        yield
    finally:
        _here.lent = before


def step_aside() -> None:
    """Before this thread blocks for a process: nobody is to wait for it meanwhile."""
    if _here.desk is not None:
        _here.desk.refuse()


def run_here(coroutine: Coroutine[t.Any, t.Any, T]) -> T:
    """As `asyncio.run`, with a desk; what helpers have begun there and is not over when the coroutine is goes on in a thread."""
    runner = asyncio.Runner()
    desk = _here.desk = Desk(runner.get_loop())
    try:
        return runner.run(coroutine)
    finally:
        _here.desk = None
        rest = desk.close()
        if rest:
            asyncio.set_event_loop(None)
            threading.Thread(target=_finish, args=(runner, rest), name="aiida-desk", daemon=True).start()
        else:
            runner.close()


def _finish(runner: asyncio.Runner, rest: set[asyncio.Task[None]]) -> None:
    runner.get_loop().run_until_complete(asyncio.wait(rest))
    runner.close()
