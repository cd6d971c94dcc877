"""Types of parameters: text from the command line to what it names."""

from aiida._lazy import front_door

_HOMES = {
    "calculation": ("CalculationParamType",),
    "choice": ("LazyChoice",),
    "code": ("CodeParamType",),
    "computer": ("ComputerParamType", "MpirunCommandParamType", "ShebangParamType"),
    "config": ("ConfigOptionParamType",),
    "data": ("DataParamType",),
    "group": ("GroupParamType",),
    "identifier": ("IdentifierParamType",),
    "multiple": ("MultipleValueParamType",),
    "node": ("NodeParamType",),
    "path": ("AbsolutePathOrEmptyParamType", "AbsolutePathParamType", "FileOrUrl", "PathOrUrl"),
    "plugin": ("PluginParamType",),
    "process": ("ProcessParamType",),
    "profile": ("ProfileParamType",),
    "strings": ("EmailType", "EntryPointType", "HostnameType", "LabelStringType", "NonEmptyStringParamType"),
    "user": ("UserParamType",),
    "workflow": ("WorkflowParamType",),
}

__getattr__, __dir__, __all__ = front_door(
    __name__, {name: f"aiida.cmdline.params.types.{module}" for module, names in _HOMES.items() for name in names}
)
