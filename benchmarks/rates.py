"""How a rate is taken: the median of several rounds, each long enough to be one."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

QUICK = "--quick" in sys.argv
REPEATS = 3 if QUICK else 5
SECONDS = 1.0 if QUICK else 3.0


def rate(count: int, action: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return how many of ``count`` happen per second: the median of several rounds."""
    results = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        results.append(count / (time.perf_counter() - started))
    return statistics.median(results)


def calibrated(action: Callable[[int], object], least: int, most: int) -> int:
    """Return how many of it make a round of about a second (three, without ``--quick``), after a first try with ``least``."""
    started = time.perf_counter()
    action(least)
    return max(least, min(most, int(least * SECONDS / (time.perf_counter() - started))))
