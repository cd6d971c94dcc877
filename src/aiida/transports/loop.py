"""One event loop in one thread, for the synchronous faces of asynchronous transports.

A connection lives on the loop where it was opened. A transport that was opened by the engine is used from the engine's loop; the
synchronous faces then block on *that* loop from any other thread. A transport opened synchronously lives on the loop made here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ("block_on", "shared_loop")

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def shared_loop() -> asyncio.AbstractEventLoop:
    """Return the loop of the background thread, started at the first use (and again after a fork)."""
    global _loop
    with _lock:
        if _loop is None or not _loop.is_running():
            started = threading.Event()
            loop = asyncio.new_event_loop()
            loop.call_soon(started.set)
            threading.Thread(target=loop.run_forever, name="aiida-transports", daemon=True).start()
            started.wait()
            _loop = loop
        return _loop


def block_on(coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop | None = None) -> T:
    """Run `coroutine` on `loop` (default: the shared one) and return its result; never call it from that loop's own thread."""
    loop = loop if loop is not None and loop.is_running() else shared_loop()
    try:
        running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is loop:
        coroutine.close()
        raise RuntimeError(
            "a synchronous method of an asynchronous transport was called on the event loop that the transport lives on, "
            "where it would block itself: await the method with the ending `_async` instead, or call it from another thread"
        )
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result()
