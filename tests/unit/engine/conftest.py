"""An engine over a temporary store, without a profile: what the slots hold is made here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aiida.brokers.polling import PollingBell
from aiida.common.slots import current_engine, current_settings, current_store
from aiida.engine.runtime.environment import Environment
from aiida.engine.runtime.inline import InlineEngine
from aiida.engine.runtime.worker import Worker
from aiida.orm.utils.log import DBLogHandler
from aiida.storage.sqlite_temp.backend import SqliteTempBackend
from aiida.transports.pool import TransportPool


class Settings:
    """Options: what a test sets, else the defaults of the code."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.caching = False

    def get(self, name: str) -> Any:
        return self.values.get(name)

    def use_cache(self, identifier: str | None) -> bool:
        return self.caching


@pytest.fixture
def settings() -> Iterator[Settings]:
    made = Settings()
    with current_settings.override(made):  # type: ignore[arg-type]
        yield made


@pytest.fixture
def store(settings: Settings) -> Iterator[Any]:
    backend = SqliteTempBackend(SqliteTempBackend.create_profile("engine"))
    with current_store.override(backend):
        yield backend
    backend.close()


@pytest.fixture
def env(store: Any, settings: Settings) -> Environment:
    return Environment(store=store, settings=settings, bell=PollingBell(), make_pool=TransportPool)  # type: ignore[arg-type]


@pytest.fixture
def engine(env: Environment) -> Iterator[InlineEngine]:
    logger = logging.getLogger("aiida")
    # A profile loaded by other tests of the session has put one there already: two would write every line twice.
    handler, level = DBLogHandler(), logger.level
    others = [one for one in logger.handlers if isinstance(one, DBLogHandler)]
    for other in others:
        logger.removeHandler(other)
    logger.addHandler(handler)
    logger.setLevel(23)
    made = InlineEngine(env)
    with current_engine.override(made):
        yield made
    made.close()
    logger.removeHandler(handler)
    for other in others:
        logger.addHandler(other)
    logger.setLevel(level)


@pytest.fixture
def worker(engine: InlineEngine, env: Environment, settings: Settings) -> Iterator[Callable[[], None]]:
    """Call it: a worker runs on this thread until nothing is ready."""
    made = Worker(env.store, settings, env=env, threads=0, kind="test")  # type: ignore[arg-type]
    yield made.run_until_idle
    made.close()
