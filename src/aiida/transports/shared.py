"""One connection per login for all workers of this machine.

Whoever first needs a login takes its lock (a file that the kernel unlocks when its holder dies), opens the real transport, and serves
its methods on a socket in a folder that only this user can enter. The others call through the socket. Files are read and written by
whoever holds the connection, which is on this machine too, so they do not pass through the socket. When the holder goes, the next
one that needs the login takes its place.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import InvalidOperation

from .errors import TransportFailure, Unreachable
from .pool import TransportPool
from .transport import AsyncTransport, Transport, TransportInternalError, TransportPath
from .wire import pack_error, read_frame, unpack_error, write_frame

if TYPE_CHECKING:
    from .pool import Login

__all__ = ("Meeting", "SharedPool", "SharedTransport", "join", "meeting_folder")

#: seconds to wait for a holder that is opening the connection.
PATIENCE = 150.0
#: the first word of a holder: only then the caller counts as a user of the connection.
_WELCOME = "at your service"
_NOT_SERVED = ("open_async", "close_async", "copy_from_remote_to_remote_async")
_SERVED = tuple(name for name in dir(AsyncTransport) if name.endswith("_async") and name not in _NOT_SERVED)


def meeting_folder() -> str:
    """Return the folder of locks and sockets of this user, made if need be; its path is short, as sockets demand."""
    folder = os.path.join(tempfile.gettempdir(), f"aiida-logins-{os.geteuid()}")
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a folder that only this user can enter: remove it, or set TMPDIR")
    return folder


class Meeting:
    """Where those meet who use one login."""

    def __init__(self, name: str) -> None:
        base = os.path.join(meeting_folder(), hashlib.sha256(name.encode()).hexdigest()[:24])
        self.socket, self._lock = f"{base}.sock", f"{base}.lock"

    def try_lock(self) -> int | None:
        """Take the lock without waiting; the descriptor holds it."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def note_opening(self, descriptor: int) -> float | None:
        """Seconds since the last opening by anybody on this machine (None: never); this one is noted."""
        last = os.pread(descriptor, 32, 0)
        now = time.time()
        os.pwrite(descriptor, f"{now:.3f}\n".ljust(32).encode(), 0)
        with contextlib.suppress(ValueError):
            return max(0.0, now - float(last))
        return None


