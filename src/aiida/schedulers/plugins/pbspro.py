"""PBS Pro and OpenPBS: resources as chunks of a `select`."""

from __future__ import annotations

import logging

from aiida.schedulers.plugins.pbsbaseclasses import PbsBaseClass, positive_memory
from aiida.schedulers.script import check_wallclock, duration

__all__ = ("PbsproScheduler",)


class PbsproScheduler(PbsBaseClass):
    """Subclass to support the PBSPro scheduler (http://www.pbsworks.com/)."""

    _logger = logging.getLogger("aiida.scheduler.pbspro")

    def _get_resource_lines(
        self,
        num_machines: int,
        num_mpiprocs_per_machine: int | None,
        num_cores_per_machine: int | None,
        max_memory_kb: int | None,
        max_wallclock_seconds: int | None,
    ) -> list[str]:
        """Return the walltime and one chunk per machine."""
        lines = []
        if max_wallclock_seconds is not None:
            lines.append(f"#PBS -l walltime={duration(check_wallclock(max_wallclock_seconds))}")
        chunk = [f"select={num_machines}"]
        if num_mpiprocs_per_machine:
            chunk.append(f"mpiprocs={num_mpiprocs_per_machine}")
        if num_cores_per_machine:
            chunk.append(f"ncpus={num_cores_per_machine}")
        memory = positive_memory(max_memory_kb)
        if memory is not None:
            chunk.append(f"mem={memory}kb")
        return [*lines, f"#PBS -l {':'.join(chunk)}"]
