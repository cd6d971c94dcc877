"""Where the daemon of a profile keeps its files, and what its supervisor is told: two values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from aiida.common.paths import profile_filepaths

if TYPE_CHECKING:
    from aiida.common.profile import Profile


class DaemonPaths(msgspec.Struct, frozen=True):
    """The files of one profile's daemon; the layout is AiiDA's."""

    circus_log: str
    circus_pid: str
    circus_port: str
    socket_file: str
    socket_names: dict[str, str]
    daemon_log: str
    daemon_pid: str

    @classmethod
    def of_profile(cls, profile: Profile) -> DaemonPaths:
        """Read the paths from the profile."""
        paths: dict[str, Any] = profile_filepaths(profile)
        circus, daemon = paths["circus"], paths["daemon"]
        return cls(
            circus_log=str(circus["log"]),
            circus_pid=str(circus["pid"]),
            circus_port=str(circus["port"]),
            socket_file=str(circus["socket"]["file"]),
            socket_names={key: str(circus["socket"][key]) for key in ("controller", "pubsub", "stats")},
            daemon_log=str(daemon["log"]),
            daemon_pid=str(daemon["pid"]),
        )

    @property
    def ready_file(self) -> Path:
        """The mark that a worker writes when its loop turns: one line a process id."""
        return Path(self.daemon_pid).with_suffix(".ready")


class Plan(msgspec.Struct):
    """All that the supervisor must know; holds no secret, since it is a process argument."""

    name: str
    command: list[str]
    workers: int
    loglevel: str
    endpoints: dict[str, str]
    pid_file: str
    log_file: str
    worker_log: str
    graceful_timeout: float
    environment: dict[str, str]
    database: str | None = None
    foreground: bool = False
