"""TABLE of entry-point groups: where core plugins of a group live, and what a plugin must be.

What a plugin must be is given by names of base classes, looked up in its class tree: this layer lies below those classes and may
not import them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ("GROUPS", "PluginGroup", "is_plugin_of", "is_process_function")


class PluginGroup(NamedTuple):
    """One group: `aiida.x`; `module_path` is the root of node types and of the core plugins; `valid` names what is accepted."""

    name: str
    module_path: str
    factory: str | None = None
    valid: tuple[str, ...] = ()


_G = PluginGroup
_TABLE = (
    _G("aiida.brokers", "aiida.brokers", "BrokerFactory", ("Broker",)),
    _G(
        "aiida.calculations",
        "aiida.orm.nodes.process.calculation.calcjob",
        "CalculationFactory",
        ("CalcJob", "calcfunction"),
    ),
    _G("aiida.calculations.importers", "aiida.calculations.importers", "CalcJobImporterFactory", ("CalcJobImporter",)),
    _G("aiida.calculations.monitors", "aiida.calculations.monitors"),
    _G("aiida.cmdline.computer.configure", "aiida.cmdline.computer.configure"),
    _G("aiida.cmdline.data", "aiida.cmdline.data"),
    _G("aiida.cmdline.data.structure.import", "aiida.cmdline.data.structure.import"),
    _G("aiida.data", "aiida.orm.nodes.data", "DataFactory", ("Data",)),
    _G("aiida.groups", "aiida.orm.groups", "GroupFactory", ("Group",)),
    _G("aiida.orm", "aiida.orm"),
    _G("aiida.node", "aiida.orm.nodes"),
    _G("aiida.parsers", "aiida.parsers.plugins", "ParserFactory", ("Parser",)),
    _G("aiida.schedulers", "aiida.schedulers.plugins", "SchedulerFactory", ("Scheduler",)),
    _G("aiida.storage", "aiida.storage", "StorageFactory", ("StorageBackend",)),
    _G("aiida.transports", "aiida.transports.plugins", "TransportFactory", ("Transport",)),
    _G("aiida.tools.calculations", "aiida.tools.calculations"),
    _G("aiida.tools.workflows", "aiida.tools.workflows"),
    _G("aiida.tools.data.orbitals", "aiida.tools.data.orbitals", "OrbitalFactory", ("Orbital",)),
    _G("aiida.tools.dbexporters", "aiida.tools.dbexporters"),
    _G("aiida.tools.dbimporters", "aiida.tools.dbimporters.plugins", "DbImporterFactory", ("DbImporter",)),
    _G("aiida.workflows", "aiida.workflows", "WorkflowFactory", ("WorkChain", "workfunction")),
)
GROUPS: dict[str, PluginGroup] = {group.name: group for group in _TABLE}

# Other names under which a required base class is known in this implementation.
_ALSO = {"StorageBackend": ("Store",)}
_FUNCTION_NODES = {"calcfunction": "CalcFunctionNode", "workfunction": "WorkFunctionNode"}


def is_process_function(plugin: Any, kind: str) -> bool:
    """Whether the plugin is a function decorated as `kind`: `calcfunction` or `workfunction`."""
    node_class = getattr(plugin, "node_class", None)
    return (
        not isinstance(plugin, type)
        and bool(getattr(plugin, "is_process_function", False))
        and any(base.__name__ == _FUNCTION_NODES[kind] for base in getattr(node_class, "__mro__", ()))
    )


def is_plugin_of(group: PluginGroup, plugin: Any) -> bool:
    """Whether the plugin is one of the things that the group accepts."""
    for name in group.valid:
        if name in _FUNCTION_NODES:
            if is_process_function(plugin, name):
                return True
        elif isinstance(plugin, type):
            names = {name, *_ALSO.get(name, ())}
            if any(base.__name__ in names and base.__module__.startswith("aiida.") for base in plugin.__mro__):
                return True
    return not group.valid
