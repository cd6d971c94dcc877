"""Chemical formulae of a list of symbols."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import groupby
from math import gcd
from typing import Any


def group_symbols(_list: Iterable[str]) -> list[list[Any]]:
    """Return runs of equal symbols as `[count, symbol]`."""
    return [[len(list(run)), symbol] for symbol, run in groupby(_list)]


def get_formula_from_symbol_list(_list: Iterable[Sequence[Any]], separator: str = "") -> str:
    """Return the formula of `[count, symbol]` pairs."""
    return separator.join(f"{symbol}{_count(number)}" for number, symbol in _list)


def _count(number: int) -> str:
    return "" if number == 1 else str(number)


class _Group(tuple[Any, ...]):
    """A sequence of parts that is repeated: `(parts, times)`."""


def get_formula_group(symbol_list: Sequence[str], separator: str = "") -> str:
    """Return a formula in the given order in which repeated sequences are put in brackets: `(BaTiO3)2`."""
    parts: list[Any] = [tuple(pair) for pair in group_symbols(symbol_list)]
    size = 2
    while 2 * size <= len(parts):
        shorter = _bracket(parts, size)
        # Brackets make new repetitions possible among shorter sequences.
        size = 2 if len(shorter) < len(parts) else size + 1
        parts = shorter
    return _join(parts, separator)


def _bracket(parts: list[Any], size: int) -> list[Any]:
    found: list[Any] = []
    at = 0
    while at < len(parts):
        window = parts[at : at + size]
        times = 1
        while len(window) == size and parts[at + times * size : at + (times + 1) * size] == window:
            times += 1
        if times > 1:
            found.append(_Group((tuple(window), times)))
            at += times * size
        else:
            found.append(parts[at])
            at += 1
    return found


def _join(parts: Iterable[Any], separator: str) -> str:
    texts = []
    for part in parts:
        if isinstance(part, _Group):
            inner, times = part
            texts.append(f"({_join(inner, separator)}){_count(times)}")
        else:
            texts.append(f"{part[1]}{_count(part[0])}")
    return separator.join(texts)


def _hill_order(symbols: Iterable[str]) -> list[str]:
    """Return symbols in Hill's order: carbon and hydrogen first if there is carbon, then by the alphabet."""
    known = set(symbols)
    first = [symbol for symbol in ("C", "H") if symbol in known] if "C" in known else []
    return first + sorted(known - set(first))


def _compact(counts: dict[str, int]) -> dict[str, int]:
    divisor = reduce(gcd, counts.values(), 0) or 1
    return {symbol: number // divisor for symbol, number in counts.items()}


def _from_counts(counts: dict[str, int], order: Iterable[str], separator: str) -> str:
    return get_formula_from_symbol_list([(counts[symbol], symbol) for symbol in order], separator)


_MODES: dict[str, Callable[[Sequence[str], str], str]] = {
    "hill": lambda symbols, sep: _from_counts(Counter(symbols), _hill_order(symbols), sep),
    "hill_compact": lambda symbols, sep: _from_counts(_compact(Counter(symbols)), _hill_order(symbols), sep),
    "reduce": lambda symbols, sep: get_formula_from_symbol_list(group_symbols(symbols), sep),
    "group": get_formula_group,
    "count": lambda symbols, sep: _from_counts(Counter(symbols), dict.fromkeys(symbols), sep),
    "count_compact": lambda symbols, sep: _from_counts(_compact(Counter(symbols)), dict.fromkeys(symbols), sep),
}


def get_formula(symbol_list: Sequence[str], mode: str = "hill", separator: str = "") -> str:
    """Return the formula of a list of symbols.

    `hill` and `hill_compact` follow Hill's order, `count` and `count_compact` the order of appearance (the compact ones divide
    by the common factor); `reduce` joins neighbours, `group` also puts repeated sequences in brackets.
    """
    if mode not in _MODES:
        raise ValueError("Mode should be hill, hill_compact, group, reduce, count or count_compact")
    return _MODES[mode](list(symbol_list), separator)


def get_composition(symbol_list: Sequence[str], mode: str = "full") -> dict[str, int | float]:
    """Return how often each symbol occurs: as counted, divided by the common factor, or as fractions."""
    counts = Counter(symbol_list)
    if mode == "full":
        return dict(counts)
    if mode == "reduced":
        return {symbol: float(number) for symbol, number in _compact(counts).items()}
    if mode == "fractional":
        return {symbol: number / counts.total() for symbol, number in counts.items()}
    raise ValueError(f"mode `{mode}` is invalid, choose from `full`, `reduced` or `fractional`.")
