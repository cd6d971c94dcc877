"""The bell over AMQP: one fan-out exchange a profile, one exclusive queue a listener, messages that live a second.

A thread of its own runs the connection. Rings are thrown over the wall to it, so no commit waits for the network; while
the server is away they are dropped, and the workers look by themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading

import aio_pika

LOGGER = logging.getLogger("aiida.brokers.rabbitmq")
RETRY_AFTER = 2.0


class RabbitmqBell:
    """Reaches every worker that shares the RabbitMQ server."""

    def __init__(self, url: str, exchange: str) -> None:
        self._url = url
        self._exchange_name = exchange
        self._rung = threading.Event()
        self._closed = threading.Event()
        self._ready = threading.Event()
        self._listening = False
        self._loop = asyncio.new_event_loop()
        self._exchange: aio_pika.abc.AbstractExchange | None = None
        self._pending = False
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="radames-bell", daemon=True)
        self._thread.start()

    def ring(self) -> None:
        """Ask the thread to publish; several rings before it comes to that are one."""
        if self._closed.is_set() or self._pending:
            return
        self._pending = True
        with contextlib.suppress(RuntimeError):  # the loop has just been closed
            self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._publish()))

    def wait(self, timeout: float) -> bool:
        """Return True as soon as a message came since the last wait."""
        if not self._listening:
            self._listening = True
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._reconnect)
        rung = self._rung.wait(timeout)
        self._rung.clear()
        return rung

    def wake(self) -> None:
        """End this worker's own wait."""
        self._rung.set()

    def wait_ready(self, timeout: float) -> bool:
        """Return whether the connection stands within ``timeout`` seconds."""
        return self._ready.wait(timeout)

    def close(self) -> None:
        """Leave the server."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._rung.set()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._reconnect)
        self._thread.join(timeout=5)

    def _reconnect(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._keep_connected())
        finally:
            self._loop.close()

    async def _keep_connected(self) -> None:
        warned = False
        while not self._closed.is_set():
            self._task = asyncio.ensure_future(self._connect_and_listen())
            try:
                await self._task
            except asyncio.CancelledError:
                continue
            except Exception as exception:
                if not warned:
                    LOGGER.warning(
                        "RabbitMQ does not answer (%s); workers look by themselves until it does", type(exception).__name__
                    )
                    warned = True
            else:
                warned = False
            finally:
                self._exchange = None
                self._ready.clear()
            for _ in range(20):
                if self._closed.is_set():
                    return
                await asyncio.sleep(RETRY_AFTER / 20)

    async def _connect_and_listen(self) -> None:
        connection = await aio_pika.connect(self._url, timeout=5)
        lost = asyncio.Event()
        connection.close_callbacks.add(lambda *_: lost.set())
        async with connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange(self._exchange_name, aio_pika.ExchangeType.FANOUT, auto_delete=False)
            if self._listening:
                queue = await channel.declare_queue(exclusive=True, auto_delete=True, arguments={"x-max-length": 1})
                await queue.bind(exchange)
                await queue.consume(self._hear, no_ack=True)
                self._rung.set()  # whatever was rung while nobody listened
            self._exchange = exchange
            self._ready.set()
            await lost.wait()

    async def _hear(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        self._rung.set()

    async def _publish(self) -> None:
        self._pending = False
        if self._exchange is None:
            return
        message = aio_pika.Message(b"!", expiration=1, delivery_mode=aio_pika.DeliveryMode.NOT_PERSISTENT)
        try:
            await self._exchange.publish(message, routing_key="", mandatory=False, timeout=2)
        except Exception as exception:
            LOGGER.debug("a ring was lost: %s", exception)
