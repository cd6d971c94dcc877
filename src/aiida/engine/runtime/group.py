"""Group commit: what came of the steps of several processes is written in one transaction (PROTOCOL §11).

SQLite lets one write at a time, and every commit waits for the disk: two workers would stand in each other's way, and one in its
own. So a worker runs one step of each process that it has claimed, and commits what came of them together, before any of
them goes on. Each write begins with its own fence, as ever. Whatever goes wrong with one of them undoes all; then each is
written by itself, with all the care that a write alone gets. Riders are not grouped: user code waits for them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from aiida.common.exceptions import UnreachableStorage
from aiida.engine.runtime import write
from aiida.engine.runtime.environment import Environment
from aiida.engine.runtime.live import Live

MOST = 32
OLDEST = 0.025  # seconds that the result of a step may wait for those of others
AWAY = "commit"

Then = Callable[[], bool]
Member = tuple[Live, write.Write[Any], Then]


class Group:
    """The writes of one worker that wait for each other."""

    def __init__(self, env: Environment, go_on: Callable[[Live, Then], None]) -> None:
        self._env = env
        self._go_on = go_on  # has a thread for user code call what comes after the commit
        self._members: list[Member] = []
        self._since = 0.0
        self._guard = threading.Lock()

    def __len__(self) -> int:
        return len(self._members)

    @property
    def is_due(self) -> bool:
        """It is full, or somebody has waited for long enough."""
        return bool(self._members) and (len(self._members) >= MOST or time.monotonic() - self._since > OLDEST)

    def add(self, live: Live, wanted: write.Write[Any], then: Then) -> None:
        """Write it with the others; `then` says afterwards whether the process may go on."""
        live.away = AWAY
        with self._guard:
            if not self._members:
                self._since = time.monotonic()
            self._members.append((live, wanted, then))

    def flush(self) -> None:
        """Commit, from any thread; nobody's user code runs here."""
        with self._guard:
            members, self._members = self._members, []
        if not members:
            return
        members.sort(key=lambda member: member[0].pk)  # R4, and no two threads wait for each other's processes
        outcome = self._write(members)
        for live, wanted, then in members:
            self._go_on(live, then if outcome is None else _alone(self._env, wanted, then, outcome))

    def _write(self, members: list[Member]) -> Exception | None:
        """All in one transaction, or the reason why not."""
        with ExitStack() as locks:
            for live, _, _ in members:
                locks.enter_context(live.lock)
            try:
                for live, _, _ in members:
                    write.check_owned(live)
                results = write.transact(
                    self._env, lambda tx: [wanted.work(tx) for _, wanted, _ in members], repeatable=False
                )
            except Exception as error:  # of one of them, and it will show whose it is
                return error
            for (_, wanted, _), result in zip(members, results, strict=True):
                wanted.done(result)
        return None


def _alone(env: Environment, wanted: write.Write[Any], then: Then, error: Exception) -> Then:
    """What a write alone does, as if it had not been tried yet; or as if its reply had been lost, which may be so."""

    def commit() -> bool:
        write.commit(env, wanted, unknown=isinstance(error, UnreachableStorage))
        return then()

    return commit
