"""Who is alive: one row and one lock file per worker, a beat from a process of its own, and how others judge it.

Evidence of death is either *positive* (a peer on the same host gets the advisory lock of the worker's file: it is free at the
moment of SIGKILL) or *silence* (the same beat in five successive successful looks, two seconds apart by the observer's own
clock). Neither carries safety: that is the fence's work alone. Holding the lock is no evidence of life.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import platform
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from aiida.common.clock import Clock, system_clock
from aiida.storage import heart, journal

if TYPE_CHECKING:
    from aiida.storage.store import Store

LOGGER = logging.getLogger("aiida.engine.runtime")
LOOKS = 5
LOOK_INTERVAL = 2.0


def host_name() -> str:
    """This machine. Whether a worker that bears this name is really here, its lock file says."""
    return platform.node()


def lock_directory(store: Store) -> Path | None:
    """Where the workers of this store keep their lock files; None for a store that has no peers."""
    if store.in_memory:
        return None
    path = getattr(store, "path", None)
    if path is not None:
        return Path(path).parent / "workers"
    return Path(f"/tmp/aiida-{os.getuid()}") / f"workers-{store.profile.uuid}"


class LockFile:
    """An advisory lock for life. It must not outlive us in a forked child, so the child closes nothing but forgets nothing either."""

    _open: weakref.WeakSet[LockFile] = weakref.WeakSet()

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}-{os.getpid()}")
        self._fd: int | None = os.open(new, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        new.rename(path)  # it bears its name only when it is locked: a peer that looks in between would take us for dead
        LockFile._open.add(self)

    def close(self, *, remove: bool = True) -> None:
        """Let go of the lock."""
        fd, self._fd = self._fd, None
        if fd is not None:
            if remove:
                self.path.unlink(missing_ok=True)
            os.close(fd)

    @classmethod
    def close_in_child(cls) -> None:
        """A forked child holds a copy of the descriptor, which would keep the lock after our death."""
        for lock in cls._open:
            lock.close(remove=False)


os.register_at_fork(after_in_child=LockFile.close_in_child)


def is_free(path: Path) -> bool:
    """Whether the lock file exists and nobody holds it: its worker is dead."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False
    finally:
        os.close(fd)


def is_dead_here(store: Store, worker: int, host: str, pid: int) -> bool:
    """Whether a worker of this machine has died without taking its row along; of other machines that cannot be told at once."""
    if host != host_name():
        return False
    directory = lock_directory(store)
    if directory is not None and is_free(directory / str(worker)):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


class Liveness:
    """The life of one worker: registered, beating, gone."""

    def __init__(self, store: Store, kind: str) -> None:
        self.store = store
        self.kind = kind
        self.id = 0
        self.pid = os.getpid()
        self._lock: LockFile | None = None
        self._heart: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()

    def register(self) -> int:
        """Take a new id, never used before, and the lock file of that name."""
        with self.store.transaction() as tx:
            self.id = journal.insert_worker(tx, host_name(), self.pid, self.kind)
        directory = lock_directory(self.store)
        if self._lock is not None:
            self._lock.close()  # of the id that was declared dead
            self._lock = None
        if directory is not None:
            self._lock = LockFile(directory / str(self.id))
        return self.id

    def start_heart(self) -> None:
        """Start the process that beats; nothing if it beats already or nobody could look."""
        with self._guard:
            if self._heart is not None or self.store.in_memory or not self.id:
                return
            config: dict[str, Any] = {"worker": self.id, "pid": self.pid}
            path = getattr(self.store, "path", None)
            flags = ["-I"]
            if path is not None:
                config["path"] = str(path)
                flags.append("-S")
            else:
                config["conninfo"] = getattr(self.store, "conninfo", "")
            self._heart = subprocess.Popen(
                [sys.executable, *flags, heart.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C meant for us is not meant for it
            )
            assert self._heart.stdin is not None
            self._heart.stdin.write(json.dumps(config).encode() + b"\n")
            self._heart.stdin.flush()

    def beat_here(self) -> None:
        """A beat from this very interpreter, while it is not worth a process of its own."""
        if self._heart is None and self.id and not self.store.in_memory:
            with self.store.transaction() as tx:
                journal.beat(tx, self.id)

    def renew(self) -> None:
        """After a time of not beating: one beat, or a new registration if others have taken us for dead meanwhile."""
        if not self.id or self.store.in_memory:
            return
        with self.store.transaction() as tx:
            known = journal.beat(tx, self.id)
        if not known:
            with self._guard:
                self._heart = None  # it has found the row gone, too, and left
            self.register()

    @property
    def heart_pid(self) -> int | None:
        """The process that beats."""
        return None if self._heart is None else self._heart.pid

    def is_declared_dead(self) -> bool:
        """The heart found our row gone; also starts it again if it died by itself."""
        with self._guard:
            if self._heart is None or self._heart.poll() is None:
                return False
            if self._heart.returncode == heart.DEAD:
                return True
            self._heart = None
        self.start_heart()
        return False

    def stop(self) -> None:
        """Leave: the row goes, the orphan rule does the rest."""
        with self._guard:
            process, self._heart = self._heart, None
        if process is not None and os.getpid() == self.pid:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if os.getpid() == self.pid and self.id:
            worker, self.id, gone = self.id, 0, False
            try:
                if not self.store.is_closed:
                    with self.store.transaction() as tx:
                        journal.delete_worker(tx, worker)
                    gone = True
            except Exception as exception:
                LOGGER.debug("worker %d could not sign off: %s", worker, exception)
            if self._lock is not None:
                self._lock.close(remove=gone)  # if the row stays, a free lock file tells the others
                self._lock = None


class _Seen(msgspec.Struct):
    beat: int
    looks: int
    at: float


class Observer:
    """Judges the others."""

    def __init__(self, store: Store, me: int, clock: Clock = system_clock) -> None:
        self.store = store
        self.me = me
        self.clock = clock
        self._seen: dict[int, _Seen] = {}
        self._host = host_name()

    def find_dead(self, workers: list[tuple[int, str, int, int, str]]) -> list[tuple[int, int | None]]:
        """(id, beat seen) of those with evidence of death; the beat is None when the evidence is positive."""
        dead: list[tuple[int, int | None]] = []
        directory = lock_directory(self.store)
        for worker, host, _, beat, _ in workers:
            if worker == self.me:
                continue
            if directory is not None and host == self._host and is_free(directory / str(worker)):
                dead.append((worker, None))
            elif self._is_silent(worker, beat):
                dead.append((worker, beat))
        known = {row[0] for row in workers}
        self._seen = {worker: seen for worker, seen in self._seen.items() if worker in known}
        return dead

    def _is_silent(self, worker: int, beat: int) -> bool:
        now = self.clock.monotonic()
        seen = self._seen.get(worker)
        if seen is None or seen.beat != beat:
            self._seen[worker] = _Seen(beat, 1, now)
            return False
        if now - seen.at >= LOOK_INTERVAL:
            seen.looks, seen.at = seen.looks + 1, now
        return seen.looks > LOOKS

    def bury(self, dead: list[tuple[int, int | None]]) -> int:
        """T9.1, and their lock files."""
        directory = lock_directory(self.store)
        buried = 0
        for worker, beat in dead:
            with self.store.transaction() as tx:
                gone = journal.delete_worker(tx, worker, beat)
            if gone:
                buried += 1
                if directory is not None:
                    (directory / str(worker)).unlink(missing_ok=True)
        return buried
