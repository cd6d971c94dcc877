"""What names a process: its type string, its label, the versions that made it; and how a class is found again by its name."""

from __future__ import annotations

import importlib
import sys
import typing as t

from aiida.plugins.entry_point import get_entry_point_string_from_class, is_valid_entry_point_string
from aiida.plugins.utils import PluginVersionProvider

__all__ = ("build_process_type", "find_object", "is_importable", "load_object", "version_info")

_versions = PluginVersionProvider()


def build_process_type(module: str, name: str) -> str:
    """Return the entry point string of a process class or function, or else its dotted path."""
    entry_point = get_entry_point_string_from_class(module, name)
    return entry_point if entry_point is not None and is_valid_entry_point_string(entry_point) else f"{module}.{name}"


def version_info(plugin: t.Any) -> dict[str, t.Any]:
    """Return the versions of core and plugin, remembered per plugin."""
    return dict(t.cast("dict[str, t.Any]", _versions.get_version_info(plugin)["version"]))


def load_object(module: str, qualified_name: str) -> t.Any:
    """Return the object of a dotted name inside a module, importing the module."""
    found: t.Any = importlib.import_module(module)
    for part in qualified_name.split("."):
        found = getattr(found, part)
    return found


def find_object(module: str, qualified_name: str) -> t.Any:
    """Return the same, or None where it cannot be had."""
    if "<locals>" in qualified_name:
        return None
    try:
        return load_object(module, qualified_name)
    except (ImportError, AttributeError):
        return None


def is_importable(target: t.Any, module: str, qualified_name: str) -> bool:
    """Tell whether *another* interpreter would find this very object by name. What lives in `__main__` it would not."""
    if module == "__main__" or module not in sys.modules:
        return False
    return find_object(module, qualified_name) is target
