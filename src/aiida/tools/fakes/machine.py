"""Connections to a simulated cluster: files are folders of this disk, commands go to its login host, either may be cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from aiida.transports.errors import Unreachable
from aiida.transports.paths import text
from aiida.transports.plugins.local import LocalTransport
from aiida.transports.pool import TransportPool
from aiida.transports.transport import TransportPath

from . import login
from .cluster import SimulatedCluster

__all__ = ("SimulatedPool", "SimulatedTransport")

T = TypeVar("T")


class SimulatedTransport(LocalTransport):
    """A connection to the login host of a simulated cluster."""

    def __init__(self, cluster: SimulatedCluster, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cluster = cluster

    async def run_in_thread(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """On the spot: nothing here takes time of ours. The connection may be cut before it is done, or after."""
        cluster = self.cluster
        if function.__name__ in ("open", "close"):
            return function(*args, **kwargs)
        with cluster.lock:
            self._cut(cluster.faults.cut_before)
            result = function(*args, **kwargs)
            self._cut(cluster.faults.cut_after)
            return result

    def _cut(self, probability: float) -> None:
        if not self.cluster.is_reachable or self.cluster.throw(probability):
            raise ConnectionResetError("the connection was cut")

    def open(self) -> SimulatedTransport:
        """Connect, if the machine can be reached."""
        self.cluster.count("open")
        if not self.cluster.is_reachable or self.cluster.throw(self.cluster.faults.cut_before):
            raise Unreachable("no route to host")
        super().open()
        return self

    def exec_command_wait_bytes(
        self,
        command: str,
        stdin: Any = None,
        workdir: TransportPath | None = None,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> tuple[int, bytes, bytes]:
        """Let the login host answer, or a shell."""
        cluster = self.cluster
        with cluster.lock:
            cluster.advance(cluster.dice.uniform(0, 0.5) if cluster.faults.cut_before else 0.0)
            reply = login.answer(cluster, command, self.curdir if workdir is None else text(workdir))
        if reply is None:
            return super().exec_command_wait_bytes(command, stdin, workdir, timeout, **kwargs)
        return reply[0], reply[1].encode(), reply[2].encode()


class SimulatedPool(TransportPool):
    """Connects to the simulated cluster instead of the computer's host."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(clock=cluster.clock)
        self.cluster = cluster

    def _make(self, authinfo: Any) -> SimulatedTransport:
        return SimulatedTransport(self.cluster)
