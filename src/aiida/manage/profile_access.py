"""Who uses a profile: one file per process, and a lock that lets one process have it for itself.

`access/<profile>/<pid>.pid` says that a process uses the profile, `<pid>.lock` that it wants to be alone; both hold the command line of
that process, by which a stale file (the process is gone, or its number belongs to another one) is told from a live one. The
names and the content are those of AiiDA 2.x: both programs see each other.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from aiida.common.exceptions import LockedProfileError, LockingProfileError
from aiida.common.lang import type_check
from aiida.common.log import AIIDA_LOGGER
from aiida.common.paths import AiiDAConfigPathResolver
from aiida.common.profile import Profile

__all__ = ("ProfileAccessManager",)

LOGGER = AIIDA_LOGGER.getChild("manage.profile_access")
_USED = "pid"
_LOCKED = "lock"


class ProfileAccessManager:
    """Asks for access to a profile, or for access alone."""

    def __init__(self, profile: Profile) -> None:
        type_check(profile, Profile)
        self.profile = profile
        self.process = psutil.Process(os.getpid())
        self._folder = AiiDAConfigPathResolver().access_control_dir / profile.name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            # A configuration that may only be read: then nobody locks profiles here either.
            LOGGER.debug("cannot keep record of who uses profile `%s`: %s", profile.name, exc)

    def request_access(self) -> None:
        """Say that this process uses the profile; `LockedProfileError` if another one has it for itself."""
        self._check_unlocked(f"process {self.process.pid} cannot access profile `{self.profile.name}`")
        self._clear_stale_files()
        path = self._path(_USED)
        try:
            _write(path, _command_of(self.process))
        except OSError as exc:
            LOGGER.debug("cannot keep record of who uses profile `%s`: %s", self.profile.name, exc)
            return
        # Somebody may have locked it between the look and the writing. They look after they have written their lock, so that at
        # least one of the two gives way.
        try:
            self._check_unlocked(f"process {self.process.pid} cannot access profile `{self.profile.name}`")
        except LockedProfileError:
            path.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Within the context no other process can load the profile; `LockingProfileError` if one uses it already."""
        complaint = f"process {self.process.pid} cannot lock profile `{self.profile.name}`"
        self._check_unlocked(complaint)
        self._clear_stale_files()
        self._check_inactive(complaint)
        path = self._path(_LOCKED)
        _write(path, _command_of(self.process))
        try:
            self._check_unlocked(complaint)
            self._check_inactive(complaint)
            yield
        finally:
            path.unlink(missing_ok=True)

    def is_locked(self) -> bool:
        """Whether some process, which lives, has the profile for itself."""
        return bool(self._find_live(_LOCKED))

    def is_active(self) -> bool:
        """Whether another process uses the profile."""
        return bool(self._find_live(_USED, others_only=True))

    def clear_locks(self) -> None:
        """Remove all locks, whoever made them."""
        for path in self._folder.glob(f"*.{_LOCKED}"):
            path.unlink(missing_ok=True)

    def _path(self, kind: str) -> Path:
        return self._folder / f"{self.process.pid}.{kind}"

    def _check_unlocked(self, complaint: str) -> None:
        holders = self._find_live(_LOCKED, others_only=True)
        if holders:
            raise LockedProfileError(
                f"{complaint} because it is being locked by process {holders[0]}. Wait until it is done; if it is stuck, end it "
                "and repeat the command: the lock of a process that has ended counts no more"
            )

    def _check_inactive(self, complaint: str) -> None:
        users = self._find_live(_USED, others_only=True)
        if users:
            raise LockingProfileError(
                f"{complaint} because the following processes are using it: {', '.join(map(str, users))}. "
                "Close them first (the daemon with `verdi daemon stop`)"
            )

    def _find_live(self, kind: str, others_only: bool = False) -> list[int]:
        found = [pid for pid, path in self._files(kind) if not _is_stale(pid, path)]
        return [pid for pid in found if not (others_only and pid == self.process.pid)]

    def _files(self, kind: str) -> list[tuple[int, Path]]:
        return sorted((int(path.stem), path) for path in self._folder.glob(f"*.{kind}") if path.stem.isdigit())

    def _clear_stale_files(self) -> None:
        for kind in (_USED, _LOCKED):
            for pid, path in self._files(kind):
                if _is_stale(pid, path):
                    path.unlink(missing_ok=True)


def _command_of(process: psutil.Process) -> str:
    return str(process.cmdline())


def _is_stale(pid: int, path: Path) -> bool:
    """Whether the process that wrote the file is gone."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        written = path.read_text(encoding="utf8")
        return bool(written) and written != _command_of(process)
    except (psutil.NoSuchProcess, FileNotFoundError):
        return True
    except (psutil.AccessDenied, PermissionError):
        return False  # somebody else's process: it lives


def _write(path: Path, text: str) -> None:
    """Write the file so that nobody sees half of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.write_text(text, encoding="utf8")
    temporary.replace(path)
