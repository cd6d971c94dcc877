"""Logging as the options say."""

import io
import logging
import sys

import pytest

from aiida.common import log
from aiida.common.slots import current_settings


class Settings(dict):
    DEFAULTS = {
        "logging.aiida_loglevel": "REPORT",
        "logging.terminal_handler": "REPORT",
        "logging.database_handler": "REPORT",
    }

    def get(self, name):
        return dict.get(self, name, self.DEFAULTS.get(name, "INHERIT"))


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    loggers = {name: logging.getLogger(name) for name in [*log._LOGGERS, "py.warnings"]}
    before = {name: (logger.level, logger.propagate, logger.handlers[:]) for name, logger in loggers.items()}
    monkeypatch.setattr(log, "CLI_ACTIVE", None)
    monkeypatch.setattr(log, "CLI_LOG_LEVEL", None)
    monkeypatch.setattr(log, "PROPAGATE", False)
    yield
    for name, logger in loggers.items():
        logger.level, logger.propagate, logger.handlers = before[name]
        logger.manager._clear_cache()


@pytest.fixture
def options():
    settings = Settings()
    with current_settings.override(settings):
        yield settings


def configured(**kwargs):
    log.configure_logging(**kwargs)
    return [handler for handler in logging.getLogger("aiida").handlers if getattr(handler, "_made_by_aiida", False)]


def test_defaults(options):
    (console,) = configured()
    logger = logging.getLogger("aiida")
    assert (logger.level, console.level, logger.propagate) == (23, 23, False)
    assert logging.getLogger("plumpy").level == 23


def test_levels(options):
    options["logging.aiida_loglevel"] = "INFO"
    options["logging.aiida_core_loglevel"] = "DEBUG"
    options["logging.terminal_handler"] = "ERROR"
    options["logging.sqlalchemy_loglevel"] = "WARNING"
    (console,) = configured()
    assert (logging.getLogger("aiida").level, console.level) == (10, 40)
    assert (logging.getLogger("plumpy").level, logging.getLogger("sqlalchemy").level) == (20, 30)


def test_configuring_again_replaces_our_handlers_and_leaves_those_of_others(options):
    mine = logging.NullHandler()
    logging.getLogger("aiida").addHandler(mine)
    configured()
    assert len(configured()) == 1
    assert mine in logging.getLogger("aiida").handlers


def test_console_writes_to_the_standard_error_of_the_moment(options, monkeypatch):
    configured()
    for _ in range(2):
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        logging.getLogger("aiida.some").report("hello")
        assert sys.stderr.getvalue().endswith("aiida.some: [REPORT] hello\n")


def test_command_line(options, monkeypatch):
    monkeypatch.setattr(log, "CLI_ACTIVE", True)
    monkeypatch.setattr(log, "CLI_LOG_LEVEL", "DEBUG")
    (handler,) = configured()
    assert type(handler).__name__ == "CliHandler"
    assert logging.getLogger("verdi").level == logging.getLogger("aiida").level == 10


def test_daemon(options, tmp_path):
    path = tmp_path / "daemon.log"
    configured(daemon=True, daemon_log_file=path)
    logging.getLogger("aiida.engine").report("from a worker")
    logging.getLogger("sqlalchemy").error("from a library")
    text = path.read_text()
    assert "from a worker" in text and "from a library" in text
    with pytest.raises(ValueError, match="daemon_log_file"):
        configured(daemon=True)


def test_database_handler(options):
    options["logging.database_handler"] = "WARNING"
    console, database = configured(with_orm=True)
    assert (type(database).__name__, database.level) == ("DBLogHandler", logging.WARNING)
