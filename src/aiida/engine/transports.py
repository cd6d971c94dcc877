"""The transport pool under the name and in the form that plugins know: a queue that hands out futures of transports."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING

from aiida.transports.pool import TransportPool

if TYPE_CHECKING:
    from aiida.orm import AuthInfo
    from aiida.transports import Transport

__all__ = ("TransportQueue", "TransportRequest")


class TransportRequest:
    """A request for an open transport: the future gets it."""

    def __init__(self) -> None:
        self.future: asyncio.Future[Transport] = asyncio.get_event_loop().create_future()
        self.count = 0


class TransportQueue:
    """Hands out open transports, one connection per login."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None, pool: TransportPool | None = None) -> None:
        self._loop = loop
        self.pool = pool or TransportPool()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the connections."""
        if self._loop is None:
            self._loop = asyncio.get_event_loop()
        return self._loop

    @contextlib.contextmanager
    def request_transport(self, authinfo: AuthInfo) -> Iterator[Awaitable[Transport]]:
        """Yield an awaitable of the open transport, which is ours until the context ends."""
        done = asyncio.Event()
        ready: asyncio.Future[Transport] = self.loop.create_future()

        async def hold() -> None:
            try:
                async with self.pool.transport(authinfo) as transport:
                    if not ready.done():
                        ready.set_result(transport)
                    await done.wait()
            except Exception as error:
                if not ready.done():
                    ready.set_exception(error)

        task = self.loop.create_task(hold())
        try:
            yield ready
        finally:
            done.set()
            if not ready.done():
                task.cancel()
                ready.cancel()
            elif not ready.cancelled() and ready.exception() is not None:
                pass  # retrieved: whoever awaited it has seen it
