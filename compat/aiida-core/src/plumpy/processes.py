"""The process class."""

from aiida.common.process_state import ProcessState
from aiida.engine.processes.process import Process

__all__ = ("Process", "ProcessState")
