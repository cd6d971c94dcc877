"""Errors that plugins catch."""

from aiida.common.exceptions import InvalidOperation as InvalidStateError
from aiida.engine.processes.foreign_states import Interruption, KillInterruption
from aiida.engine.processes.ports import PortValidationError


class KilledError(Exception):
    """The process was killed."""


class ClosedError(Exception):
    """The process is closed."""


class PersistenceError(Exception):
    """An instance could not be kept or made again."""


class UnsuccessfulResult(Exception):
    """The process ended without success."""


__all__ = (
    "ClosedError",
    "Interruption",
    "InvalidStateError",
    "KillInterruption",
    "KilledError",
    "PersistenceError",
    "PortValidationError",
    "UnsuccessfulResult",
)
