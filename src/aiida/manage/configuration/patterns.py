"""Patterns that name process types, for caching: `aiida.calculations:core.*`, `my_package.module.function`."""

from __future__ import annotations

import keyword
import re
from fnmatch import fnmatchcase

from aiida import plugins
from aiida.common.exceptions import EntryPointError
from aiida.plugins.groups import GROUPS

__all__ = ("check_identifier_pattern", "find_most_specific", "matches")

_SEPARATOR = ":"


def matches(string: str, pattern: str) -> bool:
    """Whether the text matches the pattern; only `*` is special."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), string) is not None


def find_most_specific(identifier: str, patterns: list[str]) -> list[str]:
    """Return those patterns matching the identifier that are not more general than another one which matches."""
    found = [pattern for pattern in patterns if matches(identifier, pattern)]
    return [one for one in found if not any(other != one and matches(other, one) for other in found)]


def check_identifier_pattern(identifier: str, strict: bool = False) -> None:
    """Raise `ValueError` if the text can match no process type; with `strict`, also if its entry point cannot be loaded."""

    def fail(reason: str) -> ValueError:
        return ValueError(f"Invalid identifier pattern `{identifier}`: {reason}")

    count = identifier.count(_SEPARATOR)
    if count > 1:
        raise fail(f"Can contain at most one entry point string separator `{_SEPARATOR}`")
    if count == 1:
        group, _ = identifier.split(_SEPARATOR)
        if not any(fnmatchcase(name, group) for name in GROUPS):
            raise fail(f"Group name pattern `{group}` does not match any of the AiiDA entry point group names.")
        if strict and "*" not in identifier:
            try:
                plugins.load_entry_point_from_string(identifier)
            except EntryPointError:
                raise fail(f"`{identifier}` cannot be loaded.") from None
        return
    for part in identifier.split("."):
        word = part.replace("*", "a")
        if not word.isidentifier():
            raise fail(f"`{part}` is not a valid Python identifier.")
        if keyword.iskeyword(part):
            raise fail(f"`{part}` is a reserved Python keyword.")
