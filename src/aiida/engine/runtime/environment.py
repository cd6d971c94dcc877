"""What the runtime is given: store, bell, clock, settings, dice, and a way to make a pool of transports. One frozen value."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiida.brokers.doorbell import Doorbell
from aiida.brokers.polling import PollingBell
from aiida.common.clock import Clock, system_clock
from aiida.journal.retry import FOREVER, Policy

if TYPE_CHECKING:
    from aiida.common.slots import Settings
    from aiida.storage.store import Store
    from aiida.transports.pool import TransportPool

__all__ = ("Doorbell", "Environment")


@dataclass(frozen=True)
class Environment:
    """Ports to the outside; tests give others."""

    store: Store
    settings: Settings
    bell: Doorbell = field(default_factory=PollingBell)
    clock: Clock = system_clock
    dice: Callable[[], float] = random.random
    make_pool: Callable[[], TransportPool] | None = None

    def option(self, name: str, default: Any) -> Any:
        """A configuration option, or the default where the table does not know it."""
        try:
            value = self.settings.get(name)
        except Exception:
            return default
        return default if value is None else value

    def policy(self, effect: str) -> Policy:
        """How often an effect is tried: transports by the options that AiiDA has for them."""
        if effect == "import":
            return FOREVER
        return Policy(
            attempts=int(self.option("transport.task_maximum_attempts", 5)),
            initial=float(self.option("transport.task_retry_initial_interval", 20)),
        )
