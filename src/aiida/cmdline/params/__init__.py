"""Parameters of commands: types, options and arguments that plugins share."""

from aiida._lazy import front_door

_TYPES = (
    "AbsolutePathParamType", "CalculationParamType", "CodeParamType", "ComputerParamType", "ConfigOptionParamType",
    "DataParamType", "EmailType", "EntryPointType", "FileOrUrl", "GroupParamType", "HostnameType", "IdentifierParamType",
    "LabelStringType", "LazyChoice", "MpirunCommandParamType", "MultipleValueParamType", "NodeParamType",
    "NonEmptyStringParamType", "PathOrUrl", "PluginParamType", "ProcessParamType", "ProfileParamType", "ShebangParamType",
    "UserParamType", "WorkflowParamType",
)  # fmt: skip

__getattr__, __dir__, __all__ = front_door(
    __name__,
    dict.fromkeys(_TYPES, "aiida.cmdline.params.types")
    | {name: f"aiida.cmdline.params.{name}" for name in ("arguments", "options", "types")},
)
