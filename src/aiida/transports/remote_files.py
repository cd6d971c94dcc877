"""Files of another machine through a shell there: every operation is one command, trees are streams of tar.

A back end gives three ways to run a command: with bytes in and out, fed from a local descriptor, drained into one. What it can do
faster by other means (SFTP) it overrides.
"""

from __future__ import annotations

import abc
import asyncio
import os
import stat
import tarfile
import threading
from collections.abc import Callable
from typing import Any

from .errors import TransportFailure
from .paths import quote
from .util import FileAttribute

__all__ = ("RemoteFiles",)

_STAT = "%f %s %u %g %X %Y"


class RemoteFiles(abc.ABC):
    """File operations over commands."""

    # --- what a back end gives -----------------------------------------------------------------------------------------------

    @property
    @abc.abstractmethod
    def is_open(self) -> bool:
        """Whether the connection is up."""

    @abc.abstractmethod
    async def open(self) -> None:
        """Connect."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Disconnect."""

    @abc.abstractmethod
    async def run(self, command: str, stdin: bytes = b"", timeout: float | None = None) -> tuple[int, bytes, bytes]:
        """Run a command of the remote user's shell."""

    @abc.abstractmethod
    async def feed(self, command: str, source: int) -> tuple[int, bytes]:
        """Run a command that reads what comes from a local descriptor, which is closed at the end."""

    @abc.abstractmethod
    async def drain(self, command: str, target: int) -> tuple[int, bytes]:
        """Run a command whose output goes to a local descriptor, which is closed at the end."""

    @abc.abstractmethod
    async def start(self, command: str) -> Any:
        """Start a command; its `stdin` is written to, its `stdout` is awaited (`readline`, `readexactly`), both in bytes."""

    # --- operations ------------------------------------------------------------------------------------------------------------

    async def _do(self, command: str, path: str) -> bytes:
        status, out, err = await self.run(command)
        if status != 0:
            raise explain(err, path, status)
        return out

    async def attributes(self, path: str, *, follow: bool) -> FileAttribute | None:
        """Return what `stat` says, None if nothing is there."""
        status, out, err = await self.run(f"stat {'-L ' if follow else ''}-c '{_STAT}' -- {quote(path)}")
        if status != 0:
            error = explain(err, path, status)
            if isinstance(error, (FileNotFoundError, NotADirectoryError)):
                return None
            raise error
        return parse_stat(out.decode())

    async def list_names(self, path: str) -> list[str]:
        """Return the names in a folder; zero bytes divide them, as names may contain anything else."""
        command = f"cd -- {quote(path)} && find . ! -name . -prune -print0"
        out = await self._do(command, path)
        return [os.fsdecode(item[2:]) for item in out.split(b"\0") if item]

    async def make_folder(self, path: str) -> None:
        """Make a folder; its name must be free."""
        await self._do(f"mkdir -- {quote(path)}", path)

    async def make_folders(self, path: str) -> None:
        """Make a folder with its parents; it may be there."""
        await self._do(f"mkdir -p -- {quote(path)}", path)

    async def remove_file(self, path: str) -> None:
        """Remove a file."""
        await self._do(f"rm -- {quote(path)}", path)

    async def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""
        await self._do(f"rmdir -- {quote(path)}", path)

    async def remove_tree(self, path: str) -> None:
        """Remove a folder with all that is in it."""
        await self._do(f"rm -rf -- {quote(path)}", path)

    async def rename(self, old: str, new: str) -> None:
        """Rename; the caller has looked whether the new name is free."""
        await self._do(f"mv -T -- {quote(old)} {quote(new)}", old)

    async def make_link(self, target: str, link: str) -> None:
        """Make a symbolic link; never inside a folder that has the link's name."""
        await self._do(f"ln -s -T -- {quote(target)} {quote(link)}", link)

    async def change_mode(self, path: str, mode: int) -> None:
        """Change the permission bits."""
        await self._do(f"chmod {mode:o} -- {quote(path)}", path)

    async def real_path(self, path: str) -> str:
        """Return the absolute path without links."""
        return os.fsdecode((await self._do(f"realpath -m -z -- {quote(path)}", path)).rstrip(b"\0\n"))

    async def copy_file(self, source: str, target: str, *, dereference: bool) -> None:
        """Copy a file there."""
        await self._do(f"cp -f {'-L' if dereference else '-P'} -p -T -- {quote(source)} {quote(target)}", source)

    async def copy_tree(self, source: str, target: str, *, dereference: bool) -> None:
        """Copy the content of a folder there, merging; a dangling link stays a link."""
        flag = "-L" if dereference else "-P"
        command = f"mkdir -p -- {quote(target)} && cp -R -f {flag} -p -- {quote(source.rstrip('/') + '/.')} {quote(target)}"
        status, _, err = await self.run(command)
        if status != 0 and not (dereference and _only_missing(err)):
            raise explain(err, source, status)

    async def put_file(self, local: str, remote: str) -> None:
        """Copy a local file there, with its mode; a partial file is never under the final name."""
        mode = stat.S_IMODE(os.stat(local).st_mode)
        part = f"{remote}.aiida-part"
        command = f"cat > {quote(part)} && chmod {mode:o} -- {quote(part)} && mv -f -T -- {quote(part)} {quote(remote)}"
        status, err = await self.feed(command, os.open(local, os.O_RDONLY))
        if status != 0:
            raise explain(err, remote, status)

    async def get_file(self, remote: str, local: str) -> None:
        """Copy a file here, with its mode; a partial file is never under the final name."""
        found = await self.attributes(remote, follow=True)
        if found is None:
            raise FileNotFoundError(2, "No such file or directory", remote)
        part = f"{local}.aiida-part"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        status, err = await self.drain(f"cat -- {quote(remote)}", descriptor)
        if status != 0:
            os.unlink(part)
            raise explain(err, remote, status)
        os.chmod(part, stat.S_IMODE(found.st_mode) | 0o200)
        os.replace(part, local)

    async def put_tree(self, local: str, remote: str, *, dereference: bool) -> None:
        """Copy the content of a local folder there, merging."""
        reading, writing = os.pipe()
        packing = _Worker(lambda: _pack(local, writing, dereference=dereference))
        # -o: files belong to whoever unpacks them, also when that is root.
        status, err = await self.feed(f"mkdir -p -- {quote(remote)} && tar -xpof - -C {quote(remote)}", reading)
        await packing.wait()
        if status != 0:
            raise explain(err, remote, status)

    async def get_tree(self, remote: str, local: str, *, dereference: bool) -> None:
        """Copy the content of a folder here, merging."""
        reading, writing = os.pipe()
        os.makedirs(local, exist_ok=True)
        unpacking = _Worker(lambda: _unpack(reading, local))
        status, err = await self.drain(f"tar -c{'h' if dereference else ''}f - -C {quote(remote)} .", writing)
        await unpacking.wait()
        if status != 0 and not (dereference and _only_missing(err)):
            raise explain(err, remote, status)


