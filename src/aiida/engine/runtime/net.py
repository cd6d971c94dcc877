"""The net under a worker: what it holds without having it in hand goes back, and a journal that it cannot read stops nothing else.

Both are defects, or a release that is too old for its database; neither may become a process that stands still for ever under
a worker that lives and beats.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiida.engine.runtime import write
from aiida.storage import journal
from aiida.storage.journal import Claim

if TYPE_CHECKING:
    from aiida.engine.runtime.core import Core

LOGGER = logging.getLogger("aiida.engine.runtime")
AUDIT = 5.0  # seconds between two looks at what bears our id
ASIDE = 60.0  # for so long an unreadable journal is kept from the others, and from us


class Net:
    """What one worker remembers between two looks."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._audited = 0.0
        self._suspects: dict[int, int] = {}  # process -> epoch, in nobody's hands at the last look
        self.aside: dict[int, float] = {}  # process -> until when

    def set_aside(self, claim: Claim, error: Exception) -> None:
        """Keep the lease, so that nobody spins on it; after a while it goes back, perhaps to a newer release."""
        LOGGER.error("process %d is set aside for %.0f s, its journal cannot be read here: %s", claim.process, ASIDE, error)
        self.aside[claim.process] = self._core.env.clock.monotonic() + ASIDE
        status = f"Its journal cannot be read by the worker that claimed it: {type(error).__name__}: {error}"
        write.transact(
            self._core.env,
            lambda tx: self._core.env.store.merge_attributes(claim.process, {"process_status": status[:500]}),
        )

    def look(self) -> list[int]:
        """Every few seconds: give back what was put aside long enough, and what was forgotten. Returns what was forgotten."""
        core = self._core
        now = core.env.clock.monotonic()
        if now - self._audited < AUDIT:
            return []
        self._audited = now
        over = [process for process, until in self.aside.items() if until <= now]
        for process in over:
            del self.aside[process]
        core.give_back(over)
        with core.env.store.reading() as connection:
            claims = journal.adopt(connection, core.worker)
        unheld = {c.process: c.epoch for c in claims if c.rides is None and not self._is_known(c.process)}
        forgotten = [process for process, epoch in unheld.items() if self._suspects.get(process) == epoch]
        self._suspects = unheld
        if forgotten:
            LOGGER.error("a defect of the engine: processes %s were claimed and in nobody's hands; given back", forgotten)
            core.give_back(forgotten)
            core.ring()
        return forgotten

    def _is_known(self, process: int) -> bool:
        core = self._core
        return process in core.held or process in core.stranded or process in self.aside
