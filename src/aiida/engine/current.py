"""The slot's protocol: what a process may ask of the engine without knowing who it is.

The class layer (`engine.processes`) lies below the runtime. It reaches the runtime only through `aiida.common.slots.current_engine`,
so that a process instance works with no engine behind it, and the arrow of imports stays one.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process
    from aiida.orm import ProcessNode

__all__ = ("Engine",)


class Engine(t.Protocol):
    """Whoever makes processes happen in this interpreter."""

    def run(self, process: Process) -> tuple[t.Any, ProcessNode]:
        """Run to the end and give back (outputs, node): riding inside a step, else inline."""

    def submit(self, process: Process) -> ProcessNode:
        """Record the process and make it ready; return at once."""

    @property
    def runner(self) -> t.Any:
        """Return the public runner."""

    def pause(self, process: Process, message: str | None = None) -> bool:
        """Post a pause to the inbox of the process."""

    def play(self, process: Process) -> bool:
        """Post a play to the inbox of the process."""

    def receive(self, process: Process) -> list[t.Any]:
        """Take the messages that were sent to the process itself."""

    def kill(self, process: Process, message: str | None = None, force: bool = False) -> bool:
        """Post a kill to the inbox of the process."""
