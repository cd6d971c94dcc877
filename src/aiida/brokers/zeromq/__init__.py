"""Profiles that name the broker `core.zeromq` hear through the local bell: no service is started for them."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__, {"ZeromqBroker": "aiida.brokers.zeromq.broker", "ZmqBroker": "aiida.brokers.zeromq.broker"}
)
