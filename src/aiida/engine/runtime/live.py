"""A process in our hands: the lease, the folded journal, the instance, and what is still to be written."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING, Any

from aiida.journal import events as ev
from aiida.journal.fold import ProcessState, advance
from aiida.storage.journal import Lease

if TYPE_CHECKING:
    from aiida.engine.processes.process import Process
    from aiida.engine.runtime.memo import Memo


class Reload(BaseException):
    """The reply of a commit was lost, and it had been done: what is in memory is stale, the journal is not.

    Not an `Exception`: user code that catches everything must not go on with what the engine has given up.
    """


class Live:
    """One process while this worker holds it, and in the cache after that."""

    __slots__ = (
        "awaiting", "away", "begun", "caller", "deaths", "error", "fresh", "home", "job", "lease", "lock", "lost", "mail", "memo", "owned", "pending", "prepared", "process",
        "result", "riders", "rides", "scratch", "shown", "state", "successor",
    )  # fmt: skip

    def __init__(self, lease: Lease, state: ProcessState, process: Process | None = None) -> None:
        self.lease = lease
        self.state = state
        self.process = process
        self.pending: list[ev.Event] = []  # events that go with the next write: Started, Resumed
        self.lock = threading.RLock()
        self.awaiting = 0
        self.mail = False
        self.owned = True
        self.rides: int | None = None
        self.home: int | None = None
        self.job: str | None = None  # what the poller wrote when it woke this job
        self.caller: int | None = None
        self.successor: Live | None = None  # read again from the journal after a lost reply
        self.lost = False  # taken by another holder: nothing that rides on it or calls it may go on
        self.deaths = 0  # workers lost while holding it since its last event
        self.riders = 0  # processes that ride on this one and have not ended
        self.memo: Memo | None = None
        self.shown: str | None = None  # the place in the outline that the database knows
        self.begun = 0.0  # when user code began; 0: none is running
        self.away = ""  # the effect that is under way on the loop
        self.fresh = False  # the intent to submit is ours and nobody has asked yet
        self.error: BaseException | None = None
        self.result: Any = None
        self.prepared: Any = None  # a job's sandbox between prepare and upload
        self.scratch: Any = None  # a job's folder of temporarily retrieved files

    @property
    def pk(self) -> int:
        """The process."""
        return self.lease.process

    @property
    def position(self) -> dict[str, str]:
        """The place in the outline, as an attribute of the node, if the database does not know it yet."""
        place = None if self.process is None else self.process.node._row.attributes.get("stepper_state_info")
        return {} if place is None or place == self.shown else {"stepper_state_info": place}

    def forget_files(self) -> None:
        """Remove what was retrieved for the parser alone; whoever parses without it fetches it again."""
        scratch, self.scratch = self.scratch, None
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)

    def written(self, events: list[ev.Event]) -> None:
        """The events are committed."""
        for event in events:
            advance(self.state, event)
        self.lease.seq += len(events)

    def __repr__(self) -> str:
        return f"<Live {self.pk}: {self.state.state}, epoch {self.lease.epoch}, seq {self.lease.seq}>"
