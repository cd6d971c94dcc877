"""No bell: only this process can wake itself; everybody else is found by looking."""

from __future__ import annotations

import threading


class PollingBell:
    """Rings within the process; what other processes did is seen at the next look."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    wake = ring

    def wait(self, timeout: float) -> bool:
        if not self._rung.wait(timeout):
            return False  # and nothing is cleared: who rings at this very moment is heard by the next wait
        self._rung.clear()
        return True

    def close(self) -> None:
        self._rung.set()
