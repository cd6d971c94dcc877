"""The batch systems that come with the package: one file of tables and short functions each."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, {"BashCliScheduler": "aiida.schedulers.plugins.bash"})
