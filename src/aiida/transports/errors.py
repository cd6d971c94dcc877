"""At the edge each failure becomes *temporary* or *permanent*, once."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from aiida.common import exceptions

__all__ = ("Failure", "Refused", "TransportFailure", "Unreachable", "classify")


class TransportFailure(exceptions.TransportTaskException):
    """Something went wrong on the way to another machine, or there."""


class Unreachable(TransportFailure):
    """The machine cannot be reached at the moment; jobs wait for it."""

    is_temporary = True


class Refused(TransportFailure):
    """The machine answers and does not let us in, or the settings cannot work: trying again would change nothing."""

    is_temporary = False


@dataclass(frozen=True)
class Failure:
    """What to do about an exception: try again later, or stop and tell."""

    temporary: bool
    reason: str
    #: the machine itself cannot be reached (opens the breaker of the login), as against: this one effect failed.
    unreachable: bool = False


#: a second try may find these different: the network, a busy file system, a stale handle.
_TEMPORARY_ERRNOS = {
    errno.EAGAIN, errno.EBUSY, errno.EIO, errno.EINTR, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM,
    errno.ETIMEDOUT, errno.ENETDOWN, errno.ENETUNREACH, errno.ENETRESET, errno.EHOSTDOWN, errno.EHOSTUNREACH,
    errno.ECONNABORTED, errno.ECONNREFUSED, errno.ECONNRESET, errno.ENOTCONN, errno.EPIPE,
}  # fmt: skip
_UNREACHABLE_ERRNOS = _TEMPORARY_ERRNOS - {
    errno.EAGAIN, errno.EBUSY, errno.EIO, errno.EINTR, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM,
}  # fmt: skip
#: for people: what the number means here and what to do.
_HINTS = {
    errno.ENOSPC: "the disk is full: make space, then play the process",
    errno.EDQUOT: "the disk quota is used up: make space, then play the process",
    errno.EACCES: "permission denied: check the owner and the mode of the folder",
    errno.EROFS: "the file system is read-only there",
    errno.ENAMETOOLONG: "the name is too long for the file system there",
}


def classify(error: BaseException) -> Failure:
    """Return what kind of failure an exception from a transport or an effect is."""
    reason = _describe(error)
    declared = getattr(error, "is_temporary", None)  # asyncssh errors are wrapped by the plugins with this attribute
    if isinstance(declared, bool):
        return Failure(declared, reason, unreachable=declared and isinstance(error, Unreachable))
    if isinstance(error, Unreachable):
        return Failure(True, reason, unreachable=True)
    if isinstance(error, (TimeoutError, ConnectionError, EOFError)):
        return Failure(True, reason, unreachable=True)
    if isinstance(error, (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError, FileExistsError)):
        return Failure(False, reason)
    if isinstance(error, OSError) and error.errno is not None:
        return Failure(error.errno in _TEMPORARY_ERRNOS, reason, unreachable=error.errno in _UNREACHABLE_ERRNOS)
    if isinstance(error, (OSError, exceptions.TransportTaskException)):
        return Failure(True, reason)
    return Failure(False, reason)


def _describe(error: BaseException) -> str:
    hint = _HINTS.get(error.errno or 0) if isinstance(error, OSError) else None
    message = str(error) or type(error).__name__
    return f"{message} ({hint})" if hint else message
