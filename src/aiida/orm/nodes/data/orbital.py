"""OrbitalData: orbitals, of whatever kind a plugin describes."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

from aiida.common.exceptions import ValidationError
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.data import Data
from aiida.plugins.factories import OrbitalFactory

__all__ = ("OrbitalData",)


class OrbitalData(Data):
    """Orbitals: each a dictionary, with the entry point of its class under `_orbital_type`."""

    _known_node_type = "data.core.orbital.OrbitalData."
    _TYPE_KEY: ClassVar[str] = "_orbital_type"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("orbital_dicts", dtype=list[dict[str, Any]] | None, doc="The orbitals", is_attribute=True),
    )

    def clear_orbitals(self) -> None:
        """Remove all orbitals."""
        self.base.attributes.set("orbital_dicts", [])

    def get_orbitals(self, **kwargs: Any) -> list[Any]:
        """Return the orbitals whose properties have the given values."""
        stored = self.base.attributes.get("orbital_dicts", None)
        if stored is None:
            raise AttributeError("Orbitals must be set before being retrieved")
        fitting = [one for one in stored if all(key in one and one[key] == value for key, value in kwargs.items())]
        return [self._make(copy.deepcopy(one)) for one in fitting]

    def _make(self, facts: dict[str, Any]) -> Any:
        try:
            orbital_class = OrbitalFactory(facts.pop(self._TYPE_KEY))
        except KeyError:
            raise ValidationError(f"No _orbital_type found in: {facts}") from None
        return orbital_class(**facts)

    def set_orbitals(self, orbitals: Any) -> None:
        """Set the orbitals: one, or several."""
        several = orbitals if isinstance(orbitals, list) else [orbitals]
        facts = []
        for orbital in several:
            one = copy.deepcopy(orbital.get_orbital_dict())
            if self._TYPE_KEY not in one:
                raise ValueError(f"No _orbital_type found in: {orbital}")
            facts.append(one)
        self.base.attributes.set("orbital_dicts", facts)
