"""A profile: its name, where it stores, how its processes are controlled.

`Profile` is one entry of the configuration file. It lives here, below the store, because a store is opened for a profile; its
public home is `aiida.manage.configuration.profile`. What only higher layers know of it (its storage class) is reached by
name. (Touches the world: paths.)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlparse
from uuid import uuid4

from aiida.common import exceptions
from aiida.common.paths import profile_filepaths
from aiida.common.warnings import warn_deprecation

__all__ = ("Profile",)


class Profile:
    """A profile of the configuration. Changing it changes nothing on disk: see `Config.update_profile`."""

    KEY_UUID: ClassVar[str] = "PROFILE_UUID"
    KEY_DEFAULT_USER_EMAIL: ClassVar[str] = "default_user_email"
    KEY_STORAGE: ClassVar[str] = "storage"
    KEY_PROCESS: ClassVar[str] = "process_control"
    KEY_STORAGE_BACKEND: ClassVar[str] = "backend"
    KEY_STORAGE_CONFIG: ClassVar[str] = "config"
    KEY_PROCESS_BACKEND: ClassVar[str] = "backend"
    KEY_PROCESS_CONFIG: ClassVar[str] = "config"
    KEY_OPTIONS: ClassVar[str] = "options"
    KEY_TEST_PROFILE: ClassVar[str] = "test_profile"

    REQUIRED_KEYS: ClassVar[tuple[str, ...]] = (KEY_STORAGE, KEY_PROCESS)

    def __init__(self, name: str, config: Mapping[str, Any], validate: bool = True) -> None:
        if not isinstance(config, Mapping):
            raise TypeError(f"config should be a mapping but is {type(config)}")
        if validate and not set(config).issuperset(self.REQUIRED_KEYS):
            raise exceptions.ConfigurationError(
                f"profile {name!r} configuration does not contain all required keys: {self.REQUIRED_KEYS}"
            )
        self._name = name
        self._attributes: dict[str, Any] = deepcopy(dict(config))
        self._attributes.setdefault(self.KEY_UUID, uuid4().hex)
        self._attributes.setdefault(self.KEY_OPTIONS, {})

    def __str__(self) -> str:
        return f"Profile<uuid={self.uuid!r} name={self.name!r}>"

    __repr__ = __str__

    def copy(self) -> Profile:
        """Return a copy that shares nothing with this one."""
        return type(self)(self.name, self._attributes)

    @property
    def name(self) -> str:
        """The name, by which users call it."""
        return self._name

    @property
    def uuid(self) -> str:
        """The identifier, which stays when the profile is renamed."""
        uuid: str = self._attributes[self.KEY_UUID]
        return uuid

    @uuid.setter
    def uuid(self, value: str) -> None:
        self._attributes[self.KEY_UUID] = value

    @property
    def dictionary(self) -> dict[str, Any]:
        """The entry of the configuration file; live."""
        return self._attributes

    @property
    def default_user_email(self) -> str | None:
        """Who owns new data."""
        email: str | None = self._attributes.get(self.KEY_DEFAULT_USER_EMAIL)
        return email

    @default_user_email.setter
    def default_user_email(self, value: str | None) -> None:
        self._attributes[self.KEY_DEFAULT_USER_EMAIL] = value

    @property
    def storage_backend(self) -> str:
        """Entry point of the storage."""
        backend: str = self._attributes[self.KEY_STORAGE][self.KEY_STORAGE_BACKEND]
        return backend

    @property
    def storage_config(self) -> dict[str, Any]:
        """What the storage needs to know."""
        config: dict[str, Any] = self._attributes[self.KEY_STORAGE][self.KEY_STORAGE_CONFIG]
        return config

    def set_storage(self, name: str, config: dict[str, Any]) -> None:
        """Set entry point and settings of the storage."""
        self._attributes.setdefault(self.KEY_STORAGE, {})
        self._attributes[self.KEY_STORAGE][self.KEY_STORAGE_BACKEND] = name
        self._attributes[self.KEY_STORAGE][self.KEY_STORAGE_CONFIG] = config

    @property
    def storage_cls(self) -> Any:
        """The class of the storage, loaded by its entry point."""
        return import_module("aiida.plugins.factories").StorageFactory(self.storage_backend)

    @property
    def process_control_backend(self) -> str | None:
        """Entry point of the broker; `None` where the profile has none."""
        backend: str | None = (self._attributes.get(self.KEY_PROCESS) or {}).get(self.KEY_PROCESS_BACKEND)
        return backend

    @property
    def process_control_config(self) -> dict[str, Any]:
        """What the broker needs to know."""
        return (self._attributes.get(self.KEY_PROCESS) or {}).get(self.KEY_PROCESS_CONFIG) or {}

    def set_process_controller(self, name: str | None, config: dict[str, Any] | None) -> None:
        """Set entry point and settings of the broker."""
        self._attributes.setdefault(self.KEY_PROCESS, {})
        self._attributes[self.KEY_PROCESS][self.KEY_PROCESS_BACKEND] = name
        self._attributes[self.KEY_PROCESS][self.KEY_PROCESS_CONFIG] = config

    @property
    def options(self) -> dict[str, Any]:
        """Options that are set for this profile."""
        options: dict[str, Any] = self._attributes.setdefault(self.KEY_OPTIONS, {})
        return options

    @options.setter
    def options(self, value: dict[str, Any]) -> None:
        self._attributes[self.KEY_OPTIONS] = value

    def get_option(self, option_key: str, default: Any = None) -> Any:
        """Return what an option is set to for this profile, or `default`."""
        return self.options.get(option_key, default)

    def set_option(self, option_key: str, value: Any, override: bool = True) -> None:
        """Set an option; with `override=False` only if it is not set yet."""
        if override or option_key not in self.options:
            self.options[option_key] = value

    def unset_option(self, option_key: str) -> None:
        """Let the option have its global value again."""
        self.options.pop(option_key, None)

    @property
    def is_test_profile(self) -> bool:
        """Whether tests may empty its storage."""
        # Profiles of old configurations have no mark; they were test profiles by their name.
        return bool(self._attributes.get(self.KEY_TEST_PROFILE, False))

    @is_test_profile.setter
    def is_test_profile(self, value: bool) -> None:
        self._attributes[self.KEY_TEST_PROFILE] = value

    @property
    def repository_path(self) -> Path:
        """The folder of the files of the storage. Deprecated: not every storage has one."""
        warn_deprecation("This method has been deprecated", version=3)
        config = self.storage_config
        if "repository_uri" in config:
            parts = urlparse(config["repository_uri"])
            if parts.scheme != "file":
                raise exceptions.ConfigurationError(
                    f"the repository of profile `{self.name}` lies at `{config['repository_uri']}`: only `file://` is supported"
                )
            path = Path(os.path.expanduser(unquote(parts.path)))
            if not path.is_absolute():
                raise exceptions.ConfigurationError(f"invalid repository URI: the path `{path}` has to be absolute")
            return path
        if "filepath" in config:
            return Path(config["filepath"])
        raise KeyError("repository_uri not defined in profile storage config")

    @property
    def filepaths(self) -> dict[str, Any]:
        """Where its files lie. Deprecated: use `Config.filepaths(profile)`."""
        warn_deprecation("This method has been deprecated, use `filepaths` method from `Config` obj instead", version=3)
        return profile_filepaths(self)

    def dump(self, output_path: str | Path | None = None, **options: Any) -> Path:
        """Raise: a folder tree of all data cannot be written yet. It says what can."""
        raise exceptions.FeatureNotAvailable(
            f"profile `{self.name}` cannot be dumped as a folder tree: this release does not write one yet. The files of one node are written by "
            "`verdi node repo dump`, a copy of everything by `verdi storage backup`"
        )


# Tests and messages show the classic path.
Profile.__module__ = "aiida.manage.configuration.profile"
