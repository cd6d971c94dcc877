"""The pool: one connection per login, polite openings, a breaker that closes by itself; on a clock of our own."""

from __future__ import annotations

import asyncio

import pytest

from aiida.common.clock import ManualClock
from aiida.transports.errors import Refused, Unreachable, classify
from aiida.transports.plugins.local import LocalTransport
from aiida.transports.pool import TransportPool


class Machine:
    """Counts openings, and fails them when told to."""

    pk = 5

    def __init__(self, interval=0.0):
        self.opened, self.failing, self.interval = 0, None, interval

    def get_transport(self):
        machine = self

        class Transport(LocalTransport):
            def open(self):
                if machine.failing is not None:
                    raise machine.failing
                machine.opened += 1
                return super().open()

        return Transport(machine="localhost", safe_interval=self.interval)


class PatientClock(ManualClock):
    """Remembers for how long one had to wait."""

    def __init__(self):
        super().__init__()
        self.waited = []

    async def wait(self, seconds):
        self.waited.append(seconds)
        self.advance(seconds)


def pool_on(clock):
    return TransportPool(clock=clock)


async def use(pool, machine):
    async with pool.transport(machine) as transport:
        return transport.is_open


async def test_all_share_one_connection():
    machine, pool = Machine(), pool_on(PatientClock())
    assert all(await asyncio.gather(*(use(pool, machine) for _ in range(20))))
    assert machine.opened == 1
    await pool.close()


async def test_the_next_opening_waits_for_the_safe_interval():
    machine, clock = Machine(interval=15.0), PatientClock()
    pool = pool_on(clock)
    await use(pool, machine)
    pool.state(machine).broken = True
    clock.advance(4)
    await use(pool, machine)
    assert machine.opened == 2 and clock.waited == [11.0]
    await pool.close()


async def test_many_who_ask_at_once_make_one_attempt_and_share_its_failure():
    """When to try again is no business of the pool: the engine decides it once for all workers."""
    machine, pool = Machine(), pool_on(PatientClock())
    machine.failing = ConnectionRefusedError("refused")
    seen, calls = machine.get_transport, []
    machine.get_transport = lambda: calls.append(1) or seen()
    failures = await asyncio.gather(*(use(pool, machine) for _ in range(50)), return_exceptions=True)
    assert all(isinstance(failure, Unreachable) and str(failure) == "refused" for failure in failures)
    assert len(calls) == 1 and len(set(map(id, failures))) == 50
    with pytest.raises(Unreachable):
        await use(pool, machine)
    assert len(calls) == 2  # whoever asks afterwards tries
    machine.failing = None
    assert await use(pool, machine)
    await pool.close()


async def test_a_refusal_is_told_at_once_each_time():
    machine, pool = Machine(), pool_on(PatientClock())
    machine.failing = Refused("no key")
    for _ in range(2):
        with pytest.raises(Refused):
            await use(pool, machine)
    machine.failing = None
    assert await use(pool, machine)
    await pool.close()


async def test_a_connection_that_broke_is_replaced():
    machine, pool = Machine(), pool_on(PatientClock())
    with pytest.raises(ConnectionResetError):
        async with pool.transport(machine):
            raise ConnectionResetError("cut")
    await use(pool, machine)
    assert machine.opened == 2
    with pytest.raises(FileNotFoundError):
        async with pool.transport(machine):
            raise FileNotFoundError("a file")  # not the connection's fault
    await use(pool, machine)
    assert machine.opened == 2
    await pool.close()


@pytest.mark.parametrize(
    "error, temporary, unreachable",
    [
        (Unreachable("x"), True, True),
        (Refused("x"), False, False),
        (TimeoutError("x"), True, True),
        (ConnectionResetError("x"), True, True),
        (FileNotFoundError(2, "x"), False, False),
        (PermissionError(13, "x"), False, False),
        (OSError(28, "No space left on device"), False, False),
        (OSError(122, "Disk quota exceeded"), False, False),
        (OSError(116, "Stale file handle"), True, False),
        (OSError("the tool said something"), True, False),
        (ValueError("a mistake"), False, False),
    ],
)
def test_each_failure_is_one_kind(error, temporary, unreachable):
    failure = classify(error)
    assert (failure.temporary, failure.unreachable) == (temporary, unreachable)


def test_a_full_disk_says_what_to_do():
    assert "make space" in classify(OSError(28, "No space left on device")).reason
