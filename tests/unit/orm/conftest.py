"""A store of its own for the tests of the objects users hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from aiida.common.slots import current_settings, current_store
from aiida.storage.sqlite_temp.backend import SqliteTempBackend


@pytest.fixture(scope="module")
def backend() -> Iterator[Any]:
    """A temporary store."""
    store = SqliteTempBackend(SqliteTempBackend.create_profile("orm"))
    yield store
    store.close()


@pytest.fixture(autouse=True)
def current(backend: Any) -> Iterator[Any]:
    """Make it the current one."""
    with current_store.override(backend):
        yield backend


class CachingSettings:
    """Settings that switch caching on."""

    def get(self, option_name: str) -> Any:
        return None

    def get_profile(self, name: str | None = None) -> Any:
        raise NotImplementedError

    def use_cache(self, identifier: str | None) -> bool:
        return True


@pytest.fixture
def caching() -> Any:
    """A context manager that switches caching on."""

    @contextmanager
    def on() -> Iterator[None]:
        with current_settings.override(CachingSettings()):
            yield

    return on


class Statements:
    """Counts what the driver is asked to execute."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __len__(self) -> int:
        return len(self.seen)


@pytest.fixture
def count_statements(backend: Any) -> Any:
    """A context manager that gives the statements executed in it, transactions' BEGIN and COMMIT left out."""
    import sqlalchemy as sa

    @contextmanager
    def counting() -> Iterator[Statements]:
        statements = Statements()

        def note(conn: Any, cursor: Any, statement: str, *args: Any) -> None:
            if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
                statements.seen.append(statement)

        with backend.reading() as connection:
            engine = connection.engine
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)

    return counting
