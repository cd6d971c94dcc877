"""A cluster as users have one: SLURM behind an SSH server in a network of its own, and what it saw of us."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from . import services
from .namespaces import Namespace, namespace

__all__ = ("Cluster", "cluster")

#: what a user writes who wants to know soon that a connection is gone
CLIENT = "  ServerAliveInterval 1\n  ServerAliveCountMax 4\n  ConnectTimeout 5\n"
#: a command of the scheduler that leaves a trace of each call
TRACED = """#!/bin/sh
echo "$(date +%s.%N) $*" >> {calls}
exec {command} "$@"
"""


class Cluster:
    """SLURM with four nodes and its login host."""

    def __init__(self, network: Namespace, slurm: services.Slurm, sshd: services.Sshd, folder: Path) -> None:
        self.network, self.slurm, self.sshd, self.folder = network, slurm, sshd, folder

    def calls(self, command: str) -> list[tuple[float, str]]:
        """When a command of the scheduler was called, and with what."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self.folder / f"{command}.calls").read_text().splitlines()
            return [(float(moment), rest) for moment, _, rest in (line.partition(" ") for line in lines)]
        return []

    def listings(self) -> list[float]:
        """When the queue was asked for jobs by their ids: the polls."""
        return [moment for moment, words in self.calls("squeue") if "--jobs" in words]

    def cut(self, seconds: float) -> None:
        """Cut the network for a while."""
        self.network.cut()
        time.sleep(seconds)
        self.network.mend()

    def restart_controller(self, seconds: float) -> None:
        """Kill slurmctld, and start it again after a while."""
        self.slurm.controller_down()
        time.sleep(seconds)
        self.slurm.controller_up()


def _trace(folder: Path, *commands: str) -> None:
    (folder / "bin").mkdir()
    for command in commands:
        script = folder / "bin" / command
        script.write_text(TRACED.format(calls=folder / f"{command}.calls", command=shutil.which(command)))
        script.chmod(0o755)


@contextlib.contextmanager
def cluster(cpus: int = 4) -> Iterator[Cluster]:
    """Start it, and stop it."""
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(namespace())
        slurm = services.Slurm(within=network.within, cpus=cpus)
        stack.callback(slurm.stop)
        _trace(slurm.folder, "squeue", "sbatch", "sacct", "scancel")
        path = f"{slurm.folder}/bin:{os.environ['PATH']}"
        sshd = services.Sshd(network.within, network.address, CLIENT, PATH=path, **slurm.env)
        stack.callback(sshd.stop)
        yield Cluster(network, slurm, sshd, slurm.folder)
