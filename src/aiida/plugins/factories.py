"""The factories: one function per group that loads a plugin by name and checks what it got."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiida.common.exceptions import InvalidEntryPointTypeError
from aiida.plugins.entry_point import get_entry_point, load_entry_point
from aiida.plugins.groups import GROUPS, PluginGroup, is_plugin_of

__all__ = (
    "BaseFactory",
    "BrokerFactory",
    "CalcJobImporterFactory",
    "CalculationFactory",
    "DataFactory",
    "DbImporterFactory",
    "GroupFactory",
    "OrbitalFactory",
    "ParserFactory",
    "SchedulerFactory",
    "StorageFactory",
    "TransportFactory",
    "WorkflowFactory",
)


def BaseFactory(group: str, name: str, load: bool = True) -> Any:
    """Return what is registered as `name` in `group`; with `load=False` its entry point."""
    return load_entry_point(group, name) if load else get_entry_point(group, name)


def _check(group: PluginGroup, name: str, plugin: Any) -> None:
    if not is_plugin_of(group, plugin):
        raise InvalidEntryPointTypeError(
            f"entry point `{name}` registered in group `{group.name}` is invalid because its type is not one of: "
            f"{', '.join(group.valid)}"
        )


def _make_factory(group: PluginGroup) -> Callable[..., Any]:
    def factory(entry_point_name: str, load: bool = True) -> Any:
        plugin = BaseFactory(group.name, entry_point_name, load=load)
        if load:
            _check(group, entry_point_name, plugin)
        return plugin

    assert group.factory is not None
    factory.__name__ = factory.__qualname__ = group.factory
    factory.__doc__ = f"Return the {' or '.join(group.valid)} registered under this name in `{group.name}`; with `load=False` its entry point."
    return factory


BrokerFactory = _make_factory(GROUPS["aiida.brokers"])
CalcJobImporterFactory = _make_factory(GROUPS["aiida.calculations.importers"])
CalculationFactory = _make_factory(GROUPS["aiida.calculations"])
DataFactory = _make_factory(GROUPS["aiida.data"])
DbImporterFactory = _make_factory(GROUPS["aiida.tools.dbimporters"])
GroupFactory = _make_factory(GROUPS["aiida.groups"])
OrbitalFactory = _make_factory(GROUPS["aiida.tools.data.orbitals"])
ParserFactory = _make_factory(GROUPS["aiida.parsers"])
SchedulerFactory = _make_factory(GROUPS["aiida.schedulers"])
StorageFactory = _make_factory(GROUPS["aiida.storage"])
TransportFactory = _make_factory(GROUPS["aiida.transports"])
WorkflowFactory = _make_factory(GROUPS["aiida.workflows"])
