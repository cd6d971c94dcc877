"""Stable hashes of values, for caching.

Each value is written as a tag, a length and its content, so that no two different values give the same text (`["ab"]` and
`["a", "b"]`, `1` and `"1"`); floats that agree in 14 significant digits are the same. The hashes are our own: those that
aiida-core made simply do not match, and `verdi node rehash` moves a profile over. (Touches the world: hashing a folder reads it.)

Rejected: hashing `repr` or JSON (sets have no order, floats differ in the last digit), and Python's `hash` (salted).
"""

from __future__ import annotations

import hashlib
import numbers
import os
import secrets
import string
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache, singledispatch
from pathlib import PurePath
from typing import Any, BinaryIO, SupportsFloat
from uuid import UUID

from aiida.common.constants import AIIDA_FLOAT_PRECISION
from aiida.common.exceptions import HashingError
from aiida.common.folders import Folder

__all__ = ("chunked_file_hash", "float_to_text", "get_random_string", "make_hash")

_LETTERS = string.ascii_letters + string.digits


def get_random_string(length: int = 12) -> str:
    """Return a random text of letters and digits, good enough for passwords."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def make_hash(object_to_hash: Any, **kwargs: Any) -> str:
    """Return a hash (64 hexadecimal digits) that is the same in every process, for values made of plain types.

    A class of one's own takes part by registering with `_tokens.register`. Keyword arguments are handed on to it.
    """
    text = b"".join(_tokens(object_to_hash, **kwargs)) if kwargs else _write(object_to_hash)
    return hashlib.blake2b(text, digest_size=32, person=b"radames-1").hexdigest()


def float_to_text(value: SupportsFloat, sig: int) -> str:
    """Return a float as text with `sig` significant digits."""
    number = float(value)
    return f"{0.0 if number == 0 else number:.{sig}g}"


def chunked_file_hash(handle: BinaryIO, hash_cls: Any, chunksize: int = 524288, **kwargs: Any) -> str:
    """Return the hash of a binary stream, read in pieces."""
    digest = hash_cls(**kwargs)
    while chunk := handle.read(chunksize):
        digest.update(chunk)
    result: str = digest.hexdigest()
    return result


def _write(value: Any) -> bytes:
    """Return what `_tokens` gives as one text: the short way for JSON's types, of which nearly all attributes are made."""
    kind = type(value)
    if kind is str:
        return _write_text(value)
    if kind is int:
        content = b"%d" % value
        return b"int%d:%b" % (len(content), content)
    if kind is dict:
        return b"dict%d(%b)" % (
            len(value),
            b"".join(sorted([(_write_key(key) if type(key) is str else _write(key)) + _write(item) for key, item in value.items()])),
        )
    if kind is list or kind is tuple:
        return b"list%d(%b)" % (len(value), b"".join([_write(item) for item in value]))
    if value is None:
        return b"none0:"
    if kind is bool:
        return b"bool1:1" if value else b"bool1:0"
    return b"".join(_tokens(value))


def _write_text(value: str) -> bytes:
    content = value.encode("utf-8", "surrogatepass")
    return b"str%d:%b" % (len(content), content)


# The same few names of attributes come again with every node.
_write_key = lru_cache(maxsize=2048)(_write_text)


def _leaf(tag: str, content: bytes = b"") -> list[bytes]:
    return [f"{tag}{len(content)}:".encode(), content]


def _branch(tag: str, children: Iterable[list[bytes]]) -> list[bytes]:
    parts = list(children)
    return [f"{tag}{len(parts)}(".encode(), *(token for part in parts for token in part), b")"]


@singledispatch
def _tokens(value: Any, **kwargs: Any) -> list[bytes]:
    if type(value).__module__ == "numpy":  # not registered by class: importing numpy costs 100 ms at start-up
        return _numpy_tokens(value)
    raise HashingError(
        f"objects of type `{type(value).__module__}.{type(value).__qualname__}` cannot be hashed: {value!r:.200}"
    )


def _leaves(tag: str, text: Callable[[Any], str]) -> Callable[..., list[bytes]]:
    def tokens(value: Any, **kwargs: Any) -> list[bytes]:
        return _leaf(tag, text(value).encode("utf-8", "surrogatepass"))

    return tokens


