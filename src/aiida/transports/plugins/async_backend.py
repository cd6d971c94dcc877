"""Names of the back ends' helpers that plugins know."""

from __future__ import annotations

import re
import subprocess

__all__ = ("Stat", "get_openssh_version")


class Stat:
    """What `stat` says about a file."""

    def __init__(self, size: int, uid: int, gid: int, permissions: int, atime: float, mtime: float) -> None:
        self.size = size
        self.uid = uid
        self.gid = gid
        self.permissions = permissions
        self.atime = atime
        self.mtime = mtime


def get_openssh_version() -> int | None:
    """Return the major version of the system's ssh, None if there is none."""
    try:
        done = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    match = re.search(r"OpenSSH_(?:for_Windows_)?(\d+)", done.stderr + done.stdout)
    return int(match[1]) if match else None
