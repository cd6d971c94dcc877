"""Kind: a species of atom in a structure, with a name, symbols, weights and a mass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiida.orm.nodes.data.structure.symbols import (
    _SUM_THRESHOLD,
    _atomic_masses,
    create_automatic_kind_name,
    get_symbols_string,
    has_vacancies,
    make_symbols,
    make_weights,
    validate_symbols_tuple,
    validate_weights_tuple,
)

__all__ = ("Kind",)

# Masses that differ less are the same.
_MASS_THRESHOLD = 1.0e-3


class Kind:
    """A species of atom: an element, an alloy, or either with vacancies."""

    def __init__(self, **kwargs: Any) -> None:
        """Make a kind of `symbols` (with `weights`, `mass`, `name`), or of one `raw`, `kind` or `ase` atom."""
        self._name: str | None = None
        self._symbols: tuple[str, ...] = ()
        self._weights: tuple[float, ...] = ()
        self._mass: float | None = None
        for key, fill in (("raw", self._fill_raw), ("kind", self._fill_kind), ("ase", self._fill_ase)):
            if key in kwargs:
                given = kwargs.pop(key)
                if kwargs:
                    raise ValueError(f"If you pass '{key}', then you cannot pass any other parameter.")
                fill(given)
                return
        if "symbols" not in kwargs:
            raise ValueError(
                "'symbols' need to be specified (at least) to create a Site object. Otherwise, pass a raw site using the 'raw' parameter."
            )
        weights = kwargs.pop("weights", None)
        self.set_symbols_and_weights(kwargs.pop("symbols"), weights)
        self._fill_mass(kwargs)
        if "name" in kwargs:
            self.name = kwargs.pop("name")
        else:
            self.set_automatic_kind_name()
        if kwargs:
            raise ValueError(f"Unrecognized parameters passed to Kind constructor: {kwargs.keys()}")

    def _fill_mass(self, kwargs: dict[str, Any]) -> None:
        if "mass" in kwargs:
            self.mass = kwargs.pop("mass")
        else:
            self.reset_mass()

    def _fill_raw(self, raw: dict[str, Any]) -> None:
        try:
            self.set_symbols_and_weights(raw["symbols"], raw["weights"])
        except KeyError:
            raise ValueError("You didn't specify either 'symbols' or 'weights' in the raw site data.") from None
        if raw.get("mass") is None:
            self.reset_mass()
        else:
            self.mass = raw["mass"]
        if raw.get("name") is None:
            self.set_automatic_kind_name()
        else:
            self.name = raw["name"]

    def _fill_kind(self, kind: Kind) -> None:
        if not isinstance(kind, Kind):
            raise ValueError(f"Error using the Kind object. Are you sure it is a Kind object? [Introspection says it is {type(kind)}]")
        self._fill_raw(kind.get_raw())

    def _fill_ase(self, atom: Any) -> None:
        try:
            self.set_symbols_and_weights([atom.symbol], [1.0])
            mass, tag = atom.mass, atom.tag
        except AttributeError:
            raise ValueError(
                f"Error using the aseatom object. Are you sure it is a ase.atom.Atom object? [Introspection says it is {type(atom)}]"
            ) from None
        if mass is None:
            self.reset_mass()
        else:
            self.mass = mass
        self.set_automatic_kind_name(tag=tag or None)

    def get_raw(self) -> dict[str, Any]:
        """Return the kind as it is kept in the attributes of a structure."""
        return {"symbols": self.symbols, "weights": self.weights, "mass": self.mass, "name": self.name}

    def reset_mass(self) -> None:
        """Set the mass to the mean over the symbols."""
        if len(self._symbols) == 1:
            self._mass = _atomic_masses[self._symbols[0]]
            return
        total = sum(self._weights)
        # With vacancies, an atom that is there weighs as much as ever.
        weighted = sum(weight * _atomic_masses[symbol] for symbol, weight in zip(self._symbols, self._weights, strict=True))
        self._mass = weighted / total if total > 0 else None

    @property
    def name(self) -> str | None:
        """The name by which sites refer to this kind."""
        return self._name

    @name.setter
    def name(self, value: Any) -> None:
        self._name = None if value is None else str(value)

    def set_automatic_kind_name(self, tag: Any = None) -> None:
        """Name the kind after its symbols, with `tag` behind."""
        name = create_automatic_kind_name(self._symbols, self._weights)
        self.name = name if tag is None else f"{name}{tag}"

    def compare_with(self, other_kind: Kind) -> tuple[bool, str]:
        """Return whether two kinds are alike but for the name, and the first difference."""
        if len(self.symbols) != len(other_kind.symbols):
            return False, "Different length of symbols list"
        for at, (one, other) in enumerate(zip(self.symbols, other_kind.symbols, strict=True), start=1):
            if one != other:
                return False, f"Symbol at position {at} are different ({one} vs. {other})"
        for at, (mine, theirs) in enumerate(zip(self.weights, other_kind.weights, strict=True), start=1):
            if abs(mine - theirs) > _SUM_THRESHOLD:
                return False, f"Weight at position {at} are different ({mine} vs. {theirs})"
        if self.mass is None or other_kind.mass is None:
            if self.mass is not other_kind.mass:
                return False, f"One of the two masses is None ({self.mass} vs. {other_kind.mass})"
        elif abs(self.mass - other_kind.mass) > _MASS_THRESHOLD:
            return False, f"Masses are different ({self.mass} vs. {other_kind.mass})"
        return True, ""

    @property
    def mass(self) -> float | None:
        """The mass in atomic units, `None` if it is not known."""
        return self._mass

    @mass.setter
    def mass(self, value: Any) -> None:
        mass = float(value)
        if mass <= 0:
            raise ValueError("The mass must be positive.")
        self._mass = mass

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights of the symbols; what is missing to one are vacancies."""
        return self._weights

    @weights.setter
    def weights(self, value: float | Iterable[float]) -> None:
        weights = make_weights(value)
        if len(weights) != len(self._symbols):
            raise ValueError("Cannot change the number of weights. Use the set_symbols_and_weights function instead.")
        validate_weights_tuple(weights, _SUM_THRESHOLD)
        self._weights = weights

    @property
    def symbol(self) -> str:
        """The symbol, of a kind that is no alloy."""
        if len(self._symbols) != 1:
            raise ValueError(f"This kind has more than one symbol (it is an alloy): {self._symbols}")
        return self._symbols[0]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols."""
        return self._symbols

    @symbols.setter
    def symbols(self, value: str | Iterable[str]) -> None:
        symbols = make_symbols(value)
        if len(symbols) != len(self._weights):
            raise ValueError("Cannot change the number of symbols. Use the set_symbols_and_weights function instead.")
        validate_symbols_tuple(symbols)
        self._symbols = symbols

    def set_symbols_and_weights(self, symbols: str | Iterable[str], weights: float | Iterable[float] | None) -> None:
        """Set symbols and weights together, so that their number may change."""
        symbols_tuple, weights_tuple = make_symbols(symbols), make_weights(weights)
        if len(symbols_tuple) != len(weights_tuple):
            raise ValueError("The number of symbols and weights must coincide.")
        validate_symbols_tuple(symbols_tuple)
        validate_weights_tuple(weights_tuple, _SUM_THRESHOLD)
        self._symbols, self._weights = symbols_tuple, weights_tuple

    def get_symbols_string(self) -> str:
        """Return symbols and weights as a text."""
        return get_symbols_string(self._symbols, self._weights)

    @property
    def is_alloy(self) -> bool:
        """Whether there is more than one symbol."""
        return len(self._symbols) != 1

    @property
    def has_vacancies(self) -> bool:
        """Whether the weights leave room for vacancies."""
        return has_vacancies(self._weights)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __str__(self) -> str:
        return f"name '{self.name}', symbol '{self.get_symbols_string()}'"


Kind.__module__ = "aiida.orm.nodes.data.structure"
