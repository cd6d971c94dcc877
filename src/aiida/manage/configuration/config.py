"""The configuration: profiles and options, and the file `config.json` that holds them.

The schema of the file is that of AiiDA 2.x, so that both programs may use one folder. What is unknown in the file is kept as it is.
"""

from __future__ import annotations

import os
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any, TypedDict

from aiida import plugins
from aiida.common import exceptions
from aiida.common.log import AIIDA_LOGGER
from aiida.common.paths import AiiDAConfigPathResolver, profile_filepaths
from aiida.common.profile import Profile
from aiida.manage.configuration.files import back_up, locked, merge_changes, read_json, write_json
from aiida.manage.configuration.migrations import (
    CURRENT_CONFIG_VERSION,
    OLDEST_COMPATIBLE_CONFIG_VERSION,
    check_and_migrate_config,
    config_needs_migrating,
)
from aiida.manage.configuration.options import OPTIONS, Option, get_option, parse_option, resolve_deprecated_option_name

__all__ = ("Config",)

_MODELS = (
    "ConfigSchema",
    "ConfigVersionSchema",
    "GlobalOptionsSchema",
    "ProcessControlConfig",
    "ProfileOptionsSchema",
    "ProfileSchema",
    "ProfileStorageConfig",
)

LOGGER = AIIDA_LOGGER.getChild("manage.configuration.config")


