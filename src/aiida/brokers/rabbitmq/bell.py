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
LAST_WORD = 1.0  # seconds that closing waits for a ring to leave: a script that submits and ends should be heard
THREAD = "radames-bell"
#: loggers of the client library, which tell every failed attempt with its traceback; the bell says once what it means
CHATTY = ("aiormq.connection", "aiormq.channel", "aio_pika.connection", "aio_pika.channel")


def is_not_of_a_bell(record: logging.LogRecord) -> bool:
    """Return whether a log record comes from another thread than a bell's: other users of the library keep their messages."""
    return record.threadName != THREAD


for name in CHATTY:
    logging.getLogger(name).addFilter(is_not_of_a_bell)


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
        self._pending = False  # a ring is on its way to the thread
        self._asked = asyncio.Event()
        self._said = threading.Event()  # every ring has left
        self._said.set()
        self._away = False  # the last attempt to reach the server failed
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
        self._thread.start()

    def ring(self) -> None:
        """Ask the thread to publish; several rings before it comes to that are one; so are those of an outage, when it is over."""
        if self._closed.is_set() or self._pending:
            return
        self._pending = True
        self._said.clear()
        with contextlib.suppress(RuntimeError):  # the loop has just been closed
            self._loop.call_soon_threadsafe(self._asked.set)

    def wait(self, timeout: float) -> bool:
        """Return True as soon as a message came since the last wait."""
        if not self._listening:
            self._listening = True
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._reconnect)
        if not self._rung.wait(timeout):
            return False  # and nothing is cleared: who rings at this very moment is heard by the next wait
        self._rung.clear()
        return True

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
        if not self._away:
            self._said.wait(LAST_WORD)
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
        while not self._closed.is_set():
            self._task = asyncio.ensure_future(self._connect_and_listen())
            try:
                await self._task
            except asyncio.CancelledError:
                continue
            except Exception as exception:
                if not self._away:
                    LOGGER.warning(
                        "RabbitMQ does not answer (%s); workers look by themselves until it does", type(exception).__name__
                    )
                self._away = True
            finally:
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
            speaker = asyncio.ensure_future(self._speak(exchange))
            self._away = False
            self._ready.set()
            try:
                await lost.wait()
            finally:
                speaker.cancel()

    async def _hear(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        self._rung.set()

    async def _speak(self, exchange: aio_pika.abc.AbstractExchange) -> None:
        """One message at a time, however many rings: what is rung while one is under way is one more."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            self._pending = False  # before the message: a ring from now on needs another one
            message = aio_pika.Message(b"!", expiration=1, delivery_mode=aio_pika.DeliveryMode.NOT_PERSISTENT)
            try:
                await exchange.publish(message, routing_key="", mandatory=False, timeout=2)
            except Exception as exception:
                LOGGER.debug("a ring was lost: %s", exception)
            if not self._pending:
                self._said.set()
