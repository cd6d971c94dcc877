"""``radames-demo-xtb INPUT.json``: the energy of a crystal by GFN1-xTB (tblite), as JSON on standard output.

It is an external executable: it knows nothing of Radames.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from tblite.interface import Calculator

BOHR_IN_ANGSTROM = 0.529177210903
HARTREE_IN_EV = 27.211386245988
ATOMIC_NUMBERS = {"H": 1, "C": 6, "Si": 14, "Ge": 32}


def main() -> None:
    """Read the input named on the command line, run, print."""
    data = json.loads(Path(sys.argv[1]).read_text())
    lattice = np.array(data["cell"]) / BOHR_IN_ANGSTROM
    numbers = np.array([ATOMIC_NUMBERS[symbol] for symbol in data["symbols"]])
    calculator = Calculator(
        data["method"], numbers, np.array(data["positions"]) / BOHR_IN_ANGSTROM, lattice=lattice, periodic=np.full(3, True)
    )
    calculator.set("verbosity", 0)
    energy = calculator.singlepoint().get("energy")
    volume = abs(np.linalg.det(np.array(data["cell"])))
    json.dump({"energy": float(energy) * HARTREE_IN_EV, "volume": float(volume)}, sys.stdout)


if __name__ == "__main__":
    main()
