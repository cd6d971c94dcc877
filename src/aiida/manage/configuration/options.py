"""TABLE of configuration options: type, default, where it may be set.

Rejected: a pydantic model, as it costs 150 ms at every `verdi`, and the table is what the documentation is drawn from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from aiida.common.exceptions import ConfigurationError
from aiida.common.log import AdvancedLogLevels, LogLevels
from aiida.common.warnings import warn_deprecation
from aiida.manage.configuration.patterns import check_identifier_pattern

__all__ = ("OPTIONS", "Option", "get_option", "get_option_names", "parse_option")


def _parse_int(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError("it should be a whole number")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int | str):
        try:
            return int(value)
        except ValueError:
            pass
    raise ValueError("it should be a whole number")


_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}


def _parse_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return _BOOLEANS[str(value).lower()]
    except KeyError:
        raise ValueError("it should be true or false") from None


def _parse_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it should be text")
    return value


def _parse_optional_text(value: Any) -> str | None:
    return None if value is None else _parse_text(value)


def _parse_texts(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError("it should be a list of texts")
    return list(value)


def _parse_level(levels: type[LogLevels] | type[AdvancedLogLevels]) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        try:
            return str(levels(value).value)
        except ValueError:
            raise ValueError(f"it should be one of {', '.join(level.value for level in levels)}") from None

    return parse


class _Type(NamedTuple):
    """A type of option: what it is called in Python and in a JSON schema, and how a value is read."""

    python: Any
    schema: dict[str, Any]
    parse: Callable[[Any], Any]


_INT = _Type(int, {"type": "integer"}, _parse_int)
_BOOL = _Type(bool, {"type": "boolean"}, _parse_bool)
_STR = _Type(str, {"type": "string"}, _parse_text)
_STR_OR_NONE = _Type(str | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}, _parse_optional_text)
_STRS = _Type(list[str], {"type": "array", "items": {"type": "string"}}, _parse_texts)
_LEVEL = _Type(LogLevels, {"type": "string", "enum": [level.value for level in LogLevels]}, _parse_level(LogLevels))
_ADVANCED = _Type(
    AdvancedLogLevels,
    {"type": "string", "enum": [level.value for level in AdvancedLogLevels]},
    _parse_level(AdvancedLogLevels),
)


class Option(NamedTuple):
    """One option."""

    name: str
    type: _Type
    default: Any
    description: str
    global_only: bool = False
    advanced: bool = False
    requires_daemon_restart: bool = False
    deprecated_by: str | None = None
    validators: tuple[Callable[[Any], None], ...] = ()

    @property
    def valid_type(self) -> Any:
        """The Python type of its values."""
        return self.type.python

    @property
    def schema(self) -> dict[str, Any]:
        """The option as JSON schema."""
        schema = {**self.type.schema, "default": self.default, "description": self.description}
        if self.requires_daemon_restart:
            schema["requires_daemon_restart"] = True
        return schema

    def validate(self, value: Any) -> Any:
        """Return the value as the right type; `ConfigurationError` if it cannot be."""
        try:
            parsed = self.type.parse(value)
            for validator in self.validators:
                validator(parsed)
        except ValueError as exc:
            raise ConfigurationError(f"Invalid value for `{self.name}`: {value!r} is not valid, {exc}") from None
        return parsed


def _check_patterns(patterns: list[str]) -> None:
    for pattern in patterns:
        check_identifier_pattern(pattern, strict=True)


_TABLE = (
    Option("runner.poll.interval", _INT, 60, "Seconds after which a runner looks for itself, should no bell have rung.", requires_daemon_restart=True),
    Option("daemon.default_workers", _INT, 1, "Number of workers that `verdi daemon start` starts.", requires_daemon_restart=True),
    Option("daemon.timeout", _INT, 2, "Seconds to wait for an answer of the daemon's supervisor."),
    Option("daemon.worker_process_slots", _INT, 200, "Number of processes that one worker of aiida-core holds at a time. Workers of this implementation have no slots: waiting costs a row.", requires_daemon_restart=True),
    Option("daemon.recursion_limit", _INT, 3000, "Depth of recursion that Python allows in a worker.", requires_daemon_restart=True),
    Option("db.batch_size", _INT, 100000, "Number of rows that are made by one statement at most."),
    Option("verdi.shell.auto_import", _STR, ":", "What `verdi shell` imports besides: import paths, separated by `:`."),
    Option("logging.terminal_handler", _LEVEL, "REPORT", "Lowest level of messages that are shown in the terminal, of those that a logger emits."),
    Option("logging.aiida_loglevel", _LEVEL, "REPORT", "Lowest level of messages that are emitted, by all loggers that say nothing else.", requires_daemon_restart=True),
    Option("logging.aiida_core_loglevel", _ADVANCED, "INHERIT", "Lowest level of messages of the `aiida` logger.", advanced=True, requires_daemon_restart=True),
    Option("logging.verdi_loglevel", _ADVANCED, "INHERIT", "Lowest level of messages of the command line.", advanced=True, requires_daemon_restart=True),
    Option("logging.disk_objectstore_loglevel", _ADVANCED, "INHERIT", "Lowest level of messages of the object store.", advanced=True, requires_daemon_restart=True),
    Option("logging.database_handler", _LEVEL, "REPORT", "Lowest level of messages about a stored node that are kept in the database, where `verdi process report` finds them.", requires_daemon_restart=True),
    Option("logging.db_loglevel", _LEVEL, "REPORT", "Old name of `logging.database_handler`.", advanced=True, requires_daemon_restart=True, deprecated_by="logging.database_handler"),
    Option("logging.plumpy_loglevel", _ADVANCED, "INHERIT", "Lowest level of messages of `plumpy`.", advanced=True, requires_daemon_restart=True),
    Option("logging.kiwipy_loglevel", _ADVANCED, "INHERIT", "Lowest level of messages of `kiwipy`.", advanced=True, requires_daemon_restart=True),
    Option("logging.paramiko_loglevel", _ADVANCED, "WARNING", "Lowest level of messages of `paramiko`.", advanced=True, requires_daemon_restart=True),
    Option("logging.alembic_loglevel", _ADVANCED, "WARNING", "Lowest level of messages of `alembic`.", advanced=True, requires_daemon_restart=True),
    Option("logging.sqlalchemy_loglevel", _ADVANCED, "WARNING", "Lowest level of messages of `sqlalchemy`.", advanced=True, requires_daemon_restart=True),
    Option("logging.circus_loglevel", _ADVANCED, "INFO", "Lowest level of messages of the daemon's supervisor.", advanced=True, requires_daemon_restart=True),
    Option("logging.aiopika_loglevel", _ADVANCED, "WARNING", "Lowest level of messages of `aio_pika`.", advanced=True, requires_daemon_restart=True),
    Option("warnings.showdeprecations", _BOOL, True, "Whether to warn about what will go away."),
    Option("warnings.rabbitmq_version", _BOOL, True, "Whether to warn about versions of RabbitMQ with known problems."),
    Option("transport.task_retry_initial_interval", _INT, 20, "Seconds before something that failed for now is tried again; doubled each time.", requires_daemon_restart=True),
    Option("transport.task_maximum_attempts", _INT, 5, "Number of attempts before the process is paused.", requires_daemon_restart=True),
    Option("broker.task_timeout", _INT, 10, "Seconds to wait for the message broker.", requires_daemon_restart=True),
    Option("rmq.task_timeout", _INT, 10, "Old name of `broker.task_timeout`.", requires_daemon_restart=True, deprecated_by="broker.task_timeout"),
    Option("storage.sandbox", _STR_OR_NONE, None, "Folder for temporary files, by absolute path; the system's own if not set."),
    Option("caching.default_enabled", _BOOL, False, "Whether results are reused where nothing else is said.", requires_daemon_restart=True),
    Option("caching.enabled_for", _STRS, [], "Entry points or import paths (with `*`) of processes whose results are reused.", requires_daemon_restart=True, validators=(_check_patterns,)),
    Option("caching.disabled_for", _STRS, [], "Entry points or import paths (with `*`) of processes whose results are not reused.", requires_daemon_restart=True, validators=(_check_patterns,)),
    Option("autofill.user.email", _STR_OR_NONE, None, "Email of the user of a new profile.", global_only=True),
    Option("autofill.user.first_name", _STR_OR_NONE, None, "First name of the user of a new profile.", global_only=True),
    Option("autofill.user.last_name", _STR_OR_NONE, None, "Last name of the user of a new profile.", global_only=True),
    Option("autofill.user.institution", _STR_OR_NONE, None, "Institution of the user of a new profile.", global_only=True),
    Option("rest_api.profile_switching", _BOOL, False, "Whether requests to the REST API may name a profile.", global_only=True),
    Option("warnings.development_version", _BOOL, True, "Whether to warn about a development version.", global_only=True),
)  # fmt: skip
OPTIONS: dict[str, Option] = {option.name: option for option in _TABLE}


def get_option_names() -> list[str]:
    """Return the names of all options."""
    return list(OPTIONS)


def get_option(name: str) -> Option:
    """Return an option; `ConfigurationError` if there is none of this name."""
    try:
        return OPTIONS[name]
    except KeyError:
        raise ConfigurationError(f"the option {name} does not exist: `verdi config list` shows those that do") from None


def resolve_deprecated_option_name(option_name: str, stacklevel: int = 4) -> str:
    """Return the present name of an option, with a warning if it was an old one."""
    option = get_option(option_name)
    if option.deprecated_by is None:
        return option_name
    warn_deprecation(
        f"`{option_name}` is deprecated, use `{option.deprecated_by}` instead.", version=3, stacklevel=stacklevel
    )
    return option.deprecated_by


def parse_option(option_name: str, option_value: Any) -> tuple[Option, Any]:
    """Return the option and the value as its type."""
    option = get_option(option_name)
    return option, option.validate(option_value)
