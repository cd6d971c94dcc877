"""What may be stored as an attribute or an extra: JSON, and what is turned into JSON without loss of meaning."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from aiida.common.exceptions import ValidationError

__all__ = ("check_key", "clean_mapping", "clean_value", "register_unwrapper")

# Classes whose instances stand for a plain value (the base data types register themselves).
_unwrappers: dict[type, Callable[[Any], Any]] = {}


def register_unwrapper(cls: type, unwrap: Callable[[Any], Any]) -> None:
    """Let instances of `cls` be stored as what `unwrap` returns for them."""
    _unwrappers[cls] = unwrap


def check_key(key: Any) -> None:
    """Raise `ValidationError` if `key` cannot be the key of an attribute or extra."""
    if not isinstance(key, str) or not key:
        raise ValidationError("key for attributes or extras should be a string")
    if "." in key:
        raise ValidationError("key for attributes or extras cannot contain the character `.`")


def clean_mapping(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    """Return attributes or extras with every key checked and every value cleaned."""
    cleaned: dict[str, Any] = {}
    for key, value in mapping.items():
        check_key(key)
        kind = type(value)
        cleaned[key] = value if kind is str or kind is int or kind is bool or value is None else clean_value(value)
    return cleaned


def _clean_nested(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a mapping inside a value: its keys are no names of attributes, so any will do; JSON makes text of them."""
    return {key if isinstance(key, str) else str(key): clean_value(value) for key, value in mapping.items()}


def clean_value(value: Any) -> Any:
    """Return a copy of `value` that holds only what JSON holds; raise `ValidationError` for what cannot be expressed."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return _clean_float(value)
    if kind is dict:
        return _clean_nested(value)
    if kind is list or kind is tuple:
        return [clean_value(item) for item in value]
    return _clean_exotic(value)


def _clean_float(value: float) -> float | int:
    """Return a number with 14 digits, as AiiDA's databases hold them; what JSON cannot say is refused.

    Plugins compare what they read with files that were written so. A whole number that needs an exponent is an int.
    """
    if not math.isfinite(value):
        raise ValidationError("nan and inf/-inf can not be serialized to the database")
    text = f"{value:.14g}"
    rounded = float(text)
    return int(rounded) if "e+" in text and rounded.is_integer() else rounded


def _clean_exotic(value: Any) -> Any:
    for cls in type(value).__mro__:
        if cls in _unwrappers:
            return clean_value(_unwrappers[cls](value))
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return _clean_nested(value)
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, (Real, Decimal)):
        return _clean_float(float(value))
    # Nodes that are not base types are iterable at times (FolderData is not, List is): never store them by accident.
    if isinstance(value, Iterable) and not hasattr(value, "_row"):
        return [clean_value(item) for item in value]
    raise ValidationError(f"type `{type(value)}` is not supported as it is not json-serializable")
