"""Bringing in jobs that were run without the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiida.orm import Node, RemoteData

__all__ = ("CalcJobImporter",)


class CalcJobImporter(ABC):
    """Reconstructs the inputs of a job from the folder in which it was run."""

    @staticmethod
    @abstractmethod
    def parse_remote_data(remote_data: RemoteData, **kwargs: Any) -> dict[str, Node | dict[Any, Any]]:
        """Return the inputs, such that running the process class with them, and `remote_folder`, imports the job."""