class _Worker:
    """A thread of its own for the local end of a stream: a shared one could be starved by its own kind and never drain the pipe."""

    def __init__(self, work: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = loop.create_future()

        def run() -> None:
            error: BaseException | None = None
            try:
                work()
            except BaseException as caught:
                error = caught
            loop.call_soon_threadsafe(self._finish, error)

        threading.Thread(target=run, name="aiida-tar", daemon=True).start()

    def _finish(self, error: BaseException | None) -> None:
        if self._done.cancelled():
            return
        if error is None or isinstance(error, BrokenPipeError):
            self._done.set_result(None)  # the other end has more to say about why it stopped reading
        else:
            self._done.set_exception(error)

    async def wait(self) -> None:
        """Wait for the end; raise what went wrong."""
        await self._done


def _pack(folder: str, descriptor: int, *, dereference: bool) -> None:
    with os.fdopen(descriptor, "wb", 1 << 18) as sink:
        with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT, dereference=False) as archive:
            _pack_folder(archive, folder, "", dereference)


def _pack_folder(archive: tarfile.TarFile, folder: str, prefix: str, dereference: bool) -> None:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda item: item.name):
            name = f"{prefix}{entry.name}"
            follow = dereference and entry.is_symlink() and os.path.exists(entry.path)
            path = os.path.realpath(entry.path) if follow else entry.path
            info = archive.gettarinfo(path, arcname=name)
            if info is None:
                continue  # a socket or the like
            if info.islnk():  # tarfile's memory of hard links: send the content
                info.type, info.linkname = tarfile.REGTYPE, ""
                info.size = os.path.getsize(path)
            if info.isreg():
                with open(path, "rb") as handle:
                    archive.addfile(info, handle)
            else:
                archive.addfile(info)
            if info.isdir():
                _pack_folder(archive, path, f"{name}/", dereference)


def _unpack(descriptor: int, folder: str) -> None:
    with os.fdopen(descriptor, "rb", 1 << 18) as source:
        try:
            with tarfile.open(fileobj=source, mode="r|") as archive:
                for member in archive:
                    if member.isdev() or member.isfifo():
                        continue
                    target = os.path.join(folder, member.name)
                    if os.path.lexists(target) and not member.isdir():
                        os.unlink(target)  # never write through a link that lies here
                    archive.extract(member, folder, set_attrs=True, filter="tar")
        except tarfile.ReadError:
            while source.read(1 << 18):  # cut short: the status of the command says why
                pass


def _only_missing(err: bytes) -> bool:
    """Whether all complaints are about links whose target is not there."""
    lines = [line for line in err.decode(errors="replace").splitlines() if line.strip()]
    return bool(lines) and all(
        "No such file" in line or "cannot stat" in line.lower() or "previous errors" in line for line in lines
    )


#: beginnings of what the tools say, and what they mean.
_COMPLAINTS: tuple[tuple[str, type[OSError], int], ...] = (
    ("No such file or directory", FileNotFoundError, 2),
    ("Permission denied", PermissionError, 13),
    ("File exists", FileExistsError, 17),
    ("Not a directory", NotADirectoryError, 20),
    ("Is a directory", IsADirectoryError, 21),
    ("Directory not empty", OSError, 39),
    ("No space left on device", OSError, 28),
    ("Disk quota exceeded", OSError, 122),
    ("Read-only file system", OSError, 30),
    ("File name too long", OSError, 36),
    ("Stale file handle", OSError, 116),
    ("Input/output error", OSError, 5),
)


def explain(err: bytes | str, path: str, status: int) -> OSError | TransportFailure:
    """Return the exception that fits what a tool complained about."""
    text = (err.decode(errors="replace") if isinstance(err, bytes) else err).strip()
    for words, kind, number in _COMPLAINTS:
        if words in text:
            return kind(number, words, path)
    if status == 127:
        return OSError(f"a command is missing on the machine: {text[-500:]}")
    return OSError(f"the operation on {path!r} failed there (exit status {status}): {text[-500:]}")


def parse_stat(text: str) -> FileAttribute:
    """Read the numbers of `stat -c`."""
    mode, size, uid, gid, atime, mtime = text.split()[-6:]
    values: dict[str, Any] = {"st_mode": int(mode, 16), "st_size": int(size), "st_uid": int(uid), "st_gid": int(gid)}
    return FileAttribute({**values, "st_atime": int(atime), "st_mtime": int(mtime)})
