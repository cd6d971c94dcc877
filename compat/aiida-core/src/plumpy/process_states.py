"""The states of a process, and what a `run` of its own may return."""

from aiida.common.process_state import ProcessState
from aiida.engine.processes.foreign_states import (
    Command,
    Continue,
    Created,
    Excepted,
    Finished,
    Interruption,
    Kill,
    Killed,
    KillInterruption,
    PauseInterruption,
    Running,
    State,
    Stop,
    Wait,
    Waiting,
)

__all__ = (
    "Command",
    "Continue",
    "Created",
    "Excepted",
    "Finished",
    "Interruption",
    "Kill",
    "KillInterruption",
    "Killed",
    "PauseInterruption",
    "ProcessState",
    "Running",
    "State",
    "Stop",
    "Wait",
    "Waiting",
)
