"""A network of its own for a cluster, and one cable to it that can be cut."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator

__all__ = ("Namespace", "namespace")


class Namespace:
    """A network namespace and the pair of devices that is its only way out."""

    def __init__(self) -> None:
        first = os.getpid() % 200
        for number in (*range(first, 250), *range(1, first)):
            self.name, self.device, self.address = f"aiida{number}", f"aiidav{number}", f"10.77.{number}.2"
            if not os.path.exists(f"/run/netns/{self.name}") and _ip("netns", "add", self.name, check=False):
                break
        else:
            raise OSError("no network namespace can be made")
        #: words before a command that is to run in there; `ip netns exec` would also hide /sys/fs/cgroup.
        self.within = ("nsenter", f"--net=/run/netns/{self.name}", "--")
        _ip("link", "add", self.device, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("addr", "add", f"10.77.{number}.1/24", "dev", self.device)
        _ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        _ip("-n", self.name, "link", "set", "eth0", "up")
        _ip("-n", self.name, "link", "set", "lo", "up")
        self.mend()

    def cut(self) -> None:
        """Pull the cable: nothing arrives, nobody is told."""
        _ip("link", "set", self.device, "down")

    def mend(self) -> None:
        """Put the cable back."""
        _ip("link", "set", self.device, "up")

    def close(self) -> None:
        """Remove the namespace with its devices; what runs in there has to be stopped before."""
        _ip("link", "del", self.device, check=False)
        _ip("netns", "del", self.name, check=False)


def _ip(*words: str, check: bool = True) -> bool:
    return subprocess.run(["ip", *words], check=check, capture_output=True).returncode == 0


@contextlib.contextmanager
def namespace() -> Iterator[Namespace]:
    """Make a namespace, and remove it."""
    made = Namespace()
    try:
        yield made
    finally:
        made.close()
