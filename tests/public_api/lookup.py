"""From a dotted name to the thing itself, as a plugin reaches it."""

from __future__ import annotations

import importlib
import inspect
import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def read(name: str) -> list[str]:
    """The lines of a data file."""
    return (HERE / name).read_text().splitlines()


def find_member(owner: Any, name: str) -> Any:
    """A member without calling descriptors; what only a metaclass gives, by asking. AttributeError if there is none."""
    if name in getattr(owner, "_default_fields", ()):
        return None
    try:
        return inspect.getattr_static(owner, name)
    except AttributeError:
        return getattr(owner, name)


def find(path: str) -> Any:
    """Import as much of the path as is a module, then follow the names."""
    parts = path.split(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for length in range(len(parts), 0, -1):
            module = ".".join(parts[:length])
            try:
                found: Any = importlib.import_module(module)
            except ModuleNotFoundError as error:
                if error.name is not None and not f"{module}.".startswith(f"{error.name}."):
                    raise  # something that the module needs is missing, which is another matter
                continue
            for name in parts[length:]:
                found = find_member(found, name) if inspect.isclass(found) else getattr(found, name)
            return found
    raise ModuleNotFoundError(path)


def compare(missing: set[str], allowed: dict[str, str]) -> list[str]:
    """What is missing and not allowed to be, and what is allowed to be missing but is there."""
    unsaid = sorted(name for name in missing if not any(fnmatchcase(name, pattern) for pattern in allowed))
    stale = sorted(pattern for pattern in allowed if not any(fnmatchcase(name, pattern) for name in missing))
    return [f"missing: {name}" for name in unsaid] + [f"not missing any more, take it off the table: {pattern}" for pattern in stale]
