"""A file system that notes every write and sync (`python -m tests.durability.powercut MOUNT BACKING LOG`), and disks after a power cut.

What the programs above it see is what a page cache shows. From the notes any moment can be gone back to: the file contents and
the names that were synced by then are on the disk; of what was not, a disk may keep nothing, the names alone, or any part.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

ACK = "/ack"  # a file whose lines say what a user was told; in the same order as everything else
Note = tuple[str, str, str, int, bytes]  # operation, path, other path, offset or size, data
POLICIES = ("dropped", "names", "torn")


class File:
    """A file: what is on the disk, and what was written since."""

    def __init__(self) -> None:
        self.synced = bytearray()
        self.pending: list[tuple[int, bytes | None]] = []

    def sync(self) -> None:
        """Everything written is on the disk."""
        self.synced = self.content(self.pending)
        self.pending = []

    def content(self, writes: list[tuple[int, bytes | None]]) -> bytearray:
        """The disk's content after some of the writes; `None` is a truncation."""
        found = bytearray(self.synced)
        for offset, data in writes:
            if data is None:
                del found[offset:]
                found.extend(bytes(offset - len(found)))
                continue
            found.extend(bytes(max(0, offset - len(found))))
            found[offset : offset + len(data)] = data
        return found


class Disk:
    """Follows the notes; `image` makes the disk as a power cut at this moment leaves it."""

    def __init__(self) -> None:
        self.now: dict[str, File | None] = {}  # names as programs see them; `None` is a folder
        self.names: dict[str, File | None] = {}  # names on the disk
        self.pending: list[tuple[str, str, File | None]] = []  # set or delete, name, file
        self.told: list[str] = []

    def follow(self, note: Note) -> None:
        """One note."""
        kind, path, other, number, data = note
        if path == ACK:
            self.told += data.decode().splitlines() if kind == "write" else []
            return
        file = self.now.get(path)
        if kind in ("create", "mkdir"):
            self._set(path, File() if kind == "create" else None)
        elif kind in ("write", "truncate"):
            assert file is not None, path
            file.pending.append((number, data if kind == "write" else None))
        elif kind == "delete":
            self._delete(path)
        elif kind == "rename":
            for name in [name for name in self.now if name == path or name.startswith(path + "/")]:
                self._set(other + name[len(path) :], self.now[name])
                self._delete(name)
        elif kind == "fsync":
            assert file is not None, path
            file.sync()
        elif kind == "fsyncdir":
            mine = [entry for entry in self.pending if posixpath.dirname(entry[1]) == path]
            self.pending = [entry for entry in self.pending if posixpath.dirname(entry[1]) != path]
            _apply(self.names, mine)

    def sync(self) -> None:
        """Everything is on the disk."""
        for file in self.now.values():
            if file is not None:
                file.sync()
        self.names, self.pending = dict(self.now), []

    def _set(self, path: str, file: File | None) -> None:
        self.now[path] = file
        self.pending.append(("set", path, file))

    def _delete(self, path: str) -> None:
        del self.now[path]
        self.pending.append(("delete", path, None))

    def image(self, folder: Path, policy: str, dice: random.Random) -> None:
        """Write the disk into a folder."""
        names = dict(self.names)
        if policy == "names":
            _apply(names, self.pending)
        elif policy == "torn":
            _apply(names, self.pending[: dice.randint(0, len(self.pending))])
        for path, file in sorted(names.items(), key=lambda item: item[0]):
            target = folder / path.lstrip("/")
            if not target.parent.is_dir():
                continue  # its folder is not on the disk
            if file is None:
                target.mkdir()
            else:
                kept = [write for write in file.pending if dice.random() < 0.5] if policy == "torn" else []
                target.write_bytes(file.content(kept))


def _apply(names: dict[str, File | None], entries: list[tuple[str, str, File | None]]) -> None:
    for kind, path, file in entries:
        if kind == "set":
            names[path] = file
        else:
            names.pop(path, None)


def read_notes(log: Path) -> Iterator[Note]:
    """The notes, in order."""
    decoder = msgspec.msgpack.Decoder(Note)
    data, at = log.read_bytes(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield decoder.decode(data[at + 4 : at + 4 + size])
        at += 4 + size


# --- the file system ---------------------------------------------------------------------------------------------------


def serve(mount: str, backing: str, log: str) -> None:
    """Mount it, and stay."""
    import fuse

    encoder = msgspec.msgpack.Encoder()
    out = open(log, "wb", buffering=0)

    def note(kind: str, path: str, other: str = "", number: int = 0, data: bytes = b"") -> None:
        packed = encoder.encode((kind, path, other, number, data))
        out.write(len(packed).to_bytes(4, "big") + packed)

    class Recording(fuse.Operations):  # type: ignore[misc]
        def __call__(self, op: str, path: str, *args: Any) -> Any:
            return super().__call__(op, backing + path if isinstance(path, str) else path, *args)

        def _name(self, path: str) -> str:
            return path[len(backing) :] or "/"

        def getattr(self, path: str, fh: Any = None) -> dict[str, Any]:
            found = os.lstat(path)
            keys = ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")
            return {key: getattr(found, key) for key in keys}

        def readdir(self, path: str, fh: Any) -> list[str]:
            return [".", "..", *os.listdir(path)]

        def statfs(self, path: str) -> dict[str, Any]:
            found = os.statvfs(path)
            keys = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_flag", "f_frsize", "f_namemax")
            return {key: getattr(found, key) for key in keys}

        def access(self, path: str, mode: int) -> int:
            return 0

        def chmod(self, path: str, mode: int) -> int:
            os.chmod(path, mode)
            return 0

        def chown(self, path: str, uid: int, gid: int) -> int:
            return 0

        def utimens(self, path: str, times: Any = None) -> int:
            os.utime(path, times)
            return 0

        def open(self, path: str, flags: int) -> int:
            if flags & os.O_TRUNC:
                note("truncate", self._name(path))
            return os.open(path, flags)

        def create(self, path: str, mode: int, fi: Any = None) -> int:
            note("create", self._name(path))
            return os.open(path, os.O_RDWR | os.O_CREAT, mode)

        def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
            return os.pread(fh, size, offset)

        def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
            note("write", self._name(path), "", offset, data)
            return os.pwrite(fh, data, offset)

        def truncate(self, path: str, length: int, fh: Any = None) -> int:
            note("truncate", self._name(path), "", length)
            os.truncate(path, length)
            return 0

        def fsync(self, path: str, datasync: int, fh: int) -> int:
            note("fsync", self._name(path))
            return 0

        def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
            note("fsyncdir", self._name(path))
            return 0

        def flush(self, path: str, fh: int) -> int:
            return 0

        def release(self, path: str, fh: int) -> int:
            os.close(fh)
            return 0

        def unlink(self, path: str) -> int:
            note("delete", self._name(path))
            os.unlink(path)
            return 0

        def rmdir(self, path: str) -> int:
            note("delete", self._name(path))
            os.rmdir(path)
            return 0

        def mkdir(self, path: str, mode: int) -> int:
            note("mkdir", self._name(path))
            os.mkdir(path, mode)
            return 0

        def rename(self, old: str, new: str) -> int:
            new = backing + new
            note("rename", self._name(old), self._name(new))
            os.rename(old, new)
            return 0

    with contextlib.suppress(KeyboardInterrupt):
        fuse.FUSE(Recording(), mount, foreground=True, nothreads=True, big_writes=True, hard_remove=True, default_permissions=True)


if __name__ == "__main__":
    serve(*sys.argv[1:4])
