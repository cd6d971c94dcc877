"""Arrays, and what is made of arrays: k-points, bands, projections, trajectories, curves."""

from aiida._lazy import front_door

_HERE = "aiida.orm.nodes.data.array."

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "ArrayData": _HERE + "array",
        "BandsData": _HERE + "bands",
        "KpointsData": _HERE + "kpoints",
        "ProjectionData": _HERE + "projection",
        "TrajectoryData": _HERE + "trajectory",
        "XyData": _HERE + "xy",
        "find_bandgap": _HERE + "bands",
    },
)
