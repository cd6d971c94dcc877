"""Command groups: what every `verdi` group and every plugin's group has in common."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "DynamicEntryPointCommandGroup": "aiida.cmdline.groups.dynamic",
        "VerdiCommandGroup": "aiida.cmdline.groups.verdi",
    },
)
