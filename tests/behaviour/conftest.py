"""A store for the behaviour of process classes, which need no engine and no loaded profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from aiida.common.slots import current_store
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
    with current_store.override(bare_backend):
        yield bare_backend
