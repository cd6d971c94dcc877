"""Where a RabbitMQ server usually listens."""

from __future__ import annotations

from typing import Any

BROKER_DEFAULTS: dict[str, Any] = {
    "protocol": "amqp",
    "username": "guest",
    "password": "guest",
    "host": "127.0.0.1",
    "port": 5672,
    "virtual_host": "",
    "heartbeat": 600,
}
