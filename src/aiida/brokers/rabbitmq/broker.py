"""The broker `core.rabbitmq`."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiida.brokers.broker import Broker, BrokerServiceStatus
from aiida.brokers.rabbitmq.defaults import BROKER_DEFAULTS
from aiida.brokers.rabbitmq.utils import get_bell_exchange_name, get_rmq_url
from aiida.common.exceptions import ConfigurationError

if TYPE_CHECKING:
    from aiida.brokers.doorbell import Doorbell

#: how a client of AMQP 0-9-1 begins, and the type of the frame with which a server answers
GREETING, METHOD_FRAME = b"AMQP\x00\x00\x09\x01", b"\x01"
KEYS = ("protocol", "username", "password", "host", "port", "virtual_host")


class RabbitmqBroker(Broker):
    """Carried by a RabbitMQ server, which may be away at any time."""

    @classmethod
    def get_default_config(cls) -> dict[str, Any]:
        return {f"broker_{key}": BROKER_DEFAULTS[key] for key in KEYS}

    @classmethod
    def get_detected_config(cls, get_value: Callable[[str], Any]) -> dict[str, Any]:
        return {f"broker_{key}": BROKER_DEFAULTS[key] if (v := get_value(key)) is None else v for key in KEYS}

    def make_bell(self) -> Doorbell:
        try:
            module = importlib.import_module("aiida.brokers.rabbitmq.bell")  # needs the optional package aio-pika
        except ImportError:
            raise ConfigurationError(
                f"profile `{self._profile.name}` names the broker core.rabbitmq, which needs the package aio-pika: "
                "`pip install radames[rabbitmq]`"
            ) from None
        bell: Doorbell = module.RabbitmqBell(self.get_url(), get_bell_exchange_name(f"aiida-{self._profile.uuid}"))
        return bell

    def get_url(self, redact_credentials: bool = False) -> str:
        """Return the server's URL, without its secrets if so asked."""
        config = self._get_config()
        if redact_credentials:
            config |= {"username": "***", "password": "***"}
        parameters = dict(self._profile.process_control_config.get("broker_parameters") or {})
        return get_rmq_url(**config, **parameters)

    def probe_service_status(self) -> BrokerServiceStatus:
        config = BROKER_DEFAULTS | self._get_config()
        host, port = config["host"], int(config["port"])
        try:
            with socket.create_connection((host, port), timeout=2) as client:
                if config["protocol"] == "amqp":  # under TLS a handshake comes first; that somebody listens must do
                    client.sendall(GREETING)
                    if client.recv(1) != METHOD_FRAME:
                        raise OSError("what listens there does not speak AMQP")
                return BrokerServiceStatus(True, f"RabbitMQ answers at {host}:{port}")
        except OSError as exception:
            return BrokerServiceStatus(
                False, f"RabbitMQ does not answer at {host}:{port} ({exception}); nothing is lost, workers poll the database"
            )

    def close(self) -> None:
        """Nothing is held: bells are closed by who made them."""

    def _get_config(self) -> dict[str, Any]:
        config = self._profile.process_control_config
        return {key: config[f"broker_{key}"] for key in KEYS if config.get(f"broker_{key}") is not None}
