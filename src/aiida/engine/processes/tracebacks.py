"""Tracebacks as users want them: they begin where the user's code does, not with the engine that called it."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

__all__ = ("format_traceback",)

_OURS = str(Path(__file__).parents[1])
_BETWEEN = ("concurrent/futures/", "contextlib.py", "threading.py", "asyncio/")
"""What stands between the engine's frames and the user's when a process runs in another thread."""


def _is_ours(frame: TracebackType) -> bool:
    name = frame.tb_frame.f_code.co_filename
    return name.startswith(_OURS) or any(part in name for part in _BETWEEN)


def format_traceback(error: BaseException) -> str:
    """Return the traceback from the first frame on that is not the engine's; whole if the engine itself raised."""
    first = error.__traceback__
    while first is not None and _is_ours(first):
        first = first.tb_next
    return "".join(traceback.format_exception(type(error), error, first or error.__traceback__))