def _float_tokens(value: Any, **kwargs: Any) -> list[bytes]:
    return _leaf("float", float_to_text(value, AIIDA_FLOAT_PRECISION).encode())


def _datetime_text(value: datetime) -> str:
    # Aware times that mean the same moment are the same; a naive one is something else.
    return value.astimezone(UTC).isoformat() if value.tzinfo else f"naive {value.isoformat()}"


_tokens.register(type(None), _leaves("none", lambda value: ""))
_tokens.register(bool, _leaves("bool", lambda value: str(int(value))))
_tokens.register(numbers.Integral, _leaves("int", lambda value: str(int(value))))
_tokens.register(numbers.Real, _float_tokens)
_tokens.register(Decimal, _leaves("decimal", lambda value: str(value.normalize())))
_tokens.register(str, _leaves("str", str))
_tokens.register(datetime, _leaves("datetime", _datetime_text))
_tokens.register(date, _leaves("date", date.isoformat))
_tokens.register(UUID, _leaves("uuid", str))
_tokens.register(PurePath, _leaves("path", str))


@_tokens.register(numbers.Complex)
def _complex(value: complex, **kwargs: Any) -> list[bytes]:
    return _branch("complex", (_float_tokens(value.real), _float_tokens(value.imag)))


@_tokens.register(bytes)
@_tokens.register(bytearray)
def _bytes(value: bytes, **kwargs: Any) -> list[bytes]:
    return _leaf("bytes", bytes(value))


@_tokens.register(Enum)
def _enum(value: Enum, **kwargs: Any) -> list[bytes]:
    return _branch(
        "enum", (_tokens(f"{type(value).__module__}.{type(value).__qualname__}"), _tokens(value.value, **kwargs))
    )


@_tokens.register(Sequence)
def _sequence(value: Sequence[Any], **kwargs: Any) -> list[bytes]:
    return _branch("list", (_tokens(item, **kwargs) for item in value))


@_tokens.register(Set)
def _set(value: Set[Any], **kwargs: Any) -> list[bytes]:
    return _branch("set", sorted((_tokens(item, **kwargs) for item in value), key=b"".join))


@_tokens.register(OrderedDict)
def _ordered(value: Mapping[Any, Any], **kwargs: Any) -> list[bytes]:
    return _branch("odict", _pairs(value, kwargs))


@_tokens.register(Mapping)
def _mapping(value: Mapping[Any, Any], **kwargs: Any) -> list[bytes]:
    return _branch("dict", sorted(_pairs(value, kwargs), key=b"".join))


def _pairs(value: Mapping[Any, Any], kwargs: dict[str, Any]) -> list[list[bytes]]:
    return [[*_tokens(key, **kwargs), *_tokens(item, **kwargs)] for key, item in value.items()]


@_tokens.register(Folder)
def _folder(folder: Folder, **kwargs: Any) -> list[bytes]:
    """A folder is the names of its files and what they hold; `ignored_folder_content` names what does not count."""
    ignored = kwargs.get("ignored_folder_content", [])
    parts: list[list[bytes]] = []
    for name, is_file in sorted(folder.get_content_list(only_paths=False)):
        if name in ignored:
            continue
        if is_file:
            with open(os.path.join(folder.abspath, name), "rb") as handle:
                content = _leaf("file", chunked_file_hash(handle, hashlib.blake2b).encode())
        else:
            content = _tokens(folder.get_subfolder(name), **kwargs)
        parts.append([*_tokens(name), *content])
    return _branch("folder", parts)


def _numpy_tokens(value: Any) -> list[bytes]:
    if value.shape == ():
        return _tokens(value.item())
    shape = "x".join(str(n) for n in value.shape)
    if value.dtype.kind == "f":
        # Equal to 14 digits is equal; adding 0.0 turns -0.0 into 0.0.
        content = "\n".join(float_to_text(item, AIIDA_FLOAT_PRECISION) for item in value.ravel().tolist()).encode()
        return _branch("array", (_tokens(shape), _leaf("floats", content)))
    if value.dtype.kind in "biuSU":
        return _branch("array", (_tokens(shape), _tokens(value.ravel().tolist())))
    return _branch("array", (_tokens(shape), _tokens(str(value.dtype)), _leaf("bytes", value.tobytes())))
