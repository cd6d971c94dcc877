"""The composition root: the one place that knows all parts and puts them together for the loaded profile.

Loading a profile opens nothing. It fills the slots of `aiida.common.slots`; the storage, the engine, the broker are made at the first
use. Parts above the storage are named, not imported, as most programs need few of them.
"""

from __future__ import annotations

import os
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aiida import manage, plugins
from aiida.common import slots
from aiida.common.exceptions import ConfigurationError, InvalidOperation
from aiida.common.log import AIIDA_LOGGER, configure_logging
from aiida.common.profile import Profile
from aiida.common.warnings import warn_deprecation
from aiida.manage import caching, configuration
from aiida.manage.configuration.options import OPTIONS, get_option

if TYPE_CHECKING:
    import asyncio

    from aiida.brokers.broker import Broker
    from aiida.engine.current import Engine
    from aiida.engine.daemon.client import DaemonClient
    from aiida.manage.configuration.config import Config
    from aiida.storage.backends import StorageBackend

__all__ = ("get_manager",)

PROFILE_VARIABLE = "AIIDA_PROFILE"
MANAGER: Manager | None = None


def get_manager() -> Manager:
    """Return the manager of this process; always the same."""
    global MANAGER
    if MANAGER is None:
        MANAGER = Manager()
    return MANAGER


