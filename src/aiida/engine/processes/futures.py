"""A future that ends when a process does."""

from __future__ import annotations

import asyncio
import typing as t

from aiida.orm import load_node

__all__ = ("ProcessFuture",)

FIRST, LONGEST = 0.01, 0.5


class ProcessFuture(asyncio.Future):  # type: ignore[type-arg]
    """Ends with the process node; looks at the database, soon at first and then more rarely."""

    def __init__(
        self,
        pk: int,
        loop: asyncio.AbstractEventLoop | None = None,
        poll_interval: float | None = None,
        communicator: t.Any = None,
    ) -> None:
        super().__init__(loop=loop or asyncio.get_event_loop())
        self._pk = pk
        self._interval = poll_interval or FIRST
        self._grows = not poll_interval
        self._handle: asyncio.TimerHandle | None = None
        self._look()

    def _look(self) -> None:
        if self.done():
            return
        node = load_node(self._pk)
        if node.is_terminated:
            self.set_result(node)
            return
        self._handle = self.get_loop().call_later(self._interval, self._look)
        if self._grows:
            self._interval = min(self._interval * 1.3, LONGEST)

    def cleanup(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
