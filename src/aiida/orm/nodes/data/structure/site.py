"""Site: where an atom of a kind is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from aiida.orm.nodes.data.structure.kind import Kind

__all__ = ("Site", "find_ase_tag")


class Site:
    """A position in Cartesian coordinates (Å), and the name of the kind that sits there."""

    def __init__(self, **kwargs: Any) -> None:
        """Make a site of `kind_name` and `position`, or of one `site` or `raw`."""
        if "site" in kwargs:
            site = kwargs.pop("site")
            if kwargs:
                raise ValueError("If you pass 'site', you cannot pass any further parameter to the Site constructor")
            if not isinstance(site, Site):
                raise ValueError("'site' must be of type Site")
            kwargs = site.get_raw()
        elif "raw" in kwargs:
            raw = kwargs.pop("raw")
            if kwargs:
                raise ValueError("If you pass 'raw', you cannot pass any further parameter to the Site constructor")
            missing = next((key for key in ("kind_name", "position") if key not in raw), None)
            if missing:
                raise ValueError(f"Invalid raw object, it does not contain any key {missing}")
            kwargs = {"kind_name": raw["kind_name"], "position": raw["position"]}
        for key in ("kind_name", "position"):
            if key not in kwargs:
                raise ValueError(f"You need to specify {key}")
        self.kind_name = kwargs.pop("kind_name")
        self.position = kwargs.pop("position")
        if kwargs:
            raise ValueError(f"Unrecognized parameters: {', '.join(kwargs)}")

    def get_raw(self) -> dict[str, Any]:
        """Return the site as it is kept in the attributes of a structure."""
        return {"position": self.position, "kind_name": self.kind_name}

    @property
    def kind_name(self) -> str:
        """The name of the kind."""
        return self._kind_name

    @kind_name.setter
    def kind_name(self, value: Any) -> None:
        self._kind_name = str(value)

    @property
    def position(self) -> tuple[float, float, float]:
        """The position."""
        return self._position

    @position.setter
    def position(self, value: Iterable[float]) -> None:
        try:
            x, y, z = map(float, value)
        except (TypeError, ValueError):
            raise ValueError("Wrong format for position, must be a list of three float numbers.") from None
        self._position = (x, y, z)

    def get_ase(self, kinds: Iterable[Kind]) -> Any:
        """Return the site as an ASE atom; names of kinds become tags."""

        kinds = list(kinds)
        kind = next((one for one in kinds if one.name == self.kind_name), None)
        if kind is None:
            raise ValueError(f"No kind '{self.kind_name}' has been found in the list of kinds")
        if kind.is_alloy or kind.has_vacancies:
            raise ValueError("Cannot convert to ASE if the kind represents an alloy or it has vacancies.")
        atom = import_module("ase").Atom(position=self.position, symbol=kind.symbol, mass=kind.mass)
        tag = find_ase_tag(kind, kinds)
        if tag:
            atom.tag = tag
        return atom

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __str__(self) -> str:
        return f"kind name '{self.kind_name}' @ {','.join(map(str, self.position))}"


def find_ase_tag(kind: Kind, kinds: Iterable[Kind]) -> int:
    """Return the tag that stands for a kind in ASE: the number behind its symbol; other names get the numbers after these."""
    alike = [one for one in kinds if not one.is_alloy and one.symbol == kind.symbol]
    numbers = {str(one.name): _number_behind(str(one.name), kind.symbol) for one in alike}
    known = numbers.get(str(kind.name), 0)
    if known is not None:
        return known
    unnumbered = [name for name, number in numbers.items() if number is None]
    return max((number for number in numbers.values() if number is not None), default=0) + 1 + unnumbered.index(str(kind.name))


def _number_behind(name: str, symbol: str) -> int | None:
    if name == symbol:
        return 0
    match = re.fullmatch(rf"{re.escape(symbol)}(\d+)", name)
    return int(match[1]) if match else None


Site.__module__ = "aiida.orm.nodes.data.structure"
