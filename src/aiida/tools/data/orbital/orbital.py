"""Orbital: a place, and whatever a subclass adds as fields with a validator each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, ClassVar

from aiida.common.exceptions import ValidationError
from aiida.plugins.entry_point import get_entry_point_from_class

__all__ = ("Orbital",)

Validator = Callable[[Any], Any]


def validate_int(value: Any) -> int:
    """Return a whole number."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise ValidationError(f"must be a int, found {value!r}") from None
    if number != value:
        raise ValidationError(f"must be a int, found {value!r}")
    return number


def validate_float_or_none(value: Any) -> float | None:
    """Return a number, or `None`."""
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValidationError(f"must be a float, found {value!r}") from None


def validate_len3_list(value: Iterable[float]) -> list[float]:
    """Return three finite numbers."""
    try:
        numbers = [float(one) for one in value]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)):
        raise ValidationError("must be a list of three float number")
    return numbers


def validate_len3_list_or_none(value: Any) -> list[float] | None:
    """Return three finite numbers, or `None`."""
    return None if value is None else validate_len3_list(value)


class Orbital:
    """An orbital at a position; subclasses list their fields."""

    # (name, validator) of fields that must be given, and (name, validator, default) of those that need not.
    _base_fields_required: ClassVar[tuple[tuple[str, Validator], ...]] = (("position", validate_len3_list),)
    _base_fields_optional: ClassVar[tuple[tuple[str, Validator, Any], ...]] = ()

    def __init__(self, **kwargs: Any) -> None:
        self._orbital_dict: dict[str, Any] = {}
        self.set_orbital_dict(kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __str__(self) -> str:
        return f"Orbital @ {self._show_position()}"

    def _show_position(self) -> str:
        return ",".join(f"{value:.4f}" for value in self._orbital_dict["position"])

    def set_orbital_dict(self, init_dict: dict[str, Any]) -> None:
        """Set all fields; `ValidationError` names the one that is missing, unknown or wrong."""
        self._orbital_dict = self._validate_keys(dict(init_dict))

    def get_orbital_dict(self) -> dict[str, Any]:
        """Return all fields, with the entry point of the class under `_orbital_type`."""
        return {"_orbital_type": self._find_type(), **deepcopy(self._orbital_dict)}

    def _find_type(self) -> str:
        entry_point = get_entry_point_from_class(type(self).__module__, type(self).__name__)[1]
        if entry_point is None:
            raise ValueError(f"Unable to detect entry point for current class {type(self)}, maybe you did not register an entry point for it?")
        return str(entry_point.name)

    def _validate_keys(self, input_dict: dict[str, Any]) -> dict[str, Any]:
        input_dict.pop("_orbital_type", None)
        found: dict[str, Any] = {}
        for name, validator in self._base_fields_required:
            if name not in input_dict:
                raise ValidationError(f"Missing required parameter '{name}'")
            found[name] = _check(name, validator, input_dict.pop(name))
        for name, validator, default in self._base_fields_optional:
            found[name] = _check(name, validator, input_dict.pop(name)) if name in input_dict else default
        if input_dict:
            raise ValidationError(f"Unknown keys: {list(input_dict)}")
        return found


def _check(name: str, validator: Validator, value: Any) -> Any:
    try:
        return validator(value)
    except ValidationError as error:
        raise ValidationError(f"Error validating '{name}': {error}") from None
