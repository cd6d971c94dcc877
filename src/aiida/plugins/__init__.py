"""Names become classes: entry points of installed packages, found, loaded and checked."""

from aiida._lazy import front_door

_HOMES = {
    **dict.fromkeys(
        """BaseFactory BrokerFactory CalcJobImporterFactory CalculationFactory DataFactory DbImporterFactory GroupFactory
        OrbitalFactory ParserFactory SchedulerFactory StorageFactory TransportFactory WorkflowFactory""".split(),
        "aiida.plugins.factories",
    ),
    **dict.fromkeys(
        "get_entry_points load_entry_point load_entry_point_from_string parse_entry_point".split(),
        "aiida.plugins.entry_point",
    ),
    "PluginVersionProvider": "aiida.plugins.utils",
    **{name: f"aiida.plugins.{name}" for name in "entry_point factories groups utils".split()},
}

__getattr__, __dir__, __all__ = front_door(__name__, _HOMES)
