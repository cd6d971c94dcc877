"""The broker `core.zeromq` as existing profiles name it."""

from __future__ import annotations

from typing import Any

from aiida.brokers.broker import Broker, BrokerServiceStatus
from aiida.brokers.local import LocalBell, find_directory


class ZeromqBroker(Broker):
    """Carried by sockets on this machine, without a server."""

    @classmethod
    def get_default_config(cls) -> dict[str, Any]:
        return {"supervised_by_daemon": True}

    def make_bell(self) -> LocalBell:
        return LocalBell(find_directory(self._profile.uuid))

    def probe_service_status(self) -> BrokerServiceStatus:
        return BrokerServiceStatus(True, "local doorbell: no service is needed")

    def close(self) -> None:
        """Nothing is held."""


ZmqBroker = ZeromqBroker
