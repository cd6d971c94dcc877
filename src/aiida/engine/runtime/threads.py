"""Where the engine's coroutines run: the one event loop of this interpreter, on a thread of its own.

So a sync caller and a running notebook are alike, and a transport opened by the engine can be used by user code too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from aiida.transports.loop import shared_loop

T = TypeVar("T")


def start(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Run it on the loop; the result comes as a future of the threads' world."""
    return asyncio.run_coroutine_threadsafe(coroutine, shared_loop())
