"""Jobs: calculations that an external code does on some computer, through its scheduler."""

from aiida._lazy import front_door

_HERE = "aiida.engine.processes.calcjobs."

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "CalcJob": _HERE + "calcjob",
        "CalcJobImporter": _HERE + "importer",
        "JobManager": _HERE + "manager",
        "JobsList": _HERE + "manager",
    },
)
