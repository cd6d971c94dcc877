"""Whether a running daemon still is what `verdi` would start: the same Python, the same packages."""

from __future__ import annotations

import os
import sys
import sysconfig

import psutil

from aiida.engine.daemon.client import DaemonClient

__all__ = ("validate_daemon_env",)


def validate_daemon_env(client: DaemonClient) -> str | None:
    """Return why the daemon should be restarted, None if there is no reason."""
    pid = client.get_daemon_pid()
    try:
        process = psutil.Process(pid)
        started, program = process.create_time(), process.cmdline()[0]
    except (psutil.Error, IndexError):
        return None
    if os.path.realpath(program) != os.path.realpath(sys.executable) or os.path.dirname(program) != os.path.dirname(sys.executable):
        return f"the daemon runs with another Python ({program}) than this one ({sys.executable}): `verdi daemon restart` changes that"
    changed = _packages_since(started)
    if changed:
        return f"packages were installed after the daemon started ({', '.join(changed[:5])}): `verdi daemon restart` lets it use them"
    return None


def _packages_since(started: float) -> list[str]:
    """Return the packages that were installed or changed after a time."""
    folder = sysconfig.get_paths()["purelib"]
    with os.scandir(folder) as entries:
        found = [e.name for e in entries if e.name.endswith(".dist-info") and e.stat().st_mtime > started]
    return sorted(name.removesuffix(".dist-info") for name in found)
