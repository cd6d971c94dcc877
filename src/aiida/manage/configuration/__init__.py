"""The configuration of this user: profiles and options.

`get_config` and its friends are functions of *this* module and call each other through it: tests patch them here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida._lazy import front_door
from aiida.common.exceptions import MissingConfigurationError
from aiida.common.paths import DEFAULT_CONFIG_FILE_NAME, AiiDAConfigDir

if TYPE_CHECKING:
    from aiida.common.profile import Profile
    from aiida.manage.configuration.config import Config
    from aiida.manage.manager import Manager

_HOMES = {
    **dict.fromkeys("AiiDAConfigDir AiiDAConfigPathResolver".split(), "aiida.common.paths"),
    **dict.fromkeys(
        """CURRENT_CONFIG_VERSION MIGRATIONS OLDEST_COMPATIBLE_CONFIG_VERSION check_and_migrate_config config_needs_migrating
        downgrade_config get_current_version upgrade_config""".split(),
        "aiida.manage.configuration.migrations",
    ),
    **dict.fromkeys("Option get_option get_option_names parse_option".split(), "aiida.manage.configuration.options"),
    "Profile": "aiida.common.profile",
    "create_default_user": "aiida.manage.configuration.setup",
    "create_profile": "aiida.manage.configuration.setup",
    "settings": "aiida.common.paths:",
    "_Config": "aiida.manage.configuration.config:Config",
    "_get_manager": "aiida.manage.manager:get_manager",
    **{name: f"aiida.manage.configuration.{name}" for name in "config migrations options setup profile".split()},
}

_lazy_getattr, __dir__, _names = front_door(__name__, _HOMES)

__all__ = (  # noqa: PLE0604 - keys of the table are text
    *(
        name
        for name in _names
        if not name.startswith("_") and name not in ("settings", "create_default_user", "create_profile")
    ),
    "get_config",
    "get_config_option",
    "get_config_path",
    "get_profile",
    "load_profile",
    "reset_config",
)

# The configuration of this process, once it has been read.
CONFIG: Config | None = None


def __getattr__(name: str) -> Any:
    return _lazy_getattr(name)


def get_config_path() -> str:
    """Return the path of the configuration file."""
    return str(Path(AiiDAConfigDir.get()) / DEFAULT_CONFIG_FILE_NAME)


def load_config(create: bool = False) -> Config:
    """Read the configuration file; without one, make it if `create`, else `MissingConfigurationError`."""
    path = sys.modules[__name__].get_config_path()
    if not Path(path).is_file() and not create:
        raise MissingConfigurationError(f"configuration file {path} does not exist")
    config: Config = _lazy_getattr("_Config").from_file(path)
    return config


def get_config(create: bool = False) -> Config:
    """Return the configuration of this process, read at the first call."""
    global CONFIG
    if CONFIG is None:
        CONFIG = sys.modules[__name__].load_config(create=create)
    return CONFIG


def reset_config() -> None:
    """Read the file anew at the next `get_config`."""
    global CONFIG
    CONFIG = None


def _manager() -> Manager:
    manager: Manager = _lazy_getattr("_get_manager")()
    return manager


def get_profile() -> Profile | None:
    """Return the profile that is loaded, or `None`."""
    return _manager().get_profile()


def load_profile(profile: str | None = None, allow_switch: bool = False) -> Profile:
    """Load a profile, by default the one of `$AIIDA_PROFILE` or the default of the configuration."""
    return _manager().load_profile(profile, allow_switch)


@contextmanager
def profile_context(profile: Profile | str | None = None, allow_switch: bool = False) -> Iterator[Profile]:
    """Within the context this profile is loaded; afterwards the one before, or none."""
    manager = _manager()
    before = manager.get_profile()
    try:
        yield manager.load_profile(profile, allow_switch)
    finally:
        if before is None:
            manager.unload_profile()
        elif manager.get_profile() is not before:
            manager.load_profile(before, allow_switch=True)


def get_config_option(option_name: str) -> Any:
    """Return the value of an option for the loaded profile; without one, that for all profiles."""
    return _manager().get_option(option_name)
