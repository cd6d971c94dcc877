"""Reports of work chains are log entries here as in a loaded profile."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from aiida.orm.utils.log import DBLogHandler


@pytest.fixture(autouse=True)
def database_log() -> Iterator[None]:
    """Log entries of nodes go to the database; nothing goes to the terminal."""
    logger = logging.getLogger("aiida")
    handler, level, propagate = DBLogHandler(), logger.level, logger.propagate
    others = [one for one in logger.handlers if isinstance(one, DBLogHandler)]  # of a profile that another test loaded
    for one in others:
        logger.removeHandler(one)
    logger.addHandler(handler)
    logger.setLevel(23)
    yield
    logger.removeHandler(handler)
    logger.setLevel(level)
    logger.propagate = propagate
    for one in others:
        logger.addHandler(one)
