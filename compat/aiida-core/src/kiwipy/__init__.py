"""The names of kiwipy that plugins import. No messages are sent here: control is rows in the database."""

from asyncio import CancelledError, Future

__version__ = "0.9.0"


class Communicator:
    """The type that plugins name in annotations; nothing here is one."""


class RemoteException(Exception):
    """What the other side of a message raised."""


class DeliveryFailed(Exception):
    """A message reached nobody."""


class UnroutableError(DeliveryFailed):
    """Nobody listens to the name that a message was for."""


class TaskRejected(Exception):
    """Nobody took a task."""


class TimeoutError(Exception):
    """No answer came in time."""


class DuplicateSubscriberIdentifier(Exception):
    """The name is taken."""


__all__ = (
    "CancelledError",
    "Communicator",
    "DeliveryFailed",
    "DuplicateSubscriberIdentifier",
    "Future",
    "RemoteException",
    "TaskRejected",
    "TimeoutError",
    "UnroutableError",
)
