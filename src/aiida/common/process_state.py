"""The six states of a process: the words, for the graph that shows them and the engine that moves them."""

from __future__ import annotations

from enum import Enum

__all__ = ("ProcessState",)


class ProcessState(Enum):
    """Where a process stands. *Paused* is a flag beside the state."""

    CREATED = "created"
    RUNNING = "running"
    WAITING = "waiting"
    FINISHED = "finished"
    EXCEPTED = "excepted"
    KILLED = "killed"