def __getattr__(name: str) -> Any:
    """Give the models of the file's schema, which load pydantic, to those who ask for them here."""
    if name in _MODELS:
        return getattr(import_module("aiida.manage.configuration.schema"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class ProfileFilepaths(TypedDict):
    log: str


class CircusEndpointFilepaths(TypedDict):
    controller: str
    pubsub: str
    stats: str


class CircusSocketFilepaths(TypedDict):
    file: str
    controller: str
    pubsub: str
    stats: str


class CircusFilepaths(TypedDict):
    log: str
    pid: str
    port: str
    socket: CircusSocketFilepaths


class DaemonFilepaths(TypedDict):
    log: str
    pid: str
    daemon_env_info: str


class ZeromqBrokerServiceFilepaths(TypedDict):
    dir: str
    log: str


class ConfigFilepaths(TypedDict):
    """Where the files of a profile lie."""

    profile: ProfileFilepaths
    circus: CircusFilepaths
    daemon: DaemonFilepaths
    broker_service: ZeromqBrokerServiceFilepaths


class Config:
    """Profiles and options in memory. `store` writes them; a change is not on disk before that."""

    KEY_VERSION = "CONFIG_VERSION"
    KEY_VERSION_CURRENT = "CURRENT"
    KEY_VERSION_OLDEST_COMPATIBLE = "OLDEST_COMPATIBLE"
    KEY_DEFAULT_PROFILE = "default_profile"
    KEY_PROFILES = "profiles"
    KEY_OPTIONS = "options"
    KEY_SCHEMA = "$schema"

    @classmethod
    def from_file(cls, filepath: str | os.PathLike[str]) -> Config:
        """Read the file, bringing it to the present version (with a backup); if there is none, a new one is written."""
        path = Path(filepath)
        if not path.exists():
            config = cls(str(path), {})
            config.store()
            return config

        content = read_json(path)
        if not config_needs_migrating(content, str(path)):
            config = cls(str(path), content)
            config._as_read = deepcopy(content)
            return config

        backup = back_up(path)
        LOGGER.report("configuration file of an older version: backup of it written to `%s`", backup)
        config = cls(str(path), check_and_migrate_config(content, str(path)))
        config.store()
        return config

    def __init__(self, filepath: str, config: dict[str, Any], validate: bool = True) -> None:
        self.validate_and_set(str(filepath), config, validate)

    def validate_and_set(self, filepath: str, config: dict[str, Any], validate: bool) -> None:
        """Take over the content of a file."""
        if validate:
            self.validate(config, filepath)
        self._filepath = filepath
        self._as_read: dict[str, Any] | None = None
        self._extra = {key: value for key, value in config.items() if key not in self._known_keys()}
        self._current_version: int = config.get(self.KEY_VERSION, {}).get(
            self.KEY_VERSION_CURRENT, CURRENT_CONFIG_VERSION
        )
        self._oldest_compatible_version: int = config.get(self.KEY_VERSION, {}).get(
            self.KEY_VERSION_OLDEST_COMPATIBLE, OLDEST_COMPATIBLE_CONFIG_VERSION
        )
        self._options: dict[str, Any] = dict(config.get(self.KEY_OPTIONS, {}))
        self._default_profile: str | None = config.get(self.KEY_DEFAULT_PROFILE)
        self._profiles: dict[str, Profile] = {}
        for name, entry in config.get(self.KEY_PROFILES, {}).items():
            try:
                self._profiles[name] = Profile(name, entry)
            except (exceptions.ConfigurationError, TypeError) as exc:
                # One bad entry must not make the others unreachable, nor be lost.
                self._extra.setdefault(self.KEY_PROFILES, {})[name] = entry
                LOGGER.warning("profile `%s` in `%s` is ignored: %s", name, filepath, exc)

    @classmethod
    def _known_keys(cls) -> tuple[str, ...]:
        return (cls.KEY_VERSION, cls.KEY_OPTIONS, cls.KEY_DEFAULT_PROFILE, cls.KEY_PROFILES)

    @staticmethod
    def validate(config: dict[str, Any], filepath: str | None = None) -> None:
        """Raise `ConfigurationError` if the content cannot be that of a configuration file."""
        where = filepath or "configuration"
        for key in (Config.KEY_VERSION, Config.KEY_OPTIONS, Config.KEY_PROFILES):
            if not isinstance(config.get(key, {}), dict):
                raise exceptions.ConfigurationError(f"invalid config schema: `{where}`: `{key}` should be an object")
        if not isinstance(config.get(Config.KEY_DEFAULT_PROFILE), str | None):
            raise exceptions.ConfigurationError(
                f"invalid config schema: `{where}`: `{Config.KEY_DEFAULT_PROFILE}` should be text"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Config) and self.dictionary == other.dictionary

    def __ne__(self, other: object) -> bool:
        return not self == other

    def handle_invalid(self, message: str) -> None:
        """Warn about something invalid in the file, and keep a backup of it."""
        LOGGER.warning(message)
        if os.path.exists(self.filepath):
            LOGGER.warning("backup of the original config file written to: `%s`", back_up(Path(self.filepath)))

    # --- the file ---

    @property
    def dictionary(self) -> dict[str, Any]:
        """The content as it is written."""
        bad = self._extra.get(self.KEY_PROFILES, {})
        content: dict[str, Any] = {key: value for key, value in self._extra.items() if key != self.KEY_PROFILES}
        content[self.KEY_VERSION] = self.version_settings
        content[self.KEY_PROFILES] = {**{name: profile.dictionary for name, profile in self._profiles.items()}, **bad}
        if self._default_profile:
            content[self.KEY_DEFAULT_PROFILE] = self._default_profile
        if self._options:
            content[self.KEY_OPTIONS] = self._options
        return content

    @property
    def version(self) -> int:
        """The version of the schema."""
        return self._current_version

    @version.setter
    def version(self, version: int) -> None:
        self._current_version = version

    @property
    def version_oldest_compatible(self) -> int:
        """The oldest version whose programs can read this file."""
        return self._oldest_compatible_version

    @version_oldest_compatible.setter
    def version_oldest_compatible(self, version: int) -> None:
        self._oldest_compatible_version = version

    @property
    def version_settings(self) -> dict[str, int]:
        """Both versions, as written."""
        return {
            self.KEY_VERSION_CURRENT: self.version,
            self.KEY_VERSION_OLDEST_COMPATIBLE: self.version_oldest_compatible,
        }

    @property
    def filepath(self) -> str:
        """The path of the file."""
        return self._filepath

    @property
    def dirpath(self) -> str:
        """The folder of the file."""
        return os.path.dirname(self.filepath)

    def store(self) -> Config:
        """Write the file as a whole, with a backup of the old one; changes that others made since we read it are kept."""
        path = Path(self.filepath)
        wanted = deepcopy(self.dictionary)
        with locked(path):
            if not path.exists():
                write_json(path, wanted)
            else:
                on_disk = read_json(path)
                if self._as_read is not None and on_disk != self._as_read:
                    wanted = merge_changes(self._as_read, wanted, on_disk)
                if wanted != on_disk:
                    back_up(path)
                    write_json(path, wanted)
        self._take_over(wanted)
        return self

    def _take_over(self, content: dict[str, Any]) -> None:
        """Let memory hold what is on disk now, without making known profiles new objects."""
        known = self._profiles
        if content != self.dictionary:
            self.validate_and_set(self.filepath, deepcopy(content), validate=True)
            self._profiles = {
                name: known[name] if name in known and known[name].dictionary == profile.dictionary else profile
                for name, profile in self._profiles.items()
            }
        self._as_read = deepcopy(content)

    def filepaths(self, profile: Profile) -> ConfigFilepaths:
        """Return where the files of a profile lie."""
        resolver = AiiDAConfigPathResolver(Path(self.dirpath))
        return profile_filepaths(profile, resolver)  # type: ignore[return-value]

    # --- profiles ---

    @property
    def default_profile_name(self) -> str | None:
        """The profile that is loaded if none is named."""
        return self._default_profile

    @property
    def profile_names(self) -> list[str]:
        """The names of all profiles."""
        return list(self._profiles)

    @property
    def profiles(self) -> list[Profile]:
        """All profiles."""
        return list(self._profiles.values())

    def validate_profile(self, name: str) -> None:
        """Raise `ProfileConfigurationError` if there is no such profile."""
        if name not in self._profiles:
            raise exceptions.ProfileConfigurationError(f"profile `{name}` does not exist")

    def get_profile(self, name: str | None = None) -> Profile:
        """Return a profile, by default the default one."""
        chosen = name or self._default_profile
        if not chosen:
            raise exceptions.ProfileConfigurationError(
                f"no default profile defined: {self.filepath}. Name a profile, or make one with `verdi presto`"
            )
        self.validate_profile(chosen)
        return self._profiles[chosen]

    def create_profile(
        self,
        name: str,
        storage_backend: str,
        storage_config: dict[str, Any],
        broker_backend: str | None = None,
        broker_config: dict[str, Any] | None = None,
        is_test_profile: bool = False,
    ) -> Profile:
        """Make a profile and initialise its storage; the configuration is changed in memory only."""
        storage_cls = plugins.StorageFactory(storage_backend)
        if name in self._profiles:
            raise ValueError(f"The profile `{name}` already exists.")
        # Defaults of the storage's own settings: the folder of `core.sqlite_dos`, for one.
        model = getattr(storage_cls, "CliModel", None) or getattr(storage_cls, "Model", None)
        if model is not None:
            storage_config = {**storage_config, **model(**storage_config).model_dump()}
        profile = Profile(
            name,
            {
                "storage": {"backend": storage_backend, "config": storage_config},
                "process_control": {"backend": broker_backend, "config": broker_config or {}},
                "test_profile": is_test_profile,
            },
        )
        LOGGER.report("Initialising the storage backend.")
        try:
            storage_cls.initialise(profile)
        except Exception as exc:
            raise exceptions.StorageMigrationError(
                f"Storage backend initialisation failed, probably because the configuration is incorrect: {exc}"
            ) from exc
        LOGGER.report("Storage initialisation completed.")
        self.add_profile(profile)
        return profile

    def add_profile(self, profile: Profile) -> Config:
        """Add a profile, or replace that of its name."""
        self._profiles[profile.name] = profile
        return self

    def update_profile(self, profile: Profile) -> Config:
        """Replace the profile of the same name by this one."""
        self._profiles[profile.name] = profile
        return self

    def rename_profile(self, old: str, new: str) -> Profile:
        """Give a profile another name; its UUID and data stay."""
        self.validate_profile(old)
        if new in self._profiles:
            raise ValueError(f"The profile `{new}` already exists.")
        renamed = Profile(new, self._profiles[old].dictionary)
        self._profiles = {
            profile.name: profile for profile in (renamed if name == old else p for name, p in self._profiles.items())
        }
        if self._default_profile == old:
            self._default_profile = new
        return renamed

    def remove_profile(self, name: str) -> Config:
        """Forget a profile; its data stay."""
        self.validate_profile(name)
        del self._profiles[name]
        return self

    def delete_profile(self, name: str, delete_storage: bool = True) -> None:
        """Forget a profile and remove its logs and, unless told otherwise, all its data; writes the file."""
        profile = self.get_profile(name)
        shown = {key: "***" if "password" in key else value for key, value in profile.storage_config.items()}
        if delete_storage:
            profile.storage_cls(profile).delete()
            LOGGER.report("Data storage deleted, configuration was: %s", shown)
        else:
            LOGGER.report("Data storage not deleted, configuration is: %s", shown)
        self.remove_profile(name)
        if self._default_profile == name:
            self._default_profile = next(iter(self._profiles), None)
        self.store()

    def set_default_profile(self, name: str, overwrite: bool = False) -> Config:
        """Let this be the default profile; without `overwrite` only if there is none."""
        if self._default_profile is None or overwrite:
            self.validate_profile(name)
            self._default_profile = name
        return self

    def set_default_user_email(self, profile: Profile, user_email: str) -> None:
        """Let this user own new data of the profile; writes the file."""
        profile.default_user_email = user_email
        self.update_profile(profile)
        self.store()

    # --- options ---

    @property
    def options(self) -> dict[str, Any]:
        """Options that are set for all profiles."""
        return self._options

    @options.setter
    def options(self, value: dict[str, Any]) -> None:
        self._options = value

    def set_option(self, option_name: str, option_value: Any, scope: str | None = None, override: bool = True) -> Any:
        """Set an option, for all profiles or for that named by `scope`; return the value as its type."""
        name = resolve_deprecated_option_name(option_name)
        option, value = parse_option(name, option_value)
        if scope is not None and not option.global_only:
            self.get_profile(scope).set_option(name, value, override=override)
        elif override or name not in self._options:
            # A value equal to the default is kept: the user has said so, and the default may change.
            self._options[name] = value
        return value

    def unset_option(self, option_name: str, scope: str | None = None) -> None:
        """Let an option have its default again."""
        name = resolve_deprecated_option_name(option_name)
        if scope is not None and not get_option(name).global_only:
            self.get_profile(scope).unset_option(name)
        else:
            self._options.pop(name, None)

    def get_option(self, option_name: str, scope: str | None = None, default: bool = True) -> Any:
        """Return the value of an option: as set for the profile, for all, or (if `default`) the default."""
        name = resolve_deprecated_option_name(option_name)
        option = get_option(name)
        value, source = self._find_value(option, scope)
        return value if source != "default" or default else None

    def _find_value(self, option: Option, scope: str | None) -> tuple[Any, str]:
        if scope is not None:
            options = self.get_profile(scope).options
            if option.name in options and not option.global_only:
                return options[option.name], "profile"
        if option.name in self._options:
            return self._options[option.name], "global"
        return deepcopy(option.default), "default"

    def get_options(self, scope: str | None = None) -> dict[str, tuple[Option, str, Any]]:
        """Return for each option where its value comes from (`profile`, `global`, `default`) and the value."""
        profile = self.get_profile(scope) if scope else None
        result: dict[str, tuple[Option, str, Any]] = {}
        for name, option in OPTIONS.items():
            value, source = self._find_value(option, profile.name if profile else None)
            if source == "default" and value is None:
                continue  # there is nothing to show
            result[name] = (option, source, value)
        return result