class _Holder:
    """The real transport, served to others; it stays open as long as anybody uses it."""

    def __init__(self, transport: Transport, meeting: Meeting, descriptor: int) -> None:
        self.transport, self._meeting, self._descriptor = transport, meeting, descriptor
        self.users = 0
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Connect, not sooner after the last time than the machine wants, and begin to serve."""
        try:
            since = self._meeting.note_opening(self._descriptor)
            wait = self.transport.get_safe_open_interval() - since if since is not None else 0.0
            if wait > 0:
                await asyncio.sleep(wait)
                self._meeting.note_opening(self._descriptor)
            await self.transport.__aenter__()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._meeting.socket)
            self._server = await asyncio.start_unix_server(self._serve, self._meeting.socket)
        except BaseException:
            await self.close()
            raise

    async def leave(self) -> None:
        """One user less; the last one closes."""
        self.users -= 1
        if self.users <= 0:
            await self.close()

    async def close(self) -> None:
        """Stop serving, give the login free, disconnect."""
        descriptor, self._descriptor = self._descriptor, -1
        server, self._server = self._server, None
        if server is not None:
            server.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._meeting.socket)
        if descriptor >= 0:
            os.close(descriptor)
        for line in self._lines:
            line.close()
        if self.transport.is_open:
            await self.transport.__aexit__(None, None, None)

    async def check(self) -> None:
        """Nobody uses a connection that broke: give the login free, hang up."""
        if not self.transport.is_open:
            await self.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.check()
        if self._server is None:  # it came as we left: let it find another holder
            writer.close()
            return
        self.users += 1
        self._lines.add(writer)
        calls: set[asyncio.Task[None]] = set()
        write_frame(writer, _WELCOME)
        try:
            while True:
                call = asyncio.create_task(self._answer(writer, *await read_frame(reader)))
                calls.add(call)
                call.add_done_callback(calls.discard)
        except EOFError:
            pass
        finally:
            if calls:
                await asyncio.wait(calls)
            self._lines.discard(writer)
            writer.close()
            await self.leave()

    async def _answer(self, writer: asyncio.StreamWriter, number: int, name: str, args: list[Any], options: dict[str, Any]) -> None:
        try:
            if name not in _SERVED:
                raise ValueError(f"{name} is no method of a transport that is served")
            result = (number, True, await getattr(self.transport, name)(*args, **options))
        except Exception as error:
            result = (number, False, pack_error(error))
        with contextlib.suppress(ConnectionError):
            write_frame(writer, *result)
            await writer.drain()
        if not result[1]:
            await self.check()


class _Caller:
    """The socket of a holder, from the other side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer, self._numbers = writer, 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._listening = asyncio.create_task(self._listen(reader))

    @property
    def is_open(self) -> bool:
        """Whether the holder is there."""
        return not self._listening.done()

    async def call(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Call a method of the holder's transport."""
        if not self.is_open:
            raise TransportFailure("the worker that held the connection has ended")
        self._numbers += 1
        number, future = self._numbers, asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            write_frame(self._writer, number, name, args, options)
            await self._writer.drain()
            return await future
        finally:
            self._waiting.pop(number, None)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                number, is_good, value = await read_frame(reader)
                future = self._waiting.get(number)
                if future is None or future.done():
                    continue
                if is_good:
                    future.set_result(value)
                else:
                    future.set_exception(unpack_error(value))
        except EOFError:
            pass
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(TransportFailure("the worker that held the connection ended meanwhile: the result is not known"))
            self._writer.close()

    async def close(self) -> None:
        """Hang up."""
        self._listening.cancel()
        await asyncio.wait([self._listening])


def _forwarding(name: str) -> Callable[..., Any]:
    async def method(self: SharedTransport, *args: Any, **options: Any) -> Any:
        return await self._forward(name, *args, **options)

    method.__name__ = method.__qualname__ = name
    return method


#: all methods that are served, each forwarded to where the connection is.
_Forwarded: Any = abc.ABCMeta("_Forwarded", (AsyncTransport,), {name: _forwarding(name) for name in _SERVED})


class SharedTransport(_Forwarded):  # type: ignore[misc]
    """A transport over the one connection of its login; the first to open it on this machine holds the connection."""

    def __init__(self, make: Callable[[], Transport], meeting: Meeting, *, holds: bool = True) -> None:
        super().__init__()
        self._make, self._meeting, self._holds = make, meeting, holds
        self._template = make()
        self.hostname = self._template.hostname
        self._use_login_shell = self._template._use_login_shell
        self._safe_open_interval = 0.0  # kept by whoever holds the connection, for all
        self._holder: _Holder | None = None
        self._caller: _Caller | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_template" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self._template if self._holder is None else self._holder.transport, name)

    def __str__(self) -> str:
        return f"{self._template} (shared)"

    @property
    def is_open(self) -> bool:
        """Whether the connection is up, wherever it is held."""
        if self._holder is not None:
            return self._holder.transport.is_open
        return self._caller is not None and self._caller.is_open

    @property
    def is_holder(self) -> bool:
        """Whether the connection is held here."""
        return self._holder is not None

    async def open_async(self) -> SharedTransport:
        """Use the connection that somebody holds, or hold one."""
        if self.is_open:
            raise InvalidOperation("Cannot open the transport twice")
        self._loop = asyncio.get_running_loop()
        self._holder = self._caller = None
        end = time.monotonic() + PATIENCE
        while True:
            descriptor = self._meeting.try_lock()
            if descriptor is not None and not self._holds:
                os.close(descriptor)
                return await self._open_alone()
            if descriptor is not None:
                holder = _Holder(self._make(), self._meeting, descriptor)
                await holder.open()
                holder.users += 1
                self._holder = holder
                return self
            with contextlib.suppress(OSError, EOFError):
                reader, writer = await asyncio.open_unix_connection(self._meeting.socket)
                if await read_frame(reader) == [_WELCOME]:
                    self._caller = _Caller(reader, writer)
                    return self
            if time.monotonic() > end:
                raise Unreachable(f"another worker has tried for {PATIENCE:.0f} s to connect to {self._template.hostname}")
            await asyncio.sleep(0.1)

    async def _open_alone(self) -> SharedTransport:
        """Nobody holds a connection, and who only looks does not begin to."""
        holder = _Holder(self._make(), self._meeting, -1)
        await holder.transport.__aenter__()
        holder.users += 1
        self._holder = holder
        return self

    async def close_async(self) -> None:
        """Stop using the connection."""
        holder, caller, self._holder, self._caller = self._holder, self._caller, None, None
        if holder is not None:
            await holder.leave()
        if caller is not None:
            await caller.close()

    def gotocomputer_command(self, remotedir: TransportPath | None = None) -> str:
        """Return the command line that opens a shell there."""
        return self._template.gotocomputer_command(remotedir)

    async def _forward(self, name: str, *args: Any, **options: Any) -> Any:
        if self._holder is not None:
            try:
                return await getattr(self._holder.transport, name)(*args, **options)
            except Exception:
                await self._holder.check()
                raise
        if self._caller is not None:
            return _as_promised(name, await self._caller.call(name, args, options))
        raise TransportInternalError(f"the transport to {self._template.hostname} is used without being open: enter its context first")

    async def copy_from_remote_to_remote_async(
        self, transportdestination: Transport, remotesource: TransportPath, remotedestination: TransportPath, **kwargs: Any
    ) -> None:
        """Copy from here to another machine, over a temporary folder on this one."""
        options = {key: value for key, value in kwargs.items() if key in ("dereference", "ignore_nonexisting")}
        with tempfile.TemporaryDirectory(prefix="aiida-copy-") as folder:
            await self.get_async(remotesource, folder, **options)
            for name in sorted(os.listdir(folder)):
                await transportdestination.put_async(os.path.join(folder, name), remotedestination)


def _as_promised(name: str, value: Any) -> Any:
    """Tuples come out of the socket as lists."""
    return tuple(value) if name == "exec_command_wait_async" else value



class _SharedLogin:
    """A login whose transports share one connection."""

    def __init__(self, login: Any, scope: str, *, holds: bool = True) -> None:
        self.pk: int | None = login.pk
        self._login, self._scope, self._holds = login, scope, holds

    def get_transport(self) -> Transport:
        """Return a new, closed transport; one that needs no connection is left as it is."""
        made: Transport = self._login.get_transport()
        if not getattr(made, "shares_connection", False):
            return made
        settings = repr(sorted(self._login.get_auth_params().items()))
        meeting = Meeting(f"{self._scope}:{self.pk}:{made.hostname}:{settings}")
        return SharedTransport(self._login.get_transport, meeting, holds=self._holds)


class SharedPool(TransportPool):
    """A pool whose connections are those of all workers of a profile on this machine (`scope` names the profile)."""

    def __init__(self, scope: str, **options: Any) -> None:
        super().__init__(**options)
        self._scope = scope

    @contextlib.asynccontextmanager
    async def transport(self, authinfo: Login) -> AsyncIterator[Transport]:
        """Yield the open transport of a login."""
        async with super().transport(_SharedLogin(authinfo, self._scope)) as opened:
            yield opened


def join(authinfo: Any, scope: str) -> Transport:
    """Return a closed transport for a look: over the connection that a worker holds, else over one of its own."""
    return _SharedLogin(authinfo, scope, holds=False).get_transport()
