"""The clock as a port: real, and one that tests turn by hand. (Touches the world: time.)"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ("Clock", "ManualClock", "SystemClock", "system_clock")


class Clock(Protocol):
    """What code that needs time is given."""

    def now(self) -> datetime:
        """The present time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Block this thread."""
        ...

    async def wait(self, seconds: float) -> None:
        """Let other coroutines run for so long."""
        ...


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(tz=UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to; `sleep` moves it, `wait` waits until somebody does."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime(2030, 1, 1, tzinfo=UTC)
        self._elapsed = 0.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._tickets = itertools.count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    async def wait(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._elapsed + seconds, next(self._tickets), future))
        await future

    def advance(self, seconds: float) -> None:
        """Move on, and wake who waited until then. Call it on the loop's thread when coroutines wait."""
        self._elapsed += seconds
        while self._waiting and self._waiting[0][0] <= self._elapsed:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)

    @property
    def next_alarm(self) -> float | None:
        """Seconds until the first waiting coroutine is due, or `None`."""
        return self._waiting[0][0] - self._elapsed if self._waiting else None


system_clock: Clock = SystemClock()
