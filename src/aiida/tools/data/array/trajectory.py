"""Conversions of trajectories that leave provenance."""

from __future__ import annotations

from typing import Any

from aiida.engine.processes.functions import calcfunction


@calcfunction
def _get_aiida_structure_inline(trajectory: Any, parameters: Any) -> dict[str, Any]:
    """Return the structure at the step `index` of `parameters`."""
    kwargs = parameters.get_dict()
    index = kwargs.pop("index", None)
    if index is None:
        raise ValueError("Step index is not supplied for TrajectoryData")
    return {"structure": trajectory.get_step_structure(index, **kwargs)}
