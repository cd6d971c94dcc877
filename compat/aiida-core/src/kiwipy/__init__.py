"""The names of kiwipy that plugins import. No messages are sent here: control is rows in the database."""

import abc
from asyncio import CancelledError, Future

__version__ = "0.9.0"


class Communicator(abc.ABC):
    """The type that plugins name in annotations; nothing here is one."""


__all__ = ("CancelledError", "Communicator", "Future")
