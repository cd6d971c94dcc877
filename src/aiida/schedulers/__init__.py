"""Speaking a batch system's language: text in, values out."""

from aiida._lazy import front_door

_HOMES = {
    "BashCliScheduler": "aiida.schedulers.plugins.bash",
    "JobInfo": "aiida.schedulers.datastructures",
    "JobResource": "aiida.schedulers.datastructures",
    "JobState": "aiida.schedulers.datastructures",
    "JobTemplate": "aiida.schedulers.datastructures",
    "MachineInfo": "aiida.schedulers.datastructures",
    "NodeNumberJobResource": "aiida.schedulers.datastructures",
    "ParEnvJobResource": "aiida.schedulers.datastructures",
    "Scheduler": "aiida.schedulers.scheduler",
    "SchedulerError": "aiida.schedulers.scheduler",
    "SchedulerParsingError": "aiida.schedulers.scheduler",
}

__getattr__, __dir__, __all__ = front_door(__name__, _HOMES)
