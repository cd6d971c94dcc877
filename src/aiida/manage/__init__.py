"""Configuration, and the one place that wires the parts together."""

from aiida._lazy import front_door

_CONFIGURATION = """AiiDAConfigDir AiiDAConfigPathResolver CURRENT_CONFIG_VERSION MIGRATIONS OLDEST_COMPATIBLE_CONFIG_VERSION Option
    Profile check_and_migrate_config config_needs_migrating downgrade_config get_current_version get_option get_option_names
    parse_option upgrade_config""".split()

# Not in `__all__`, but reached here by plugins. They are functions that tests patch in `aiida.manage.configuration`.
_ALSO = "get_config get_config_option get_profile load_profile profile_context reset_config".split()

_HOMES = {
    **dict.fromkeys("disable_caching enable_caching get_use_cache".split(), "aiida.manage.caching"),
    "get_manager": "aiida.manage.manager",
    **dict.fromkeys((*_CONFIGURATION, *_ALSO), "aiida.manage.configuration"),
    **{name: f"aiida.manage.{name}" for name in "caching configuration external manager profile_access tests".split()},
}

__getattr__, __dir__, __all__ = front_door(__name__, _HOMES)
