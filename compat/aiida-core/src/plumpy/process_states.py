"""The states of a process."""

from aiida.common.process_state import ProcessState

__all__ = ("ProcessState",)
