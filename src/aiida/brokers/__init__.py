"""Doorbells: hints that something is ready, never the truth.

A bell may ring twice or not at all: who is ready to run is a query on the database, and a worker looks by itself every
few seconds. So no process is lost when a message is, and no service is needed to start.
"""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "Broker": "aiida.brokers.broker",
        "Doorbell": "aiida.brokers.doorbell",
        "LocalBell": "aiida.brokers.local",
        "PollingBell": "aiida.brokers.polling",
        "RabbitmqBroker": "aiida.brokers.rabbitmq.broker",
        "ZeromqBroker": "aiida.brokers.zeromq.broker",
    },
)
