"""TABLE of versions of the configuration file, and what changed between them, up and down.

A step changes the content in place and leaves alone what it does not know. Version 0 is a file without a version (AiiDA 0.x); 10 is that
of AiiDA 2.9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from uuid import uuid4

from aiida.common.exceptions import ConfigurationError, ConfigurationVersionError

__all__ = (
    "CURRENT_CONFIG_VERSION",
    "MIGRATIONS",
    "OLDEST_COMPATIBLE_CONFIG_VERSION",
    "check_and_migrate_config",
    "config_needs_migrating",
    "downgrade_config",
    "get_current_version",
    "upgrade_config",
)

ConfigType = dict[str, Any]

CURRENT_CONFIG_VERSION = 10
OLDEST_COMPATIBLE_CONFIG_VERSION = 10


class Step(NamedTuple):
    """What is between two versions."""

    name: str
    down_revision: int
    down_compatible: int
    up_revision: int
    up_compatible: int
    upgrade: Callable[[ConfigType], None]
    downgrade: Callable[[ConfigType], None]


def _profiles(config: ConfigType) -> Iterable[tuple[str, dict[str, Any]]]:
    profiles: dict[str, dict[str, Any]] = config.get("profiles", {})
    return profiles.items()


def _options(config: ConfigType) -> Iterable[dict[str, Any]]:
    for holder in (config, *(profile for _, profile in _profiles(config))):
        if isinstance(holder.get("options"), dict):
            yield holder["options"]


def _rename(mapping: dict[str, Any], names: Iterable[tuple[str, str]]) -> None:
    """Rename keys; where the new name is there already, it stays and the old one goes."""
    for old, new in names:
        if old in mapping:
            value = mapping.pop(old)
            mapping.setdefault(new, value)


def _swapped(names: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(new, old) for old, new in names]


def _nothing(config: ConfigType) -> None:
    """Only the version is written."""


# --- 2: profiles have a UUID


def _add_uuid(config: ConfigType) -> None:
    for _, profile in _profiles(config):
        profile.setdefault("PROFILE_UUID", uuid4().hex)


# --- 3: one default profile instead of one per kind of program


def _one_default(config: ConfigType) -> None:
    defaults = config.pop("default_profiles", None) or {}
    chosen = defaults.get("daemon") or defaults.get("verdi")
    if chosen:
        config.setdefault("default_profile", chosen)


def _two_defaults(config: ConfigType) -> None:
    chosen = config.pop("default_profile", None)
    if chosen:
        config["default_profiles"] = {"daemon": chosen, "verdi": chosen}


# --- 4: the broker can be configured

_BROKER_DEFAULTS = {
    "broker_protocol": "amqp",
    "broker_username": "guest",
    "broker_password": "guest",
    "broker_host": "127.0.0.1",
    "broker_port": 5672,
    "broker_virtual_host": "",
}


def _add_broker(config: ConfigType) -> None:
    for _, profile in _profiles(config):
        for key, value in _BROKER_DEFAULTS.items():
            profile.setdefault(key, value)


# --- 5: options are written with the names that users know

_OPTION_NAMES = (
    ("runner_poll_interval", "runner.poll.interval"),
    ("daemon_default_workers", "daemon.default_workers"),
    ("daemon_timeout", "daemon.timeout"),
    ("daemon_worker_process_slots", "daemon.worker_process_slots"),
    ("db_batch_size", "db.batch_size"),
    ("verdi_shell_auto_import", "verdi.shell.auto_import"),
    ("logging_aiida_log_level", "logging.aiida_loglevel"),
    ("logging_db_log_level", "logging.db_loglevel"),
    ("logging_plumpy_log_level", "logging.plumpy_loglevel"),
    ("logging_kiwipy_log_level", "logging.kiwipy_loglevel"),
    ("logging_paramiko_log_level", "logging.paramiko_loglevel"),
    ("logging_alembic_log_level", "logging.alembic_loglevel"),
    ("logging_sqlalchemy_loglevel", "logging.sqlalchemy_loglevel"),
    ("logging_circus_log_level", "logging.circus_loglevel"),
    ("user_email", "autofill.user.email"),
    ("user_first_name", "autofill.user.first_name"),
    ("user_last_name", "autofill.user.last_name"),
    ("user_institution", "autofill.user.institution"),
    ("show_deprecations", "warnings.showdeprecations"),
    ("task_retry_initial_interval", "transport.task_retry_initial_interval"),
    ("task_maximum_attempts", "transport.task_maximum_attempts"),
)


def _dotted_options(config: ConfigType) -> None:
    for options in _options(config):
        _rename(options, _OPTION_NAMES)


def _underscored_options(config: ConfigType) -> None:
    for options in _options(config):
        _rename(options, _swapped(_OPTION_NAMES))


# --- 6: storage and broker have entries of their own

_STORAGE_NAMES = (
    ("AIIDADB_ENGINE", "database_engine"),
    ("AIIDADB_HOST", "database_hostname"),
    ("AIIDADB_PORT", "database_port"),
    ("AIIDADB_USER", "database_username"),
    ("AIIDADB_PASS", "database_password"),
    ("AIIDADB_NAME", "database_name"),
    ("AIIDADB_REPOSITORY_URI", "repository_uri"),
)
_BROKER_NAMES = (*_BROKER_DEFAULTS, "broker_parameters")


def _nest(config: ConfigType) -> None:
    for _, profile in _profiles(config):
        storage = profile.setdefault("storage", {})
        if "AIIDADB_BACKEND" in profile:
            storage["backend"] = profile.pop("AIIDADB_BACKEND")
        settings = storage.setdefault("config", {})
        settings.update({new: profile.pop(old) for old, new in _STORAGE_NAMES if old in profile})
        control = profile.setdefault("process_control", {})
        control.setdefault("backend", "rabbitmq")
        control.setdefault("config", {}).update({key: profile.pop(key) for key in _BROKER_NAMES if key in profile})


def _flatten(config: ConfigType) -> None:
    for _, profile in _profiles(config):
        storage = profile.pop("storage", {})
        control = profile.pop("process_control", {})
        if storage.get("backend"):
            profile["AIIDADB_BACKEND"] = storage["backend"]
        values = storage.get("config", {})
        profile.update({old: values[new] for old, new in _STORAGE_NAMES if new in values})
        values = control.get("config", {})
        profile.update({key: values[key] for key in _BROKER_NAMES if key in values})


# --- 7: one PostgreSQL storage


def _merge_backends(config: ConfigType) -> None:
    for _, profile in _profiles(config):
        storage = profile.get("storage", {})
        if storage.get("backend") in ("django", "sqlalchemy"):
            storage["_v6_backend"] = storage["backend"]
            storage["backend"] = "psql_dos"


def _split_backends(config: ConfigType) -> None:
    for _, profile in _profiles(config):
        storage = profile.get("storage", {})
        if "_v6_backend" in storage:
            storage["backend"] = storage.pop("_v6_backend")


# --- 8: test profiles are marked, no more known by their name


def _mark_tests(config: ConfigType) -> None:
    for name, profile in _profiles(config):
        profile.setdefault("test_profile", name.startswith("test_"))


# --- 9: entry points of the core have a prefix


def _prefix(config: ConfigType) -> None:
    for _, profile in _profiles(config):
        for key, known in (("storage", ("psql_dos", "sqlite_zip", "sqlite_temp")), ("process_control", ("rabbitmq",))):
            entry = profile.get(key, {})
            if entry.get("backend") in known:
                entry["backend"] = f"core.{entry['backend']}"


def _unprefix(config: ConfigType) -> None:
    for _, profile in _profiles(config):
        for key, known in (("storage", ("core.psql_dos", "core.sqlite_zip")), ("process_control", ("core.rabbitmq",))):
            entry = profile.get(key, {})
            if entry.get("backend") in known:
                entry["backend"] = entry["backend"].removeprefix("core.")


# --- 10: options have new names; levels of single loggers may be inherited

_NEW_NAMES = (("logging.db_loglevel", "logging.database_handler"), ("rmq.task_timeout", "broker.task_timeout"))
_ONLY_IN_10 = ("logging.aiida_core_loglevel", "logging.terminal_handler")


def _rename_options(config: ConfigType) -> None:
    for options in _options(config):
        _rename(options, _NEW_NAMES)


def _rename_options_back(config: ConfigType) -> None:
    for options in _options(config):
        _rename(options, _swapped(_NEW_NAMES))
        # Version 9 knows neither these options nor the level INHERIT.
        for key in [key for key, value in options.items() if key in _ONLY_IN_10 or value == "INHERIT"]:
            del options[key]


MIGRATIONS: tuple[Step, ...] = (
    Step("Initial", 0, 0, 1, 0, _nothing, _nothing),
    Step("AddProfileUuid", 1, 0, 2, 0, _add_uuid, _nothing),
    Step("SimplifyDefaultProfiles", 2, 0, 3, 3, _one_default, _two_defaults),
    Step("AddMessageBroker", 3, 3, 4, 3, _add_broker, _nothing),
    Step("SimplifyOptions", 4, 3, 5, 5, _dotted_options, _underscored_options),
    Step("AbstractStorageAndProcess", 5, 5, 6, 6, _nest, _flatten),
    Step("MergeStorageBackendTypes", 6, 6, 7, 7, _merge_backends, _split_backends),
    Step("AddTestProfileKey", 7, 7, 8, 8, _mark_tests, _nothing),
    Step("AddPrefixToStorageBackendTypes", 8, 8, 9, 9, _prefix, _unprefix),
    Step("RenameRmqAndLogging", 9, 9, 10, 10, _rename_options, _rename_options_back),
)


def get_current_version(config: ConfigType) -> int:
    """Return the version of the content."""
    version: int = config.get("CONFIG_VERSION", {}).get("CURRENT", 0)
    return version


def _get_oldest_compatible(config: ConfigType) -> int:
    version: int = config.get("CONFIG_VERSION", {}).get("OLDEST_COMPATIBLE", 0)
    return version


def _set_version(config: ConfigType, current: int, compatible: int) -> None:
    config["CONFIG_VERSION"] = {"CURRENT": current, "OLDEST_COMPATIBLE": compatible}


def upgrade_config(
    config: ConfigType, target: int = CURRENT_CONFIG_VERSION, migrations: Iterable[Step] = MIGRATIONS
) -> ConfigType:
    """Bring the content up to a version, in place."""
    steps = {step.down_revision: step for step in migrations}
    while (version := get_current_version(config)) < target:
        step = steps.get(version)
        if step is None:
            raise ConfigurationError(f"No migration found to upgrade version {version}")
        step.upgrade(config)
        _set_version(config, step.up_revision, step.up_compatible)
    return config


def downgrade_config(config: ConfigType, target: int, migrations: Iterable[Step] = MIGRATIONS) -> ConfigType:
    """Bring the content down to a version, in place."""
    steps = {step.up_revision: step for step in migrations}
    if get_current_version(config) < target:
        raise ConfigurationError(
            f"Could not downgrade to version {target}, current version is {get_current_version(config)}"
        )
    while (version := get_current_version(config)) > target:
        step = steps.get(version)
        if step is None:
            raise ConfigurationError(f"No migration found to downgrade version {version}")
        step.downgrade(config)
        _set_version(config, step.down_revision, step.down_compatible)
    return config


def config_needs_migrating(config: ConfigType, filepath: str | None = None) -> bool:
    """Whether the content is of an older version; `ConfigurationVersionError` if it is of one too new for us."""
    version = get_current_version(config)
    if _get_oldest_compatible(config) > CURRENT_CONFIG_VERSION:
        raise ConfigurationVersionError(
            f"The configuration file {filepath or ''} has version {version}, which was written by a newer program and cannot be "
            f"read by this one (it knows versions up to {CURRENT_CONFIG_VERSION}). Use the newer program, or let it write the "
            f"file for this one: `verdi config downgrade {CURRENT_CONFIG_VERSION}`"
        )
    return version < CURRENT_CONFIG_VERSION


def check_and_migrate_config(config: ConfigType, filepath: str | None = None) -> ConfigType:
    """Return the content at the present version."""
    return upgrade_config(config) if config_needs_migrating(config, filepath) else config
