"""Stand-ins for the outside world, written by hand, for tests of plugins as of ours."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "Faults": "aiida.tools.fakes.cluster",
        "LYING": "aiida.tools.fakes.cluster",
        "Job": "aiida.tools.fakes.cluster",
        "SimulatedCluster": "aiida.tools.fakes.cluster",
        "SimulatedPool": "aiida.tools.fakes.machine",
        "SimulatedWorkers": "aiida.tools.fakes.workers",
        "VirtualCluster": "aiida.tools.fakes.workers",
        "write_mock_executable": "aiida.tools.fakes.mock_code",
    },
)
