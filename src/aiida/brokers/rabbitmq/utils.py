"""The server's address as a URL, and the names of exchanges and queues."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from aiida.brokers.rabbitmq.defaults import BROKER_DEFAULTS


def get_rmq_url(
    protocol: str | None = None,
    username: str | None = None,
    password: str | None = None,
    host: str | None = None,
    port: int | str | None = None,
    virtual_host: str | None = None,
    **kwargs: Any,
) -> str:
    """Return the URL; what is not given has its usual value. It holds the password: not for logs."""
    scheme = _value("protocol", protocol)
    if scheme not in ("amqp", "amqps"):
        raise ValueError(f"the broker protocol `{scheme}` is not known: use amqp or amqps")
    user, secret = quote(str(_value("username", username)), safe=""), quote(str(_value("password", password)), safe="")
    path = str(_value("virtual_host", virtual_host))
    path = path if path.startswith("/") else "/" + path
    query = urlencode({"heartbeat": kwargs.pop("heartbeat", BROKER_DEFAULTS["heartbeat"]), **kwargs})
    return f"{scheme}://{user}:{secret}@{_value('host', host)}:{_value('port', port)}{path}?{query}"


def _value(name: str, given: Any) -> Any:
    return BROKER_DEFAULTS[name] if given is None else given


def get_launch_queue_name(prefix: str | None = None) -> str:
    """Return the name of the queue that AiiDA's own engine uses."""
    return f"{prefix}.process.queue" if prefix else "process.queue"


def get_message_exchange_name(prefix: str) -> str:
    """Return the name of the exchange for messages."""
    return f"{prefix}.messages"


def get_task_exchange_name(prefix: str) -> str:
    """Return the name of the exchange for tasks."""
    return f"{prefix}.tasks"


def get_bell_exchange_name(prefix: str) -> str:
    """Return the name of the exchange that our bell rings through; it is not one of AiiDA's."""
    return f"{prefix}.radames.bell"
