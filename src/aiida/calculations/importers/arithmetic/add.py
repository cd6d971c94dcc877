"""Importer of sums that were computed without the engine."""

from __future__ import annotations

import os
import re
import tempfile
from typing import Any

from aiida.engine.processes.calcjobs.importer import CalcJobImporter
from aiida.orm import Int, Node, RemoteData

__all__ = ("ArithmeticAddCalculationImporter",)

_SUM = re.compile(r"echo \$\(\((-?\d+) \+ (-?\d+)\)\)")


class ArithmeticAddCalculationImporter(CalcJobImporter):
    """Reads the operands from the input file."""

    @staticmethod
    def parse_remote_data(remote_data: RemoteData, **kwargs: Any) -> dict[str, Node | dict[Any, Any]]:
        """Return the two operands."""
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, "aiida.in")
            with remote_data.get_authinfo().get_transport() as transport:
                transport.getfile(os.path.join(remote_data.get_remote_path(), "aiida.in"), copy)
            with open(copy, encoding="utf-8") as handle:
                match = _SUM.search(handle.read())
        if match is None:
            raise ValueError(f"`aiida.in` of {remote_data.get_remote_path()} is not the input of a sum of integers")
        return {"x": Int(int(match[1])), "y": Int(int(match[2]))}
