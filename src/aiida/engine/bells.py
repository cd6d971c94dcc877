"""Which bell a profile has: a table."""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

from aiida.brokers.local import LocalBell, find_directory
from aiida.brokers.polling import PollingBell
from aiida.common.exceptions import AiidaException
from aiida.plugins.factories import BrokerFactory

if TYPE_CHECKING:
    from aiida.brokers.doorbell import Doorbell
    from aiida.common.profile import Profile

LOGGER = logging.getLogger("aiida.brokers")


def make_bell(profile: Profile, *, in_memory: bool = False, conninfo: str | None = None) -> Doorbell:
    """Return the bell for a profile.

    :param in_memory: the storage lives in this process alone, so that nobody else can ring.
    :param conninfo: how to reach the profile's PostgreSQL server, if it has one.
    """
    if in_memory:
        return PollingBell()
    broker = profile.process_control_backend
    if broker not in (None, "core.zeromq", "core.polling"):
        try:
            bell: Doorbell = BrokerFactory(broker)(profile).make_bell()
            return bell
        except AiidaException as exception:
            LOGGER.warning("%s. Workers look by themselves meanwhile.", exception)
    if conninfo is not None:
        made: Doorbell = importlib.import_module("aiida.brokers.postgres").PostgresBell(conninfo)
        return made
    return LocalBell(find_directory(profile.uuid))
