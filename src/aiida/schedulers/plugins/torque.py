"""Torque: resources as nodes and processors per node."""

from __future__ import annotations

import logging

from aiida.schedulers.plugins.pbsbaseclasses import PbsBaseClass, positive_memory
from aiida.schedulers.script import check_wallclock, duration

__all__ = ("TorqueScheduler",)


class TorqueScheduler(PbsBaseClass):
    """Subclass to support the Torque scheduler."""

    _logger = logging.getLogger("aiida.scheduler.torque")

    def _get_resource_lines(
        self,
        num_machines: int,
        num_mpiprocs_per_machine: int | None,
        num_cores_per_machine: int | None,
        max_memory_kb: int | None,
        max_wallclock_seconds: int | None,
    ) -> list[str]:
        """Return one directive with nodes, walltime and memory."""
        nodes = f"nodes={num_machines}"
        per_node = num_cores_per_machine or num_mpiprocs_per_machine
        parts = [f"{nodes}:ppn={per_node}" if per_node else nodes]
        if max_wallclock_seconds is not None:
            parts.append(f"walltime={duration(check_wallclock(max_wallclock_seconds))}")
        memory = positive_memory(max_memory_kb)
        if memory is not None:
            parts.append(f"mem={memory}kb")
        return [f"#PBS -l {','.join(parts)}"]
