"""A worker at rest that others took for dead is registered anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiida.common.profile import Profile
from aiida.engine.runtime.liveness import Liveness
from aiida.storage import journal
from aiida.storage.sqlite_dos.backend import SqliteDosStorage


@pytest.fixture
def shared_store(tmp_path: Path) -> Iterator[Any]:
    """A store in a file: other workers can be there."""
    config = {
        "storage": {"backend": "core.sqlite_dos", "config": {"filepath": str(tmp_path)}},
        "process_control": {"backend": None, "config": {}},
    }
    profile = Profile("renewal", config)
    SqliteDosStorage.initialise(profile)
    store = SqliteDosStorage(profile)
    yield store
    store.close()


def test_renewal(shared_store: Any) -> None:
    liveness = Liveness(shared_store, "inline")
    liveness.renew()
    assert liveness.id == 0  # nobody has asked for it yet
    first = liveness.register()
    liveness.renew()
    assert liveness.id == first
    with shared_store.transaction() as tx:
        assert journal.delete_worker(tx, first)
    lock = liveness._lock
    liveness.renew()
    assert liveness.id != first
    assert lock._fd is None and not lock.path.exists()  # the lock of the dead id is not held for ever
    with shared_store.transaction() as tx:
        assert journal.beat(tx, liveness.id)
    liveness.stop()
