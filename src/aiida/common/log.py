"""Loggers, the level REPORT, and how they are configured from options. (Touches the world: process-global logging.)

REPORT (23) lies between INFO and WARNING: what a work chain says to its user. The console handler writes to standard error.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from importlib import import_module
from typing import Any, cast

from aiida.common.slots import current_settings
from aiida.common.typing import FilePath

__all__ = ("AIIDA_LOGGER", "LOG_LEVELS", "LOG_LEVEL_REPORT", "configure_logging", "override_log_level")

LOG_LEVEL_REPORT = 23
logging.addLevelName(LOG_LEVEL_REPORT, "REPORT")

LOG_LEVELS: dict[str, int] = {
    "NOTSET": logging.NOTSET,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "REPORT": LOG_LEVEL_REPORT,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
}


class LogLevels(str, Enum):  # noqa: UP042 - its text is that of an Enum, as configurations show it
    """Names of levels, as options take them."""

    NOTSET = "NOTSET"
    DEBUG = "DEBUG"
    INFO = "INFO"
    REPORT = "REPORT"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class AdvancedLogLevels(str, Enum):  # noqa: UP042
    """Names of levels for single packages; INHERIT takes the level above."""

    NOTSET = "NOTSET"
    DEBUG = "DEBUG"
    INFO = "INFO"
    REPORT = "REPORT"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"
    INHERIT = "INHERIT"


class AiidaLoggerType(logging.Logger):
    """A logger with `report`."""

    def report(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Log at level REPORT."""
        report(self, msg, *args, **kwargs)


def report(self: logging.Logger, msg: str, *args: Any, **kwargs: Any) -> None:
    """Log at level REPORT."""
    if self.isEnabledFor(LOG_LEVEL_REPORT):
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1  # the record names our caller, not this file
        self._log(LOG_LEVEL_REPORT, msg, args, **kwargs)


def _adapter_report(self: logging.LoggerAdapter[Any], msg: str, *args: Any, **kwargs: Any) -> None:
    kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
    self.log(LOG_LEVEL_REPORT, msg, *args, **kwargs)


# Loggers of this name space exist before us (tests make them), and libraries set their own logger class: so the method goes
# onto the common base.
logging.Logger.report = report  # type: ignore[attr-defined]
logging.LoggerAdapter.report = _adapter_report  # type: ignore[attr-defined]

AIIDA_LOGGER: AiidaLoggerType = cast(AiidaLoggerType, logging.getLogger("aiida"))

# Set by the command line while a command runs; its level wins over the options of the profile.
CLI_ACTIVE: bool | None = None
CLI_LOG_LEVEL: str | None = None

# Logger → option that sets its level.
_LOGGERS: dict[str, str] = {
    "aiida": "logging.aiida_core_loglevel",
    "verdi": "logging.verdi_loglevel",
    "disk_objectstore": "logging.disk_objectstore_loglevel",
    "plumpy": "logging.plumpy_loglevel",
    "kiwipy": "logging.kiwipy_loglevel",
    "paramiko": "logging.paramiko_loglevel",
    "alembic": "logging.alembic_loglevel",
    "aio_pika": "logging.aiopika_loglevel",
    "sqlalchemy": "logging.sqlalchemy_loglevel",
    "circus": "logging.circus_loglevel",
}

_FORMATS: dict[str, dict[str, Any]] = {
    "verbose": {"format": "%(levelname)s %(asctime)s %(module)s %(process)d %(thread)d %(message)s"},
    "halfverbose": {
        "format": "%(asctime)s <%(process)d> %(name)s: [%(levelname)s] %(message)s",
        "datefmt": "%m/%d/%Y %I:%M:%S %p",
    },
}

# Test fixtures switch this on, so that pytest's `caplog` sees what is logged; otherwise handlers of the root logger would repeat it.
PROPAGATE = False

_DAEMON_LOG_BYTES = 10 * 1024 * 1024
_DAEMON_LOG_FILES = 10