class Manager:
    """Holds the loaded profile and what has been made for it."""

    def __init__(self) -> None:
        self._profile: Profile | None = None
        # Tests set this to None, to have the storage opened again while entities keep the one they came from.
        self._profile_storage: StorageBackend | None = None
        self._broker: Broker | None = None
        self._daemon_client: DaemonClient | None = None
        self._process_controller: Any = None
        self._persister: Any = None
        self._runner: Any = None
        self._runner_engine: Engine | None = None  # over which we made it; `None` if somebody else did
        self._engine: Engine | None = None
        self._engine_storage: StorageBackend | None = None
        self._lock = threading.RLock()
        self.logger = AIIDA_LOGGER.getChild(__name__)

    # --- configuration and profile ---

    @staticmethod
    def get_config(create: bool = False) -> Config:
        """Return the configuration of this process."""
        return configuration.get_config(create=create)

    def get_profile(self) -> Profile | None:
        """Return the loaded profile, or `None`."""
        return self._profile

    def load_profile(self, profile: str | Profile | None = None, allow_switch: bool = False) -> Profile:
        """Load a profile: the one given or named, that of `$AIIDA_PROFILE`, or the default one.

        Without an argument, a profile that is loaded stays. Another one can take its place as long as no storage is open, or with
        `allow_switch`.
        """
        if profile is None:
            if self._profile is not None:
                return self._profile
            profile = os.environ.get(PROFILE_VARIABLE) or self._config().get_profile()
        if isinstance(profile, str):
            profile = self._config().get_profile(profile)
        elif not isinstance(profile, Profile):
            raise TypeError(f"profile must be None, a string, or a Profile instance, got: {type(profile)}")
        else:  # one that stands in no configuration; plugins read their settings there all the same, some when they are imported
            configuration.get_config(create=True)

        if self._profile is not None and (self._profile.name, self._profile.uuid) == (profile.name, profile.uuid):
            return self._profile
        with self._lock:
            if self._profile is not None and self.profile_storage_loaded and not allow_switch:
                raise InvalidOperation(
                    f"cannot switch to profile {profile.name!r} because profile {self._profile.name!r} storage is already loaded "
                    "and allow_switch is False"
                )
            self.unload_profile()
            self._profile = profile
            slots.current_store.fill(self.get_profile_storage)
            slots.current_engine.fill(self._get_engine)
            configure_logging()
        if configuration.get_config_option("warnings.development_version"):
            self.check_version()
        return profile

    def _config(self) -> Config:
        return configuration.get_config()

    def reset_profile(self) -> None:
        """Close and forget all that was made for the profile, which stays loaded."""
        self.reset_runner()
        self.reset_broker()
        self.reset_profile_storage()
        self._daemon_client = None

    def reset_profile_storage(self) -> None:
        """Close the storage, if open; it is opened again at the next use."""
        with self._lock:
            self._close_engine()
            if self._profile_storage is not None:
                self._profile_storage.close()
                self._profile_storage = None
            self._process_controller = None

    def reset_broker(self) -> None:
        """Close the connection to the broker, if there is one."""
        with self._lock:
            if self._broker is not None:
                self._broker.close()
                self._broker = None

    def reset_runner(self) -> None:
        """Stop and forget the runner."""
        with self._lock:
            runner, self._runner, self._runner_engine = self._runner, None, None
            if runner is not None:
                runner.close()
            self._close_engine()

    def unload_profile(self) -> None:
        """Close everything; no profile is loaded afterwards."""
        self.reset_profile()
        self._profile = None
        slots.current_store.clear()
        slots.current_engine.clear()

    def _require_profile(self) -> Profile:
        if self._profile is None:
            raise ConfigurationError(
                "Could not determine the current profile. Consider loading a profile using `aiida.load_profile()`."
            )
        return self._profile

    def set_default_user_email(self, profile: Profile, user_email: str) -> None:
        """Let this user own new data of the profile; written to the configuration if the profile is of it."""
        config = self._config()
        if profile.name in config.profile_names:
            config.set_default_user_email(profile, user_email)
        else:
            profile.default_user_email = user_email
        if self._profile is not None and profile.name == self._profile.name:
            self._profile.default_user_email = user_email
            if self._profile_storage is not None:
                self._profile_storage.reset_default_user()

    def get_option(self, option_name: str) -> Any:
        """Return the value of an option for the loaded profile, or for all if none is loaded."""
        return SETTINGS.get(option_name)

    # --- storage ---

    @property
    def profile_storage_loaded(self) -> bool:
        """Whether the storage of the profile is open."""
        return self._profile_storage is not None

    def get_backend(self) -> StorageBackend:
        """Return the storage. Deprecated: use `get_profile_storage`."""
        warn_deprecation("get_backend() is deprecated, use get_profile_storage() instead", version=3)
        return self.get_profile_storage()

    def get_profile_storage(self) -> StorageBackend:
        """Return the storage of the loaded profile, opened at the first call."""
        storage = self._profile_storage
        if storage is not None:
            return storage
        with self._lock:
            if self._profile_storage is None:
                profile = self._require_profile()
                # Not for a storage that lives in this process alone.
                if profile.name in _profile_names():
                    manage.profile_access.ProfileAccessManager(profile).request_access()
                self._profile_storage = profile.storage_cls(profile)
                # What is said about a node can be kept in the database from now on.
                configure_logging(with_orm=True)
            return self._profile_storage

    # --- engine ---

    def _get_engine(self) -> Engine:
        """Return the engine over the present storage."""
        storage = self.get_profile_storage()
        engine = self._engine
        if engine is not None and self._engine_storage is storage:
            return engine
        with self._lock:
            if self._engine is None or self._engine_storage is not storage:
                self._engine = import_module("aiida.engine.runtime.inline").make_engine(storage, SETTINGS)
                self._engine_storage = storage
            return self._engine

    def _close_engine(self) -> None:
        engine, self._engine, self._engine_storage = self._engine, None, None
        if engine is not None and hasattr(engine, "close"):
            engine.close()

    def get_runner(self, **kwargs: Any) -> Any:
        """Return the runner of this process, made at the first call; in a step that a worker runs, the worker's."""
        if self._runner is not None and self._runner_engine is None:
            return self._runner  # the one that was set
        here = slots.current_engine.get_or_none()
        if here is not None and here.runner.is_daemon_runner:
            return here.runner
        engine = self._get_engine()
        if self._runner is None or self._runner_engine is not engine:
            self._runner, self._runner_engine = self.create_runner(**kwargs), engine
        return self._runner

    def set_runner(self, new_runner: Any) -> None:
        """Close the runner of this process and put this one in its place."""
        if self._runner is not None and self._runner is not new_runner:
            self._runner.close()
        self._runner, self._runner_engine = new_runner, None

    def create_runner(self, with_persistence: bool = True, **kwargs: Any) -> Any:
        """Return a new runner over the loaded profile."""
        self._require_profile()
        return import_module("aiida.engine.runners").Runner(engine=self._get_engine(), **kwargs)

    def create_daemon_runner(self, loop: asyncio.AbstractEventLoop | None = None) -> Any:
        """Return a runner as workers of the daemon use it, and make it the runner of this process."""
        self._require_profile()
        runner = self.create_runner(daemon=True, loop=loop)
        self.set_runner(runner)
        return runner

    def get_persister(self) -> Any:
        """Return what saves the state of processes; for programs written against checkpoints."""
        if self._persister is None:
            self._persister = import_module("aiida.engine.persistence").AiiDAPersister()
        return self._persister

    # --- broker and daemon ---

    def get_broker(self) -> Broker | None:
        """Return the broker of the profile, `None` if it has none. It is a doorbell: everything works without."""
        if self._broker is None:
            profile = self._require_profile()
            if profile.process_control_backend is None:
                return None
            with self._lock:
                if self._broker is None:
                    self._broker = plugins.BrokerFactory(profile.process_control_backend)(profile)
        return self._broker

    def get_communicator(self) -> Any:
        """Return the means to talk to other processes through the broker."""
        broker = self.get_broker()
        if broker is None:
            assert self._profile is not None
            raise ConfigurationError(
                f"profile `{self._profile.name}` does not provide a communicator because it does not define a broker"
            )
        return broker.get_communicator()

    def get_daemon_client(self) -> DaemonClient:
        """Return the client of the daemon of the profile."""
        if self._daemon_client is None:
            profile = self._require_profile()
            self._daemon_client = import_module("aiida.engine.daemon.client").DaemonClient(profile)
        assert self._daemon_client is not None
        return self._daemon_client

    def get_process_controller(self) -> Any:
        """Return what pauses, plays, kills and continues processes, wherever they run."""
        if self._process_controller is None:
            self._require_profile()
            self._process_controller = import_module("aiida.engine.control").make_controller(self.get_profile_storage())
        return self._process_controller

    def check_version(self) -> None:
        """Warn if this is a development version."""
        version = import_module("aiida").radames_version
        if "dev" in version:
            self.logger.warning("You are currently using a development version: %s", version)


