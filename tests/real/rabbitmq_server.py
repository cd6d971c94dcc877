"""A RabbitMQ server for tests: on ports of its own, with an EPMD of its own, that can be killed and started again."""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.real.services import free_port, wait_for


class Rabbitmq:
    """One node on this machine, user `guest`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rabbit-", dir="/tmp"))
        self.port, self.distribution, self.epmd = free_port(), free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        (self.folder / "enabled_plugins").write_text("[].")
        (self.folder / "rabbitmq.conf").write_text("loopback_users = none\n")
        if os.geteuid() == 0:
            account = pwd.getpwnam("rabbitmq")
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, account.pw_uid, account.pw_gid)
        folder = str(self.folder)
        self.environment = {
            **os.environ,
            "RABBITMQ_NODENAME": f"radames{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution),
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "HOME": folder,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.epmd),
            # else the distribution port would be open to every machine
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def up(self) -> None:
        """Start it, and return when it takes connections."""
        program = glob.glob("/usr/lib/rabbitmq/bin/rabbitmq-server")[0]
        words = [program] if os.geteuid() != 0 else ["setpriv", "--reuid", "rabbitmq", "--regid", "rabbitmq", "--clear-groups", program]
        with (self.folder / "out.log").open("ab") as log:
            self.process = subprocess.Popen(
                words, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=self.folder
            )
        try:
            wait_for(lambda: self.answers() or self.process is None or self.process.poll() is not None, "RabbitMQ listening", 90)
            if self.process.poll() is not None:
                raise RuntimeError("RabbitMQ did not start")
        except BaseException as error:
            error.add_note((self.folder / "out.log").read_text(errors="replace")[-2000:])
            raise

    def answers(self) -> bool:
        """Whether it greets a client of AMQP."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=0.5) as client:
            client.settimeout(1.0)
            client.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(client.recv(1))
        return False

    def kill(self) -> None:
        """SIGKILL to the whole node."""
        if self.process is not None:
            process, self.process = self.process, None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def stop(self) -> None:
        """End the node and its EPMD, which is a daemon of its own: found by the port that only we gave it."""
        self.kill()
        wanted = f"ERL_EPMD_PORT={self.epmd}".encode()
        for found in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if wanted in (found / "environ").read_bytes().split(b"\0"):
                    os.kill(int(found.name), signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def rabbitmq() -> Iterator[Rabbitmq]:
    """Run a server."""
    server = Rabbitmq()
    try:
        server.up()
        yield server
    finally:
        server.stop()
