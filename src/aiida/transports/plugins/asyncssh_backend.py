"""The connection by asyncssh: commands over channels of one connection, files over SFTP."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncssh

from aiida.transports.errors import Refused, TransportFailure, Unreachable
from aiida.transports.paths import quote
from aiida.transports.remote_files import RemoteFiles, explain
from aiida.transports.util import FileAttribute

__all__ = ("MOST_CHANNELS", "AsyncSshFiles", "translate")

T = TypeVar("T")

#: up to so many files a tree is sent file by file; starting a shell and tar for less costs more than it saves.
_FEW = 16

#: tries to write some bytes in the nearest folder that exists.
_PROBE = (
    "d={path}; while ! [ -d \"$d\" ]; do d=$(dirname -- \"$d\"); done; "
    "f=$(mktemp -- \"$d/.aiida-probe-XXXXXX\") || exit 1; head -c 65536 /dev/zero > \"$f\"; s=$?; rm -f -- \"$f\"; exit $s"
)

#: servers allow ten sessions per connection (MaxSessions): two are login shells, one is SFTP.
MOST_CHANNELS = 6

#: seconds between tries to open a channel.
_PATIENCE = (0.02, 0.05, 0.1, 0.3, 1.0, 3.0)

#: seconds between signs of life, and how many may stay unanswered before the connection counts as lost.
KEEPALIVE, UNANSWERED = 15, 4


class AsyncSshFiles(RemoteFiles):
    """One asyncssh connection with its SFTP session."""

    def __init__(self, host: str, options: dict[str, Any], *, channels: int = 8, prepare: Callable[[], Awaitable[None]] | None = None) -> None:
        self._host = host
        self._options = options
        self._channels = asyncio.Semaphore(channels)  # servers allow few channels per connection (MaxSessions 10)
        self._prepare = prepare
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None
        self._sftp_lock = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the connection is up."""
        return self._connection is not None and not self._connection.is_closed()

    async def open(self) -> None:
        """Connect."""
        if self._prepare is not None:
            await self._prepare()
        try:
            self._connection = await asyncssh.connect(self._host, **self._with_defaults())
        except (OSError, asyncssh.Error, ValueError) as error:
            raise translate(error, self._host) from error

    def _with_defaults(self) -> dict[str, Any]:
        """Signs of life and patience: what the user's configuration says (`ServerAliveInterval` ...), else ours."""
        settings = asyncssh.SSHClientConnectionOptions(host=self._host, **self._options)
        options = dict(self._options)
        if not settings.keepalive_interval:
            options |= {"keepalive_interval": KEEPALIVE, "keepalive_count_max": UNANSWERED}
        if settings.connect_timeout is None:
            options["connect_timeout"] = 60
        return options

    async def close(self) -> None:
        """Disconnect."""
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is not None:
            connection.close()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.wait_closed(), 5)

    def _live(self) -> asyncssh.SSHClientConnection:
        if self._connection is None or self._connection.is_closed():
            raise ConnectionResetError(f"the connection to {self._host} is closed")
        return self._connection

    async def _session(self) -> asyncssh.SFTPClient:
        async with self._sftp_lock:
            if self._sftp is None:
                self._sftp = await self._call("sftp", self._live().start_sftp_client(path_errors="surrogateescape"))
            return self._sftp

    async def _call(self, path: str, awaitable: Awaitable[T]) -> T:
        try:
            return await awaitable
        except (OSError, asyncssh.Error) as error:
            raise translate(error, path) from error

    async def _write(self, path: str, awaitable: Awaitable[T]) -> T:
        """Await what writes at `path`. SFTP has one word for every other failure; then the shell is asked for the reason."""
        try:
            return await awaitable
        except asyncssh.SFTPFailure as error:
            raise await self._reason(path) or translate(error, path) from error
        except (OSError, asyncssh.Error) as error:
            raise translate(error, path) from error

    async def _reason(self, path: str) -> OSError | None:
        """Why nothing can be written where `path` is: the disk is full, a quota is used up, it is read-only."""
        status, _, err = await self.run(_PROBE.format(path=quote(path)))
        found = explain(err, path, status) if status else None
        return found if isinstance(found, OSError) and found.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS) else None

    # --- commands ----------------------------------------------------------------------------------------------------------------

    async def run(self, command: str, stdin: bytes = b"", timeout: float | None = None) -> tuple[int, bytes, bytes]:
        """Run a command."""
        async with self._channels:
            try:
                process = await self._channel(command)
                done = await self._talk(process, stdin, timeout)
            except asyncssh.TimeoutError as error:
                raise TimeoutError(f"the command took longer than {timeout} s: {command[:200]}") from error
            except (OSError, asyncssh.Error) as error:
                raise translate(error, self._host) from error
        return self._status(done), _bytes(done.stdout), _bytes(done.stderr)

    async def _channel(self, command: str, **ends: Any) -> asyncssh.SSHClientProcess[bytes]:
        """Open a channel. A server counts one that has just been closed for a moment longer than we do: then try again."""
        words: Any = os.fsencode(command)  # names in it need not be UTF-8
        for delay in _PATIENCE:
            try:
                return await self._live().create_process(words, encoding=None, **ends)
            except asyncssh.ChannelOpenError:
                await asyncio.sleep(delay)
        return await self._live().create_process(words, encoding=None, **ends)

    @staticmethod
    async def _talk(process: asyncssh.SSHClientProcess[bytes], stdin: bytes, timeout: float | None) -> Any:
        async with process:
            if stdin:
                process.stdin.write(stdin)
            process.stdin.write_eof()
            return await process.wait(timeout=timeout)

    def _status(self, done: Any) -> int:
        if done.exit_status is None:
            if done.exit_signal is not None:
                return 128
            raise ConnectionResetError(f"the connection to {self._host} was lost while a command ran: its result is not known")
        return int(done.exit_status)

    async def start(self, command: str) -> Any:
        """Start a command."""
        try:
            return await self._channel(command)
        except (OSError, asyncssh.Error) as error:
            raise translate(error, self._host) from error

    async def feed(self, command: str, source: int) -> tuple[int, bytes]:
        """Run a command that reads from a descriptor."""
        return await self._stream(command, stdin=os.fdopen(source, "rb", 0))

    async def drain(self, command: str, target: int) -> tuple[int, bytes]:
        """Run a command that writes to a descriptor."""
        return await self._stream(command, stdout=os.fdopen(target, "wb", 0))

    async def _stream(self, command: str, **ends: Any) -> tuple[int, bytes]:
        async with self._channels:
            try:
                process = await self._channel(command, **ends)
                done = await process.wait()
            except (OSError, asyncssh.Error) as error:
                raise translate(error, self._host) from error
            finally:
                for end in ends.values():
                    with contextlib.suppress(OSError):
                        end.close()
        return self._status(done), _bytes(done.stderr)

    # --- files by SFTP ---------------------------------------------------------------------------------------------------------------

    async def attributes(self, path: str, *, follow: bool) -> FileAttribute | None:
        """Return what `stat` says."""
        sftp = await self._session()
        try:
            found = await self._call(path, sftp.stat(path) if follow else sftp.lstat(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return read_attributes(found)

    async def list_names(self, path: str) -> list[str]:
        """Return the names in a folder."""
        sftp = await self._session()
        names = await self._call(path, sftp.listdir(os.fsencode(path)))
        return [os.fsdecode(name) for name in names if name not in (b".", b"..", ".", "..")]

    async def make_folder(self, path: str) -> None:
        """Make a folder; its name must be free."""
        sftp = await self._session()
        try:
            await self._write(path, sftp.mkdir(path))
        except OSError as error:
            # SFTP calls a name that is taken a failure like any other.
            if not isinstance(error, FileNotFoundError) and await self.attributes(path, follow=False) is not None:
                raise FileExistsError(17, "File exists", path) from error
            raise

    async def make_folders(self, path: str) -> None:
        """Make a folder with its parents."""
        sftp = await self._session()
        try:
            await self._write(path, sftp.makedirs(path, exist_ok=True))
        except OSError as error:
            found = await self.attributes(path, follow=True)
            if found is None or not stat.S_ISDIR(found.st_mode):
                raise error

    async def remove_file(self, path: str) -> None:
        """Remove a file."""
        sftp = await self._session()
        await self._call(path, sftp.remove(path))

    async def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""
        sftp = await self._session()
        await self._call(path, sftp.rmdir(path))

    async def rename(self, old: str, new: str) -> None:
        """Rename."""
        sftp = await self._session()
        await self._call(old, sftp.rename(old, new))

    async def make_link(self, target: str, link: str) -> None:
        """Make a symbolic link."""
        sftp = await self._session()
        try:
            await self._write(link, sftp.symlink(target, link))
        except OSError as error:
            if await self.attributes(link, follow=False) is not None:
                raise FileExistsError(17, "File exists", link) from error
            raise

    async def change_mode(self, path: str, mode: int) -> None:
        """Change the permission bits."""
        sftp = await self._session()
        await self._call(path, sftp.chmod(path, mode))

    async def real_path(self, path: str) -> str:
        """Return the absolute path without links."""
        sftp = await self._session()
        return str(await self._call(path, sftp.realpath(path)))

    async def put_file(self, local: str, remote: str) -> None:
        """Copy a local file there, with its mode."""
        sftp = await self._session()
        part = f"{remote}.aiida-part" if os.path.getsize(local) > 1 << 20 else remote
        await self._write(remote, sftp.put(local, part, preserve=False, follow_symlinks=True, sparse=False))
        await self._call(remote, sftp.chmod(part, stat.S_IMODE(os.stat(local).st_mode)))
        if part != remote:
            await self._call(remote, sftp.posix_rename(part, remote))

    async def get_file(self, remote: str, local: str) -> None:
        """Copy a file here, with its mode."""
        sftp = await self._session()
        part = f"{local}.aiida-part"
        try:
            # `preserve` brings the mode along with the reading; without permission to write, nobody could replace the file here.
            await self._call(remote, sftp.get(remote, part, preserve=True, follow_symlinks=True, sparse=False))
            os.chmod(part, stat.S_IMODE(os.stat(part).st_mode) | 0o200)
            os.replace(part, local)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)

    async def put_tree(self, local: str, remote: str, *, dereference: bool) -> None:
        """Copy the content of a local folder there, merging: few files one by one, many as a stream."""
        few = _few_plain_files(local)
        if few is None:
            await super().put_tree(local, remote, dereference=dereference)
            return
        folders, files = few
        await self.make_folders(remote)
        for folder in folders:
            await self.make_folders(os.path.join(remote, folder))
        await asyncio.gather(*(self.put_file(os.path.join(local, name), os.path.join(remote, name)) for name in files))


def _few_plain_files(folder: str) -> tuple[list[str], list[str]] | None:
    """Return the relative folders and files, or None when they are many or some are links."""
    folders: list[str] = []
    files: list[str] = []
    for root, names, found in os.walk(folder):
        for name in (*names, *found):
            path = os.path.join(root, name)
            if os.path.islink(path):
                return None
            (folders if os.path.isdir(path) else files).append(os.path.relpath(path, folder))
        if len(files) + len(folders) > _FEW:
            return None
    return folders, files


def read_attributes(found: asyncssh.SFTPAttrs) -> FileAttribute:
    """Return SFTP's attributes in our form."""
    return FileAttribute(
        {
            "st_mode": found.permissions or 0,
            "st_size": found.size or 0,
            "st_uid": found.uid if found.uid is not None else -1,
            "st_gid": found.gid if found.gid is not None else -1,
            "st_atime": found.atime or 0,
            "st_mtime": found.mtime or 0,
        }
    )


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else (value or "").encode()


_SFTP: tuple[tuple[type[Exception], type[OSError], int, str], ...] = (
    (asyncssh.SFTPNoSuchFile, FileNotFoundError, 2, "No such file or directory"),
    (asyncssh.SFTPNoSuchPath, FileNotFoundError, 2, "No such file or directory"),
    (asyncssh.SFTPPermissionDenied, PermissionError, 13, "Permission denied"),
    (asyncssh.SFTPFileAlreadyExists, FileExistsError, 17, "File exists"),
    (asyncssh.SFTPNotADirectory, NotADirectoryError, 20, "Not a directory"),
    (asyncssh.SFTPFileIsADirectory, IsADirectoryError, 21, "Is a directory"),
    (asyncssh.SFTPDirNotEmpty, OSError, 39, "Directory not empty"),
    (asyncssh.SFTPNoSpaceOnFilesystem, OSError, 28, "No space left on device"),
    (asyncssh.SFTPQuotaExceeded, OSError, 122, "Disk quota exceeded"),
    (asyncssh.SFTPWriteProtect, OSError, 30, "Read-only file system"),
)


def translate(error: Exception, what: str) -> Exception:
    """Return the exception of ours for one of asyncssh: what happened, to what, and whether time can heal it."""
    if isinstance(error, TransportFailure):
        return error
    for theirs, ours, number, words in _SFTP:
        if isinstance(error, theirs):
            return ours(number, words, what)
    if isinstance(error, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection):
        return ConnectionResetError(f"the connection was lost: {error}")
    if isinstance(error, asyncssh.SFTPError):
        return OSError(f"{what}: {error.reason or error}")
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return Refused(
            f"the host key of {what} is not known or has changed: if that is expected, connect once with `ssh {what}` "
            f"(or remove the old key with `ssh-keygen -R {what}`) and try again ({error})"
        )
    if isinstance(error, asyncssh.PermissionDenied):
        return Refused(
            f"{what} refused all keys that were offered: check the user name and that the public key is in its "
            f"`~/.ssh/authorized_keys` ({error})"
        )
    if isinstance(error, asyncssh.ChannelOpenError):
        return TransportFailure(f"{what} opens no further channel on this connection: {error}")
    if isinstance(error, asyncssh.DisconnectError):
        return ConnectionResetError(f"the connection to {what} was closed: {error}")
    if isinstance(error, socket.gaierror):
        if error.errno in (socket.EAI_AGAIN,):
            return Unreachable(f"the name {what} cannot be looked up at the moment: {error}")
        return Refused(f"there is no host named {what}: check the computer's hostname ({error})")
    if isinstance(error, asyncssh.KeyImportError | asyncssh.ConfigParseError | ValueError):
        return Refused(f"the settings for {what} cannot be used: {error}")
    if isinstance(error, TimeoutError | ConnectionError):
        return Unreachable(f"{what} cannot be reached: {error or type(error).__name__}")
    return error if isinstance(error, OSError) else TransportFailure(f"{what}: {error}")
