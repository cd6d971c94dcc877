"""The pool: one connection per login, polite openings, a breaker that closes by itself; on a clock of our own."""

from __future__ import annotations

import asyncio
import random

import pytest

from aiida.common.clock import ManualClock
from aiida.transports.errors import Refused, Unreachable, classify
from aiida.transports.plugins.local import LocalTransport
from aiida.transports.pool import LONGEST_DELAY, TransportPool


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
    return TransportPool(clock=clock, jitter=random.Random(1))


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


async def test_a_machine_that_is_away_is_not_knocked_at_by_everyone():
    machine, clock = Machine(), PatientClock()
    pool = pool_on(clock)
    machine.failing = ConnectionRefusedError("refused")
    tries = 0

    async def attempt():
        nonlocal tries
        with pytest.raises(Unreachable) as caught:
            await use(pool, machine)
        return caught.value.retry_after

    first = await attempt()
    seen = machine.get_transport
    calls = []
    machine.get_transport = lambda: calls.append(1) or seen()
    for _ in range(100):
        assert await attempt() <= first
    assert calls == []  # refused at once, without a try
    delays = [first]
    for _ in range(12):
        clock.advance(delays[-1] + 1)
        delays.append(await attempt())
    assert len(calls) == 12 and delays[1] > first and max(delays) <= LONGEST_DELAY * 1.2
    machine.failing = None
    clock.advance(LONGEST_DELAY * 2)
    assert await use(pool, machine)
    assert pool.state(machine).failures == 0
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
