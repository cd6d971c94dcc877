"""Find, parse and load what `group:name` means.

Installed packages are scanned once per process (`eps`). Tests add and remove entries through `override`, so that a class made in a
test is found by every function here.
"""

from __future__ import annotations

import enum
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, distributions
from typing import Any, Self

from aiida.common.exceptions import LoadingEntryPointError, MissingEntryPointError, MultipleEntryPointError
from aiida.common.warnings import warn_deprecation
from aiida.plugins.groups import GROUPS

__all__ = ("get_entry_points", "load_entry_point", "load_entry_point_from_string", "parse_entry_point")

ENTRY_POINT_GROUP_PREFIX = "aiida."
ENTRY_POINT_STRING_SEPARATOR = ":"
ENTRY_POINT_GROUP_TO_MODULE_PATH_MAP = {group.name: group.module_path for group in GROUPS.values()}
_CORE = "core."


class EntryPointFormat(enum.Enum):
    """How an entry point is written: `aiida.data:core.int`, `data:core.int` or `core.int`."""

    INVALID = 0
    FULL = 1
    PARTIAL = 2
    MINIMAL = 3


class PluginEntryPoint(EntryPoint):
    """An entry point. Plugins ask whether it is one of the package `importlib_metadata`: where that is imported, it says yes.

    Rejected: taking its class, for importing it would slow down every start.
    """

    @classmethod
    def of(cls, other: EntryPoint) -> Self:
        """Return the same entry point as one of this class, with the package that it comes from."""
        one = cls.__new__(cls)
        vars(one).update(vars(other))
        return one

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        backport = sys.modules.get("importlib_metadata")
        return type(self) if backport is None else vars(backport).get("EntryPoint", type(self))

    def __reduce__(self) -> Any:
        return type(self), (self.name, self.value, self.group)


class LiveEntryPoint(PluginEntryPoint):
    """An entry point whose object exists already, importable or not."""

    def __init__(self, name: str, group: str, obj: Any) -> None:
        super().__init__(name, f"{obj.__module__}:{getattr(obj, '__name__', name)}", group)
        vars(self)["obj"] = obj

    def load(self) -> Any:
        """Return the object."""
        return vars(self)["obj"]


# Entries of tests, by group and name; `None` hides an installed one.
_overrides: dict[tuple[str, str], EntryPoint | None] = {}


@lru_cache(maxsize=1)
def eps() -> EntryPoints:
    """Return all entry points of the installed packages, with those that tests have put in place."""
    found = [entry for entry in _installed() if (entry.group, entry.name) not in _overrides]
    return EntryPoints((*found, *(entry for entry in _overrides.values() if entry is not None)))


@lru_cache(maxsize=1)
def _installed() -> tuple[EntryPoint, ...]:
    """Scan the packages on the path, once: it is the slowest part of start-up."""
    seen: set[str] = set()
    found: list[EntryPoint] = []
    for distribution in distributions():
        # A package may be on the path twice (editable installs); the first wins, as in imports. The public `name` reads the
        # whole METADATA file of every package (80 ms for 150 of them); the name of its folder says the same.
        name = getattr(distribution, "_normalized_name", None) or distribution.name
        if name not in seen:
            seen.add(name)
            found.extend(map(PluginEntryPoint.of, distribution.entry_points))
    return tuple(found)


@lru_cache(maxsize=1)
def _index() -> dict[str, dict[str, list[EntryPoint]]]:
    index: dict[str, dict[str, list[EntryPoint]]] = {}
    for entry_point in eps():
        index.setdefault(entry_point.group, {}).setdefault(entry_point.name, []).append(entry_point)
    return index


@lru_cache(maxsize=1)
def _classes() -> dict[tuple[str, str], EntryPoint]:
    """Return which entry point names a class: (module, class name) → entry point."""
    classes: dict[tuple[str, str], EntryPoint] = {}
    for group in _index():
        if group.startswith(ENTRY_POINT_GROUP_PREFIX):
            for entry_point in get_entry_points(group):
                module, _, name = entry_point.value.partition(":")
                classes.setdefault((module.strip(), name.split("[")[0].strip()), entry_point)
    return classes


def eps_select(group: str, name: str | None = None) -> EntryPoints:
    """Return the entry points of a group, or those of one name in it."""
    names = _index().get(group, {})
    if name is not None:
        return EntryPoints(names.get(name, ()))
    return EntryPoints(entry for entries in names.values() for entry in entries)


# Called when entries have changed: by layers above that remember which class a name stands for.
_on_change: list[Callable[[], None]] = []


def on_change(callback: Callable[[], None]) -> None:
    """Have `callback` called whenever entry points have changed in this process."""
    _on_change.append(callback)


def forget() -> None:
    """Look again at the next use: something has changed."""
    for cached in (eps, _index, _classes):
        cached.cache_clear()
    for callback in _on_change:
        callback()


def set_override(group: str, name: str, entry_point: EntryPoint | None) -> None:
    """Add or replace an entry point for this process; `None` hides it."""
    _overrides[group, name] = entry_point
    forget()


@contextmanager
def preserved_overrides() -> Iterator[None]:
    """Within the context entries may be added and hidden; at its end everything is as before."""
    before = dict(_overrides)
    try:
        yield
    finally:
        if before != _overrides:
            _overrides.clear()
            _overrides.update(before)
            forget()


def parse_entry_point(group: str, spec: str) -> EntryPoint:
    """Return the entry point of a line `name = module:object`."""
    name, separator, value = spec.partition("=")
    if not separator:
        raise ValueError(f"`{spec}` is not of the form `name = module:object`")
    return PluginEntryPoint(group=group, name=name.strip(), value=value.strip())


