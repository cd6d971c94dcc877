"""Calls of transport methods as frames on a socket of this machine: plain values and the exceptions that transports raise."""

from __future__ import annotations

import asyncio
import builtins
import os
from pathlib import PurePath
from typing import Any

import msgspec

from . import errors
from .util import FileAttribute

__all__ = ("LIMIT", "pack_error", "read_frame", "unpack_error", "write_frame")

#: a frame larger than this is none of ours.
LIMIT = 1 << 31
_ATTRIBUTES, _TEXT = "$attributes", "$text"


def _lower(value: Any) -> Any:
    """Return a value of which msgpack knows all parts."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # a name that is not UTF-8
            return {_TEXT: os.fsencode(value)}
        return value
    if isinstance(value, FileAttribute):
        return {_ATTRIBUTES: dict(value)}
    if isinstance(value, dict):
        return {key: _lower(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_lower(item) for item in value]
    if isinstance(value, PurePath):
        return _lower(str(value))
    if hasattr(value, "read"):  # a file given as standard input
        return _lower(value.read())
    return value


def _raise(value: Any) -> Any:
    """Return the value that was lowered."""
    if isinstance(value, dict):
        if _TEXT in value:
            return os.fsdecode(value[_TEXT])
        if _ATTRIBUTES in value:
            return FileAttribute(value[_ATTRIBUTES])
        return {key: _raise(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_raise(item) for item in value]
    return value


def pack_error(error: BaseException) -> list[Any]:
    """Return the name and the arguments of an exception."""
    if isinstance(error, OSError) and error.errno is not None and len(error.args) > 1:
        return [type(error).__name__, [error.errno, error.strerror, error.filename]]
    return [type(error).__name__, [str(error)]]


def unpack_error(packed: list[Any]) -> Exception:
    """Return the exception: of ours or built in, anything else as a failure of the transport that quotes it."""
    name, args = packed
    for place in (errors, builtins):
        kind = getattr(place, name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            return kind(*args)
    return errors.TransportFailure(f"{name}: {args[0] if args else ''}")


def write_frame(writer: asyncio.StreamWriter, *values: Any) -> None:
    """Write values as one frame."""
    data = msgspec.msgpack.encode(_lower(values))
    writer.write(len(data).to_bytes(4, "big") + data)


async def read_frame(reader: asyncio.StreamReader) -> list[Any]:
    """Return the values of the next frame; raise EOFError at the end of the connection."""
    try:
        size = int.from_bytes(await reader.readexactly(4), "big")
        if size > LIMIT:
            raise EOFError("not a frame of ours")
        return list(_raise(msgspec.msgpack.decode(await reader.readexactly(size))))
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise EOFError("the other end is gone") from error
