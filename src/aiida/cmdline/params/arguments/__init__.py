"""Arguments that commands share."""

from aiida._lazy import front_door

_NAMES = (
    "CALCULATION", "CALCULATIONS", "CODE", "CODES", "COMPUTER", "COMPUTERS", "CONFIG_OPTION", "DATA", "DATUM", "GROUP",
    "GROUPS", "INPUT_FILE", "LABEL", "NODE", "NODES", "OUTPUT_FILE", "PROCESS", "PROCESSES", "PROFILE", "PROFILES", "USER",
    "WORKFLOW", "WORKFLOWS",
)  # fmt: skip

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {"OverridableArgument": "aiida.cmdline.params.arguments.overridable"}
    | dict.fromkeys(_NAMES, "aiida.cmdline.params.arguments.main"),
)
