"""The port: ring, and wait."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Doorbell(Protocol):
    """A hint that something may be ready.

    ``ring`` is called after a commit, from any thread; it never blocks for long and never raises: a bell that is lost
    costs a delay of one look. ``wait`` is called by one thread of a worker.
    """

    def ring(self) -> None:
        """Tell whoever waits, on whatever machine the bell reaches, to look."""

    def wait(self, timeout: float) -> bool:
        """Return True as soon as the bell has rung since the last wait, False after ``timeout`` seconds."""

    def wake(self) -> None:
        """End this object's own wait now (another thread of the same worker has news for it)."""

    def close(self) -> None:
        """Let go of sockets and threads; afterwards ``ring`` does nothing and ``wait`` only sleeps."""
