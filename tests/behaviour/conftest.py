"""What the behaviour tests of processes stand on: a bare store without engine, and a loaded profile with one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from aiida.common.slots import current_engine, current_store
from aiida.storage.sqlite_temp.backend import SqliteTempBackend


@pytest.fixture(scope="session")
def bare_backend() -> Iterator[Any]:
    """One temporary store for all tests of the session."""
    backend = SqliteTempBackend(SqliteTempBackend.create_profile("bare"))
    yield backend
    backend.close()


@pytest.fixture
def bare_store(bare_backend: Any) -> Iterator[Any]:
    """Make the temporary store the current one; no engine stands behind it."""
    with current_store.override(bare_backend), current_engine.override(None):  # type: ignore[arg-type]
        yield bare_backend


@pytest.fixture(scope="session")
def engine_session_profile() -> Any:
    """A temporary profile for all tests that need an engine."""
    return SqliteTempBackend.create_profile("behaviour")


@pytest.fixture
def engine(engine_session_profile: Any) -> Iterator[Any]:
    """Load that profile; give the manager's runner."""
    from aiida.manage import get_manager
    from aiida.manage.configuration import get_config, load_profile

    config = get_config(create=True)
    if engine_session_profile.name not in config.profile_names:
        config.add_profile(engine_session_profile)
    load_profile(engine_session_profile, allow_switch=True)
    yield get_manager().get_runner()


@pytest.fixture
def logs(engine: Any) -> Any:
    """Give the messages of a node's log."""
    from aiida import orm

    return lambda node: [log.message for log in orm.Log.collection.get_logs_for(node)]