class _CurrentSettings:
    """What the slot `current_settings` gives: options of the loaded profile, of the configuration, or defaults, in this order."""

    def get(self, option_name: str) -> Any:
        """Return the value of an option."""
        option = get_option(option_name)
        if option.deprecated_by is not None:
            option = OPTIONS[option.deprecated_by]
        profile = get_manager().get_profile()
        if profile is not None and not option.global_only and option.name in profile.options:
            return profile.options[option.name]
        config = _find_config()
        if config is not None and option.name in config.options:
            return config.options[option.name]
        return list(option.default) if isinstance(option.default, list) else option.default

    def get_profile(self, name: str | None = None) -> Profile:
        """Return a profile by name, or the loaded one."""
        loaded = get_manager().get_profile()
        if name is None or (loaded is not None and loaded.name == name):
            return get_manager()._require_profile()
        return configuration.get_config().get_profile(name)

    def use_cache(self, identifier: str | None) -> bool:
        """Whether results are reused for this process type."""
        return caching.get_use_cache(identifier=identifier)


def _find_config() -> Config | None:
    """Return the configuration if there is one; a program that uses a temporary profile needs none."""
    try:
        return configuration.get_config()
    except ConfigurationError:
        return None


def _profile_names() -> list[str]:
    config = _find_config()
    return [] if config is None else config.profile_names


SETTINGS = _CurrentSettings()
slots.current_settings.fill(lambda: SETTINGS)
slots.find_autogroup.fill(lambda: import_module("aiida.orm.autogroup").AutogroupManager.of)
