"""Symbols of elements with weights: what a kind of atom is made of; the rest up to one are vacancies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from aiida.common.constants import elements
from aiida.common.exceptions import UnsupportedSpeciesError

# Sums of weights that differ less are the same.
_SUM_THRESHOLD = 1.0e-6

_valid_symbols: tuple[str, ...] = tuple(element["symbol"] for element in elements.values())
_atomic_masses: dict[str, float] = {element["symbol"]: element["mass"] for element in elements.values()}
_atomic_numbers: dict[str, int] = {element["symbol"]: number for number, element in elements.items()}


def is_valid_symbol(symbol: str) -> bool:
    """Return whether the text is the symbol of an element (`X` is the unknown one)."""
    return symbol in _valid_symbols


def validate_symbols_tuple(symbols_tuple: Sequence[str]) -> None:
    """Raise if a symbol is not known."""
    if not symbols_tuple or not all(map(is_valid_symbol, symbols_tuple)):
        raise UnsupportedSpeciesError(f"At least one element of the symbol list {symbols_tuple} has not been recognized.")


def validate_weights_tuple(weights_tuple: Sequence[float], threshold: float) -> None:
    """Raise if a weight is negative or the sum is larger than one."""
    if any(weight < 0 for weight in weights_tuple) or sum(weights_tuple) - 1.0 > threshold:
        raise ValueError("The weight list is not valid (each element must be positive, and the sum must be <= 1).")


def make_symbols(symbols: str | Iterable[str]) -> tuple[str, ...]:
    """Return one symbol or several as a tuple."""
    return (symbols,) if isinstance(symbols, str) else tuple(symbols)


def make_weights(weights: float | Iterable[float] | None) -> tuple[float, ...]:
    """Return one weight or several as a tuple; none means one atom."""
    if weights is None:
        return (1.0,)
    return tuple(map(float, weights)) if isinstance(weights, Iterable) and not isinstance(weights, str) else (float(weights),)


def has_vacancies(weights: Iterable[float]) -> bool:
    """Return whether the weights leave room for vacancies."""
    return 1.0 - sum(weights) > _SUM_THRESHOLD


def get_symbols_string(symbols: Sequence[str], weights: Sequence[float]) -> str:
    """Return the symbols as a text: the bare symbol, or `{Ba0.50Ca0.40X0.10}` with `X` for vacancies."""
    if len(symbols) == 1 and not has_vacancies(weights):
        return symbols[0]
    parts = [f"{symbol}{weight:4.2f}" for symbol, weight in sorted(zip(symbols, weights, strict=True))]
    if has_vacancies(weights):
        parts.append(f"X{1.0 - sum(weights):4.2f}")
    return f"{{{''.join(parts)}}}"


def create_automatic_kind_name(symbols: Sequence[str], weights: Sequence[float]) -> str:
    """Return the name of a kind that was given none."""
    return "".join(sorted(set(symbols))) + ("X" if has_vacancies(weights) else "")


_PART = re.compile(r"([A-Z][a-z]?)([0-9.]*)")


def atom_kinds_to_html(atom_kind: str) -> str:
    """Return the text of a kind in HTML, vacancies spelt out."""
    parts = []
    for symbol, weight in _PART.findall(atom_kind):
        name = "vacancy" if symbol == "X" else symbol
        parts.append(f"{name}<sub>{weight}</sub>" if "." in weight else name)
    return " + ".join(parts)
