"""A sign of life during long waits, on a terminal only."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ("spinner",)

PATIENCE = 0.4  # seconds before anything is shown


@contextmanager
def spinner(text: str) -> Iterator[None]:
    """Show a turning sign and the seconds on the standard error, while the context lasts."""
    if not sys.stderr.isatty():
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_turn, args=(text, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _turn(text: str, ended: threading.Event) -> None:
    """Draw until told to stop, then wipe the line."""
    started = time.monotonic()
    if ended.wait(PATIENCE):
        return
    for sign in itertools.cycle("\u280b\u2819\u2838\u2834\u2826\u2807"):
        line = f"{sign} {text} … {time.monotonic() - started:.0f} s"
        sys.stderr.write(f"\r{line}")
        sys.stderr.flush()
        if ended.wait(0.1):
            break
    sys.stderr.write("\r" + " " * (len(line) + 2) + "\r")
    sys.stderr.flush()