class ConsoleHandler(logging.Handler):
    """Writes to what is standard error *now*: notebooks and tests exchange it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def _option(name: str) -> Any:
    settings = current_settings.get_or_none()
    return None if settings is None else settings.get(name)


def _level(option: str) -> str:
    """Return the level that holds for a logger: of the command line, of its option, or of the `aiida` logger."""
    # `verdi -v debug` asks for our words; those of SQLAlchemy and others would bury them, they have options of their own.
    is_ours = option in (_LOGGERS["aiida"], _LOGGERS["verdi"], "logging.terminal_handler")
    level = CLI_LOG_LEVEL if CLI_ACTIVE and CLI_LOG_LEVEL and is_ours else _option(option)
    if level in (None, "INHERIT"):
        level = _option("logging.aiida_loglevel")
    return getattr(level, "value", level) or "REPORT"


def get_logging_config() -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`, with options read now."""
    formatters: dict[str, dict[str, Any]] = {name: dict(value) for name, value in _FORMATS.items()}
    handlers: dict[str, dict[str, Any]] = {
        "console": {
            "class": "aiida.common.log.ConsoleHandler",
            "formatter": "halfverbose",
            "level": _level("logging.terminal_handler"),
        },
    }
    loggers: dict[str, dict[str, Any]] = {
        name: {"handlers": ["console"], "level": _level(option), "propagate": PROPAGATE and name == "aiida"}
        for name, option in _LOGGERS.items()
        if name != "verdi"
    }
    loggers["py.warnings"] = {"handlers": ["console"]}
    if CLI_ACTIVE:
        # The command line brings handlers of its own; they are named, not imported, as they live above.
        formatters["cli"] = {"class": "aiida.cmdline.utils.log.CliFormatter"}
        handlers["cli"] = {"class": "aiida.cmdline.utils.log.CliHandler", "formatter": "cli"}
        loggers["verdi"] = {"handlers": ["cli"], "level": _level("logging.verdi_loglevel"), "propagate": False}
        loggers["aiida"]["handlers"] = ["cli"]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formatters,
        "handlers": handlers,
        "loggers": loggers,
    }


def _add_daemon_handler(config: dict[str, Any], path: FilePath) -> None:
    config["handlers"]["daemon_log_file"] = {
        "class": "logging.handlers.RotatingFileHandler",
        "formatter": "halfverbose",
        "filename": str(path),
        "encoding": "utf8",
        "maxBytes": _DAEMON_LOG_BYTES,
        "backupCount": _DAEMON_LOG_FILES,
    }
    for logger in config["loggers"].values():
        # A worker has no terminal: what it would print there belongs in the file.
        logger["handlers"] = ["daemon_log_file"]


def configure_logging(with_orm: bool = False, daemon: bool = False, daemon_log_file: FilePath | None = None) -> None:
    """Configure all loggers from the options of the profile.

    `with_orm` adds the handler that keeps what is said about a node in the database; `daemon` writes to a file instead of the
    terminal.
    """
    config = get_logging_config()
    if daemon:
        if daemon_log_file is None:
            raise ValueError("a log file is needed to configure logging for the daemon: pass `daemon_log_file`")
        _add_daemon_handler(config, daemon_log_file)
    if with_orm:
        config["handlers"]["db_logger"] = {
            "class": "aiida.orm.utils.log.DBLogHandler",
            "level": _option("logging.database_handler") or "REPORT",
        }
        config["loggers"]["aiida"]["handlers"].append("db_logger")
    _apply(config)


# What an entry of the configuration says beside the arguments of its class.
_NOT_ARGUMENTS = ("class", "formatter", "level")


def _apply(config: dict[str, Any]) -> None:
    """Do what `logging.config.dictConfig` would: importing that module costs more than the rest of this one."""
    formatters = {name: _make_formatter(entry) for name, entry in config["formatters"].items()}
    handlers = {name: _make_handler(entry, formatters) for name, entry in config["handlers"].items()}
    for name, entry in config["loggers"].items():
        logger = logging.getLogger(name)
        for old in logger.handlers[:]:
            if getattr(old, "_made_by_aiida", False):
                logger.removeHandler(old)
                old.close()
        for handler in entry["handlers"]:
            logger.addHandler(handlers[handler])
        if "level" in entry:
            logger.setLevel(entry["level"])
        logger.propagate = entry.get("propagate", True)


def _find_class(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _make_formatter(entry: dict[str, Any]) -> logging.Formatter:
    formatter: logging.Formatter = _find_class(entry.get("class", "logging.Formatter"))(
        entry.get("format"), entry.get("datefmt")
    )
    return formatter


def _make_handler(entry: dict[str, Any], formatters: dict[str, logging.Formatter]) -> logging.Handler:
    arguments = {key: value for key, value in entry.items() if key not in _NOT_ARGUMENTS}
    handler: logging.Handler = _find_class(entry["class"])(**arguments)
    if "formatter" in entry:
        handler.setFormatter(formatters[entry["formatter"]])
    if "level" in entry:
        handler.setLevel(entry["level"])
    # Handlers that others have put on our loggers (tests, notebooks) stay where they are.
    handler._made_by_aiida = True  # type: ignore[attr-defined]
    return handler


def evaluate_logging_configuration(dictionary: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a copy in which every callable is replaced by what it returns."""
    return {
        key: evaluate_logging_configuration(value)
        if isinstance(value, Mapping)
        else value()
        if callable(value)
        else value
        for key, value in dictionary.items()
    }


@contextmanager
def override_log_level(level: int = logging.CRITICAL) -> Iterator[None]:
    """Within the context, nothing below `level` is logged by anybody."""
    before = logging.root.manager.disable
    logging.disable(level)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def capture_logging(logger: logging.Logger = AIIDA_LOGGER) -> Iterator[io.StringIO]:
    """Within the context, what the logger logs is written to the stream that is given."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        yield stream
    finally:
        logger.removeHandler(handler)
