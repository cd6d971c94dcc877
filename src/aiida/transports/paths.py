"""Remote paths: texts that may contain anything but a zero byte."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterator
from pathlib import PurePath

__all__ = ("has_magic", "iterate_glob", "match_names", "normal", "quote", "text")

_MAGIC = re.compile(r"[*?[]")
_SAFE = re.compile(r"[A-Za-z0-9@%+=:,./_-]+")


def text(path: str | PurePath) -> str:
    """Return a path as text; refuse what no file system takes."""
    result = str(path)
    if "\0" in result:
        raise ValueError(f"a path cannot contain a zero byte: {result!r}")
    return result


def normal(path: str) -> str:
    """Return the path without empty and dot components (`..` included), as text only."""
    return os.path.normpath(path)


def quote(value: str) -> str:
    """Return `value` as one word of a POSIX shell; safe for every byte but zero. A leading dash is guarded by the caller (`--`)."""
    return value if _SAFE.fullmatch(value) else "'" + value.replace("'", "'\"'\"'") + "'"


def has_magic(path: str) -> bool:
    """Whether the path contains a wild card."""
    return _MAGIC.search(path) is not None


def match_names(names: list[str], pattern: str) -> list[str]:
    """Return the names that match, hidden ones only if the pattern asks for them."""
    if not pattern.startswith("."):
        names = [name for name in names if not name.startswith(".")]
    return fnmatch.filter(names, pattern)


def iterate_glob(pathname: str, listdir: Callable[[str], list[str]], exists: Callable[[str], bool]) -> Iterator[str]:
    """Yield the paths that match `pathname`, given how to list a folder and how to test a path."""
    if not has_magic(pathname):
        if exists(pathname):
            yield pathname
        return
    folder, pattern = os.path.split(pathname)
    folders = iterate_glob(folder, listdir, exists) if has_magic(folder) else iter([folder])
    for base in folders:
        if not has_magic(pattern):
            candidate = os.path.join(base, pattern)
            if exists(candidate):
                yield candidate
            continue
        try:
            names = listdir(base or ".")
        except OSError:
            continue
        for name in match_names(names, pattern):
            yield os.path.join(base, name)
