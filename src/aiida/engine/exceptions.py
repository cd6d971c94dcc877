"""Exceptions of the engine that plugins import from here; the tree itself is `aiida.common.exceptions`."""

from aiida.common.exceptions import AiidaException

__all__ = ("PastException",)


class PastException(AiidaException):
    """Stands for the exception of a process that ended in an earlier session: only its text was kept."""
