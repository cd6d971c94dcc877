"""RabbitMQ as a doorbell: workers on several machines hear each other through a fan-out exchange."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, {"RabbitmqBroker": "aiida.brokers.rabbitmq.broker"})
