"""From the codes' output to an energy and a volume."""

from __future__ import annotations

import json
import re
from typing import Any

from aiida import orm
from aiida.engine import ExitCode
from aiida.parsers import Parser

RYDBERG_IN_EV = 13.605693122994
BOHR_IN_ANGSTROM = 0.529177210903


class EnergyParser(Parser):
    """Read the one output file and attach what :meth:`read` finds in it."""

    def parse(self, **kwargs: Any) -> ExitCode | None:
        name = self.node.process_class.OUTPUT
        if name not in self.retrieved.base.repository.list_object_names():
            return self.exit_codes.ERROR_NO_OUTPUT
        text = self.retrieved.base.repository.get_object_content(name)
        try:
            self.out("result", orm.Dict(self.read(text)))
        except ValueError as exception:
            return self.exit_codes.ERROR_INCOMPLETE.format(reason=str(exception))
        return None

    def read(self, text: str) -> dict[str, Any]:
        """Return energy (eV) and volume (Å³), or raise ``ValueError`` that says what is missing."""
        raise NotImplementedError


class PwParser(EnergyParser):
    """The output of ``pw.x``."""

    def read(self, text: str) -> dict[str, Any]:
        energy = re.search(r"^!\s+total energy\s+=\s+(\S+) Ry", text, re.MULTILINE)
        volume = re.search(r"unit-cell volume\s+=\s+(\S+) \(a\.u\.\)\^3", text)
        if energy is None or volume is None:
            trouble = re.search(r"%%+\n(.*?)%%", text, re.DOTALL)
            raise ValueError(" ".join(trouble.group(1).split()) if trouble else "the run did not converge")
        return {
            "energy": float(energy.group(1)) * RYDBERG_IN_EV,
            "energy_units": "eV",
            "volume": float(volume.group(1)) * BOHR_IN_ANGSTROM**3,
            "volume_units": "Å^3",
        }


class XtbParser(EnergyParser):
    """The output of the xTB driver."""

    def read(self, text: str) -> dict[str, Any]:
        try:
            result = json.loads(text)
        except json.JSONDecodeError:
            raise ValueError("the driver's output is not JSON; see its standard error") from None
        return {
            "energy": float(result["energy"]),
            "energy_units": "eV",
            "volume": float(result["volume"]),
            "volume_units": "Å^3",
        }