def validate_registered_entry_points() -> None:
    """Load every registered plugin of ours; raise on the first that cannot be loaded or is of the wrong kind."""
    for group in GROUPS.values():
        for name in get_entry_point_names(group.name):
            load_entry_point(group.name, name)


def format_entry_point_string(group: str, name: str, fmt: EntryPointFormat = EntryPointFormat.FULL) -> str:
    """Return an entry point as text."""
    if fmt is EntryPointFormat.FULL:
        return f"{group}{ENTRY_POINT_STRING_SEPARATOR}{name}"
    if fmt is EntryPointFormat.PARTIAL:
        return f"{group.removeprefix(ENTRY_POINT_GROUP_PREFIX)}{ENTRY_POINT_STRING_SEPARATOR}{name}"
    if fmt is EntryPointFormat.MINIMAL:
        return name
    raise ValueError("invalid EntryPointFormat")


def parse_entry_point_string(entry_point_string: str) -> tuple[str, str]:
    """Return group and name of `group:name`."""
    if not isinstance(entry_point_string, str):
        raise TypeError("the entry_point_string should be a string")
    parts = entry_point_string.split(ENTRY_POINT_STRING_SEPARATOR)
    if len(parts) != 2:
        raise ValueError(f"invalid entry_point_string format: {entry_point_string}")
    return parts[0], parts[1]


def get_entry_point_string_format(entry_point_string: str) -> EntryPointFormat:
    """Return in which way an entry point is written."""
    group, separator, name = entry_point_string.partition(ENTRY_POINT_STRING_SEPARATOR)
    if not separator or ENTRY_POINT_STRING_SEPARATOR in name:
        return EntryPointFormat.MINIMAL
    return EntryPointFormat.FULL if group.startswith(ENTRY_POINT_GROUP_PREFIX) else EntryPointFormat.PARTIAL


def is_valid_entry_point_string(entry_point_string: str) -> bool:
    """Whether the text is `group:name` with a group we know; the name need not be registered."""
    try:
        group, _ = parse_entry_point_string(entry_point_string)
    except (TypeError, ValueError):
        return False
    return group in ENTRY_POINT_GROUP_TO_MODULE_PATH_MAP


def get_entry_point_from_string(entry_point_string: str) -> EntryPoint:
    """Return the entry point that `group:name` names."""
    return get_entry_point(*parse_entry_point_string(entry_point_string))


def load_entry_point_from_string(entry_point_string: str) -> Any:
    """Load what `group:name` names."""
    return load_entry_point(*parse_entry_point_string(entry_point_string))


def load_entry_point(group: str, name: str) -> Any:
    """Load a plugin; `LoadingEntryPointError` tells why its module cannot be imported."""
    entry_point = get_entry_point(group, name)
    try:
        return entry_point.load()
    except (ImportError, AttributeError):
        raise LoadingEntryPointError(f"Failed to load entry point '{name}':\n{traceback.format_exc()}") from None


def get_entry_point_groups() -> set[str]:
    """Return the names of all groups that any package registers in."""
    return set(_index())


def get_entry_point_names(group: str, sort: bool = True) -> list[str]:
    """Return the names registered in a group."""
    names = list(_index().get(group, ()))
    return sorted(names) if sort else names


def get_entry_points(group: str) -> EntryPoints:
    """Return the entry points of a group."""
    return eps_select(group=group)


def convert_potentially_deprecated_entry_point(group: str, name: str) -> str:
    """Return `core.x` for the old name `x` of a plugin of ours, with a warning; any other name as it is."""
    names = _index().get(group, {})
    if name not in names and f"{_CORE}{name}" in names:
        warn_deprecation(
            f"The entry point `{name}` is deprecated. Please replace it with `{_CORE}{name}`.",
            version=3,
            stacklevel=_depth_outside(),
        )
        return f"{_CORE}{name}"
    return name


def _depth_outside() -> int:
    """Return how far up the caller of this package is: a warning should name the user's line."""
    frame, depth = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("aiida.plugins"):
        frame, depth = frame.f_back, depth + 1
    return depth


def get_entry_point(group: str, name: str) -> EntryPoint:
    """Return an entry point; `MissingEntryPointError` if there is none, `MultipleEntryPointError` if packages disagree."""
    name = convert_potentially_deprecated_entry_point(group, name)
    found = list(eps_select(group=group, name=name))
    if not found:
        raise MissingEntryPointError(f"Entry point '{name}' not found in group '{group}'")
    if len({entry.value for entry in found}) > 1:
        raise MultipleEntryPointError(
            f"Multiple entry points '{name}' found in group '{group}': {', '.join(entry.value for entry in found)}. "
            "Uninstall one of the packages that register it"
        )
    return found[0]


def get_entry_point_from_class(class_module: str, class_name: str) -> tuple[str | None, EntryPoint | None]:
    """Return group and entry point that name a class, or a pair of `None`."""
    entry_point = _classes().get((class_module, class_name))
    return (None, None) if entry_point is None else (entry_point.group, entry_point)


def get_entry_point_string_from_class(class_module: str, class_name: str) -> str | None:
    """Return `group:name` of a class, or `None` if it is not registered."""
    group, entry_point = get_entry_point_from_class(class_module, class_name)
    if group is None or entry_point is None:
        return None
    return ENTRY_POINT_STRING_SEPARATOR.join((group, entry_point.name))


def is_registered_entry_point(class_module: str, class_name: str, groups: Sequence[str] | None = None) -> bool:
    """Whether a class is registered, in one of the groups if they are given."""
    group, _ = get_entry_point_from_class(class_module, class_name)
    return group is not None and (groups is None or group in groups)
