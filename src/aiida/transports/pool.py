"""One connection per login for everything that an engine does there; opened politely, kept, and opened again when it breaks.

The pool decides nothing about when to try again: that is one decision for all workers, in the engine's row of the login. It only
sees to it that many who ask at once make one attempt, and share its failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiida.common.clock import Clock, SystemClock

from .errors import Unreachable, classify
from .transport import Transport

__all__ = ("LoginState", "TransportPool")

LOGGER = logging.getLogger("aiida.transport.pool")


class Login(Protocol):
    """What the pool needs of an AuthInfo."""

    pk: int | None

    def get_transport(self) -> Transport:
        """Return a new, closed transport."""


@dataclass
class LoginState:
    """What the pool knows about one login."""

    transport: Transport | None = None
    users: int = 0
    broken: bool = False
    tries: int = 0
    failure: Exception | None = None
    reason: str = ""
    opened_at: float | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    closing: asyncio.TimerHandle | None = None
    loop: asyncio.AbstractEventLoop | None = None


class TransportPool:
    """Hands out open transports, one per login."""

    def __init__(self, *, clock: Clock | None = None, idle: float = 60.0) -> None:
        self._clock = clock or SystemClock()
        self._idle = idle
        self._logins: dict[Any, LoginState] = {}
        self._closers: set[asyncio.Task[None]] = set()

    def state(self, authinfo: Login) -> LoginState | None:
        """Return what is known about a login."""
        return self._logins.get(_key(authinfo))

    @contextlib.asynccontextmanager
    async def transport(self, authinfo: Login) -> AsyncIterator[Transport]:
        """Yield the open transport of a login; raise `Unreachable` while there is none to be had."""
        login = self._login(authinfo)
        transport = await self._acquire(login, authinfo)
        try:
            yield transport
        except BaseException as error:
            if isinstance(error, Exception) and classify(error).unreachable and login.transport is transport:
                login.broken = True  # the next request opens a new connection; those in flight fail by themselves
                login.reason = str(error)
            raise
        finally:
            self._release(login, transport)

    def _login(self, authinfo: Login) -> LoginState:
        loop = asyncio.get_running_loop()
        login = self._logins.get(_key(authinfo))
        if login is None or login.loop is not loop:
            login = self._logins[_key(authinfo)] = LoginState(loop=loop)
        return login

    async def _acquire(self, login: LoginState, authinfo: Login) -> Transport:
        if login.closing is not None:
            login.closing.cancel()
            login.closing = None
        if login.transport is None or login.broken or not login.transport.is_open:
            seen = login.tries
            async with login.lock:
                if login.tries != seen and login.failure is not None:
                    raise _again(login.failure)  # of the try for which we waited
                if login.transport is None or login.broken or not login.transport.is_open:
                    await self._drop(login)
                    login.transport = await self._open(login, authinfo)
                    login.broken = False
        login.users += 1
        return login.transport

    def _make(self, authinfo: Login) -> Transport:
        """A new, closed transport."""
        return authinfo.get_transport()

    async def _open(self, login: LoginState, authinfo: Login) -> Transport:
        transport = self._make(authinfo)
        if login.opened_at is not None:
            wait = login.opened_at + transport.get_safe_open_interval() - self._clock.monotonic()
            if wait > 0:
                await self._clock.wait(wait)
        login.opened_at = self._clock.monotonic()
        try:
            await transport.__aenter__()
        except Exception as error:
            failure = classify(error)
            login.failure, login.reason = error, failure.reason
            if not failure.temporary or isinstance(error, Unreachable):
                raise
            login.failure = Unreachable(failure.reason)
            raise login.failure from error
        else:
            login.failure, login.reason = None, ""
            return transport
        finally:
            login.tries += 1

    async def _drop(self, login: LoginState) -> None:
        """Forget a connection that is broken or closed."""
        transport, login.transport = login.transport, None
        if transport is not None and transport.is_open:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(transport.close_async(), 5)

    def _release(self, login: LoginState, transport: Transport) -> None:
        login.users = max(0, login.users - 1)
        if login.users == 0 and login.loop is not None and login.loop.is_running() and transport is login.transport:
            login.closing = login.loop.call_later(self._idle, self._close_idle, login)

    def _close_idle(self, login: LoginState) -> None:
        if login.users or login.loop is None:
            return
        task = login.loop.create_task(self._drop(login))
        self._closers.add(task)
        task.add_done_callback(self._closers.discard)

    async def close(self) -> None:
        """Close all connections; those in use fail where they stand."""
        logins, self._logins = list(self._logins.values()), {}
        for login in logins:
            if login.closing is not None:
                login.closing.cancel()
            await self._drop(login)


def _key(authinfo: Login) -> Any:
    return authinfo.pk if authinfo.pk is not None else id(authinfo)


def _again(failure: Exception) -> Exception:
    """The same failure for another caller; a traceback belongs to one."""
    try:
        made = type(failure)(*failure.args)
    except TypeError:
        return failure
    made.__cause__ = failure
    return made
