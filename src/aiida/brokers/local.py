"""A bell on this machine: every waiting worker has a datagram socket in one directory; ringing writes a byte to each.

There is no server, so there is nothing to start, to lose or to repair. A socket whose owner died refuses the byte and is
removed by whoever rang. Considered and rejected: a FIFO (one reader gets the byte, the others sleep on), inotify on the
database (every write of anybody would wake everybody), a listening server (a process more, and a port).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import select
import socket
import tempfile
import threading
import time
import uuid
from pathlib import Path

GONE = frozenset({errno.ECONNREFUSED, errno.ENOENT, errno.ENOTSOCK})


def find_directory(profile_uuid: str) -> Path:
    """Return the directory of a profile's sockets: short, since a socket's path may have some 100 characters only."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    if len(base) > 50:
        base = "/tmp"
    digest = hashlib.sha256(profile_uuid.encode()).hexdigest()[:12]
    return Path(base) / f"radames-{os.getuid()}" / digest


class LocalBell:
    """Reaches every worker of the profile on this machine."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._ear: socket.socket | None = None
        self._path: Path | None = None
        self._voice: socket.socket | None = None
        self._voice_owner = 0
        self._closed = False

    def ring(self) -> None:
        """Write a byte to every ear; a full ear has been rung already."""
        if self._closed:
            return
        try:
            names = os.listdir(self._directory)
        except OSError:
            return  # nobody has ever waited
        with self._lock:
            voice = self._get_voice()
            for name in names:
                path = os.path.join(self._directory, name)
                try:
                    voice.sendto(b"!", path)
                except BlockingIOError:
                    continue
                except OSError as exception:
                    if exception.errno in GONE:
                        with contextlib.suppress(OSError):
                            os.unlink(path)

    def wait(self, timeout: float) -> bool:
        """Return True as soon as somebody rang since the last wait."""
        if self._closed:
            time.sleep(max(0.0, timeout))
            return False
        ear = self._get_ear()
        looking = select.poll()  # not `select.select`, which refuses a descriptor above 1,023
        looking.register(ear, select.POLLIN)
        if not looking.poll(max(0.0, timeout) * 1000):
            return False
        with contextlib.suppress(BlockingIOError):
            while ear.recv(64):
                pass
        return True

    def wake(self) -> None:
        """Ring this worker's own ear only."""
        if self._path is not None:
            with self._lock, contextlib.suppress(OSError):
                self._get_voice().sendto(b"!", str(self._path))

    def close(self) -> None:
        """Remove the ear."""
        self._closed = True
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
        for end in (self._ear, self._voice):
            if end is not None:
                end.close()
        self._ear = self._voice = self._path = None

    def _get_voice(self) -> socket.socket:
        if self._voice is None or self._voice_owner != os.getpid():  # a socket is not shared across a fork
            self._voice = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._voice.setblocking(False)
            self._voice_owner = os.getpid()
        return self._voice

    def _get_ear(self) -> socket.socket:
        if self._ear is None:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path = self._directory / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
            self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._ear.setblocking(False)
            self._ear.bind(str(self._path))
        return self._ear
