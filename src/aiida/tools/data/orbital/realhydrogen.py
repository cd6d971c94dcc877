"""Real hydrogen-like orbitals and their hybrids, numbered as in Wannier90."""

from __future__ import annotations

from typing import Any, ClassVar

from aiida.common.exceptions import ValidationError
from aiida.tools.data.orbital.orbital import (
    Orbital,
    Validator,
    validate_float_or_none,
    validate_int,
    validate_len3_list,
    validate_len3_list_or_none,
)

__all__ = ("RealhydrogenOrbital",)

# Angular momentum (negative for hybrids) → name of the shell, names by magnetic number.
_SHELLS: dict[int, tuple[str, tuple[str, ...]]] = {
    0: ("S", ("S",)),
    1: ("P", ("PZ", "PX", "PY")),
    2: ("D", ("DZ2", "DXZ", "DYZ", "DX2-Y2", "DXY")),
    3: ("F", ("FZ3", "FZX2", "FYZ2", "FZ(X2-Y2)", "FXYZ", "FX(X2-3Y2)", "FY(3X2-Y2)")),
    **{-number: (name, tuple(f"{name}-{one}" for one in range(1, number + 2))) for number, name in enumerate(("SP", "SP2", "SP3", "SP3D", "SP3D2"), start=1)},
}


def _validate_l(value: Any) -> int:
    number = validate_int(value)
    if number not in _SHELLS:
        raise ValidationError("angular momentum (l) must be between -5 and 3")
    return number


def _validate_m(value: Any) -> int:
    number = validate_int(value)
    if number < 0:
        raise ValidationError("magnetic number (m) must not be negative")
    return number


def _validate_n(value: Any) -> int:
    number = validate_int(value)
    if not 0 <= number <= 2:
        raise ValidationError("number of radial nodes (n) must be between 0 and 2")
    return number


def _validate_spin(value: Any) -> int | None:
    number = validate_int(value)
    if number not in (-1, 0, 1):
        raise ValidationError("spin must be among [-1, 0, 1], or None")
    return number


def _validate_kind_name(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ValidationError(f"kind_name must be a string or None, found {value!r}")


class RealhydrogenOrbital(Orbital):
    """A real hydrogen-like orbital: angular momentum `l`, magnetic number `m` (from 0), radial nodes, spin, orientation."""

    _base_fields_required: ClassVar[tuple[tuple[str, Validator], ...]] = (
        ("position", validate_len3_list),
        ("angular_momentum", _validate_l),
        ("magnetic_number", _validate_m),
        ("radial_nodes", _validate_n),
    )
    _base_fields_optional: ClassVar[tuple[tuple[str, Validator, Any], ...]] = (
        ("kind_name", _validate_kind_name, None),
        ("spin", _validate_spin, 0),
        ("x_orientation", validate_len3_list_or_none, None),
        ("z_orientation", validate_len3_list_or_none, None),
        ("spin_orientation", validate_len3_list_or_none, None),
        ("diffusivity", validate_float_or_none, None),
    )

    def __str__(self) -> str:
        facts = self._orbital_dict
        name = self.get_name_from_quantum_numbers(facts["angular_momentum"], facts["magnetic_number"])
        kind = f"for kind '{facts['kind_name']}'" if facts["kind_name"] else ""
        return f"r{facts['radial_nodes']} {name} orbital {kind} @ {self._show_position()}"

    def _validate_keys(self, input_dict: dict[str, Any]) -> dict[str, Any]:
        found = super()._validate_keys(input_dict)
        largest = len(_SHELLS[found["angular_momentum"]][1]) - 1
        if found["magnetic_number"] > largest:
            raise ValidationError(
                f"the magnetic number must be between 0 and {largest} for angular momentum {found['angular_momentum']}, not {found['magnetic_number']}"
            )
        return found

    @classmethod
    def get_name_from_quantum_numbers(cls, angular_momentum: int, magnetic_number: int | None = None) -> str:
        """Return the name of an orbital, or of the shell if no magnetic number is given."""
        if angular_momentum not in _SHELLS:
            raise ValueError(f"No orbital name corresponding to the angular_momentum {angular_momentum} could be found")
        shell, names = _SHELLS[angular_momentum]
        if magnetic_number is None:
            return shell
        if not 0 <= magnetic_number < len(names):
            raise ValueError(f"No orbital name corresponding to the magnetic_number {magnetic_number} could be found")
        return names[magnetic_number]

    @classmethod
    def get_quantum_numbers_from_name(cls, name: str) -> list[dict[str, int]]:
        """Return the quantum numbers of an orbital, or of all orbitals of a shell."""
        wanted = name.upper()
        found = [
            {"angular_momentum": momentum, "magnetic_number": number}
            for momentum, (shell, names) in _SHELLS.items()
            for number, one in enumerate(names)
            if wanted in (shell, one)
        ]
        if not found:
            raise ValueError("Invalid choice of projection name")
        return found
