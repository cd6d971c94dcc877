"""Types of parameters: text from the command line to what it names."""

from typing import TYPE_CHECKING

from aiida._lazy import front_door

if TYPE_CHECKING:
    from aiida.cmdline.params.types.calculation import (
        CalculationParamType as CalculationParamType,
    )
    from aiida.cmdline.params.types.choice import (
        LazyChoice as LazyChoice,
    )
    from aiida.cmdline.params.types.code import (
        CodeParamType as CodeParamType,
    )
    from aiida.cmdline.params.types.computer import (
        ComputerParamType as ComputerParamType,
    )
    from aiida.cmdline.params.types.computer import (
        MpirunCommandParamType as MpirunCommandParamType,
    )
    from aiida.cmdline.params.types.computer import (
        ShebangParamType as ShebangParamType,
    )
    from aiida.cmdline.params.types.config import (
        ConfigOptionParamType as ConfigOptionParamType,
    )
    from aiida.cmdline.params.types.data import (
        DataParamType as DataParamType,
    )
    from aiida.cmdline.params.types.group import (
        GroupParamType as GroupParamType,
    )
    from aiida.cmdline.params.types.identifier import (
        IdentifierParamType as IdentifierParamType,
    )
    from aiida.cmdline.params.types.multiple import (
        MultipleValueParamType as MultipleValueParamType,
    )
    from aiida.cmdline.params.types.node import (
        NodeParamType as NodeParamType,
    )
    from aiida.cmdline.params.types.path import (
        AbsolutePathOrEmptyParamType as AbsolutePathOrEmptyParamType,
    )
    from aiida.cmdline.params.types.path import (
        AbsolutePathParamType as AbsolutePathParamType,
    )
    from aiida.cmdline.params.types.path import (
        FileOrUrl as FileOrUrl,
    )
    from aiida.cmdline.params.types.path import (
        PathOrUrl as PathOrUrl,
    )
    from aiida.cmdline.params.types.plugin import (
        PluginParamType as PluginParamType,
    )
    from aiida.cmdline.params.types.process import (
        ProcessParamType as ProcessParamType,
    )
    from aiida.cmdline.params.types.profile import (
        ProfileParamType as ProfileParamType,
    )
    from aiida.cmdline.params.types.strings import (
        EmailType as EmailType,
    )
    from aiida.cmdline.params.types.strings import (
        EntryPointType as EntryPointType,
    )
    from aiida.cmdline.params.types.strings import (
        HostnameType as HostnameType,
    )
    from aiida.cmdline.params.types.strings import (
        LabelStringType as LabelStringType,
    )
    from aiida.cmdline.params.types.strings import (
        NonEmptyStringParamType as NonEmptyStringParamType,
    )
    from aiida.cmdline.params.types.user import (
        UserParamType as UserParamType,
    )
    from aiida.cmdline.params.types.workflow import (
        WorkflowParamType as WorkflowParamType,
    )

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
