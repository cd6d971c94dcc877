"""Classes, functions and what is made of classes, by import path: how the codec of `aiida.common.serial` writes and finds them.

A module is imported, an attribute is looked up and its kind is checked; nothing is called.
"""

from __future__ import annotations

import types
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import DbContentError, UnstorableValue

if TYPE_CHECKING:
    from aiida.common.serial import Decoder

__all__ = ("checked_path", "find_class", "find_object", "import_path", "read_class", "read_enum", "read_function", "read_namedtuple")


def import_path(obj: Any) -> str:
    """Return `module:name` of a class or function; `ValueError` if it cannot be imported again from there."""
    module, name = getattr(obj, "__module__", None), getattr(obj, "__qualname__", "")
    if module is None and type(obj) is types.BuiltinFunctionType:
        module = "builtins"
    if not module or not name or "<" in name:
        raise ValueError(f"`{name or obj!r}` is defined inside a function, so that it cannot be imported")
    if module == "__main__":
        raise ValueError(f"`{name}` is defined in the script that runs: move it to a module that can be imported")
    path = f"{module}:{name}"
    try:
        found = find_object(path)
    except (ImportError, AttributeError):
        raise ValueError(f"`{path}` cannot be imported") from None
    if found is not obj:
        raise ValueError(f"`{path}` names something else by now")
    return path


def find_object(path: str) -> Any:
    """Return what `module:name` names. Imports the module, calls nothing."""
    module, _, name = path.partition(":")
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def checked_path(obj: Any, path: str) -> str:
    try:
        return import_path(obj)
    except ValueError as exc:
        cls = obj if isinstance(obj, type) else type(obj)
        raise UnstorableValue(path, cls, str(exc)) from None


def find_class(path: str, base: type) -> Any:
    try:
        found = find_object(path)
    except (ImportError, AttributeError) as exc:
        raise DbContentError(f"stored process state needs `{path}`, which cannot be imported: {exc}") from exc
    if not isinstance(found, type) or not issubclass(found, base):
        raise DbContentError(
            f"stored process state needs `{path}` as a class derived from `{base.__name__}`, which it is not"
        )
    return found


def read_enum(data: dict[str, Any], coder: Decoder) -> Any:
    cls = find_class(data["c"], Enum)
    try:
        members = [cls.__members__[name] for name in data["v"]]
    except KeyError as exc:
        raise DbContentError(f"the enumeration `{data['c']}` has no member {exc} any more") from None
    if len(members) == 1:
        return members[0]
    value = 0
    for member in members:
        value |= member.value
    return cls(value)


def read_class(data: dict[str, Any], coder: Decoder) -> Any:
    return find_class(data["v"], object)


def read_function(data: dict[str, Any], coder: Decoder) -> Any:
    try:
        found = find_object(data["v"])
    except (ImportError, AttributeError) as exc:
        raise DbContentError(f"stored process state needs `{data['v']}`, which cannot be imported: {exc}") from exc
    if not isinstance(found, types.FunctionType | types.BuiltinFunctionType):
        raise DbContentError(f"stored process state needs `{data['v']}` as a function, which it is not")
    return found


def read_namedtuple(data: dict[str, Any], coder: Decoder) -> Any:
    # Not `cls(…)`: a constructor is code.
    return tuple.__new__(find_class(data["c"], tuple), [coder.decode(item) for item in data["v"]])
