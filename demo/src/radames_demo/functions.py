"""The small steps of the workflow that leave provenance of their own."""

from __future__ import annotations

import numpy as np

from aiida import orm
from aiida.engine import calcfunction

EV_PER_CUBIC_ANGSTROM_IN_GPA = 160.21766208


@calcfunction
def scale_structure(structure: orm.StructureData, scale: orm.Float) -> orm.StructureData:
    """Return the crystal with its volume multiplied by ``scale``, atoms moving with the cell."""
    factor = float(scale) ** (1 / 3)
    scaled = orm.StructureData(cell=(np.array(structure.cell) * factor).tolist())
    for site in structure.sites:
        scaled.append_atom(position=tuple(np.array(site.position) * factor), symbols=site.kind_name)
    return scaled


@calcfunction
def fit_birch_murnaghan(**points: orm.Dict) -> orm.Dict:
    """Fit the third-order Birch-Murnaghan equation of state to energies (eV) at volumes (Å³).

    In x = V^(-2/3) the equation is a cubic polynomial, so that a linear least-squares fit gives it
    (F. Birch, Phys. Rev. 71, 809 (1947)).

    :raises ValueError: if there are fewer than four points, or if they hold no minimum.
    """
    ordered = sorted((p["volume"], p["energy"]) for p in (point.get_dict() for point in points.values()))
    if len(ordered) < 4:
        raise ValueError(f"a cubic equation of state needs four points at least, got {len(ordered)}")
    volumes, energies = np.array(ordered).T
    polynomial = np.polynomial.Polynomial.fit(volumes ** (-2 / 3), energies, deg=3).convert()
    slope, curve, third = (polynomial.deriv(order) for order in (1, 2, 3))
    minima = [root.real for root in slope.roots() if abs(root.imag) < 1e-9 and root.real > 0 and curve(root.real) > 0]
    if not minima:
        raise ValueError("the energies have no minimum within the equation of state: choose volumes around it")
    x = min(minima, key=lambda value: abs(value ** (-3 / 2) - volumes[energies.argmin()]))
    volume = x ** (-3 / 2)
    x1, x2 = -2 / 3 * volume ** (-5 / 3), 10 / 9 * volume ** (-8 / 3)
    second_v = curve(x) * x1**2
    third_v = third(x) * x1**3 + 3 * curve(x) * x1 * x2
    return orm.Dict(
        {
            "volume": float(volume),
            "volume_units": "Å^3",
            "energy": float(polynomial(x)),
            "energy_units": "eV",
            "bulk_modulus": float(volume * second_v * EV_PER_CUBIC_ANGSTROM_IN_GPA),
            "bulk_modulus_units": "GPa",
            "bulk_modulus_derivative": float(-1 - volume * third_v / second_v),
            "polynomial": [float(c) for c in polynomial.coef],
            "volumes": volumes.tolist(),
            "energies": energies.tolist(),
        }
    )
