"""The faces: `verdi`, and the parts that plugins build command lines with."""

from aiida._lazy import front_door

_TYPES = (
    "AbsolutePathParamType", "CalculationParamType", "CodeParamType", "ComputerParamType", "ConfigOptionParamType",
    "DataParamType", "EmailType", "EntryPointType", "FileOrUrl", "GroupParamType", "HostnameType", "IdentifierParamType",
    "LabelStringType", "LazyChoice", "MpirunCommandParamType", "MultipleValueParamType", "NodeParamType",
    "NonEmptyStringParamType", "PathOrUrl", "PluginParamType", "ProcessParamType", "ProfileParamType", "ShebangParamType",
    "UserParamType", "WorkflowParamType",
)  # fmt: skip

_UTILS = (
    "dbenv", "echo_critical", "echo_dictionary", "echo_error", "echo_info", "echo_report", "echo_success", "echo_tabulate",
    "echo_warning", "format_call_graph", "is_verbose", "only_if_daemon_running", "with_dbenv",
)  # fmt: skip

__getattr__, __dir__, __all__ = front_door(
    __name__,
    dict.fromkeys(_TYPES, "aiida.cmdline.params.types")
    | dict.fromkeys(_UTILS, "aiida.cmdline.utils")
    | {
        "DynamicEntryPointCommandGroup": "aiida.cmdline.groups.dynamic",
        "VerdiCommandGroup": "aiida.cmdline.groups.verdi",
    },
)
