"""A configuration folder of its own, used as a user uses it: `verdi`, scripts, and real daemon processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: the folder of `daemon_processes`, whose names every script finds
PROCESSES = ROOT / "tests" / "daemon"
HEAD = """
import json, os, signal, sys, time
from aiida import load_profile, orm
load_profile()
from daemon_processes import *
result = None
"""


class Home:
    """A configuration folder with one profile, and what is run in it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "AIIDA_PATH": str(folder),
            "PYTHONPATH": os.pathsep.join((str(PROCESSES), str(ROOT))),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **variables,
        }

    def verdi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        done = subprocess.run(
            [sys.executable, "-m", "aiida", *arguments], env=self.environment, capture_output=True, text=True, timeout=120
        )
        if check and done.returncode:
            raise AssertionError(f"verdi {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}\n{self.logs()}")
        return done

    def script(self, *texts: str, timeout: float = 120) -> Any:
        """Run a script with the profile loaded; what it assigns to `result` comes back through JSON."""
        body = HEAD + "\n".join(textwrap.dedent(text) for text in texts) + "\nprint('RESULT', json.dumps(result))\n"
        done = subprocess.run(
            [sys.executable, "-c", body], env=self.environment, capture_output=True, text=True, timeout=timeout, cwd=self.folder
        )
        if done.returncode:
            raise AssertionError(f"the script failed:\n{done.stdout}{done.stderr}\n{self.logs()}")
        return json.loads(done.stdout.rpartition("RESULT ")[2])

    @contextlib.contextmanager
    def worker(self, *options: str, idle: float | None = None) -> Iterator[Worker]:
        """A worker in the foreground, as systemd starts it; with `idle`, seconds between its looks when no bell rings."""
        command = [sys.executable, "-m", "aiida", "daemon", "worker", *options]
        if idle is not None:
            text = f"from aiida.engine.runtime import worker; worker.IDLE = {idle!r}\nfrom aiida.cmdline.commands.cmd_verdi import verdi; verdi(['daemon', 'worker'])"
            command = [sys.executable, "-c", text]
        made = Worker(self, command)
        try:
            yield made
        finally:
            made.end()

    def get_supervisor(self) -> int | None:
        """The process id of the daemon's supervisor, if it is alive."""
        for file in (self.folder / ".aiida" / "daemon").glob("circus-*.pid"):
            with contextlib.suppress(ValueError, OSError, ProcessLookupError):
                pid = int(file.read_text())
                os.kill(pid, 0)
                return pid
        return None

    def logs(self) -> str:
        """The ends of the daemon's logs, for a failed test."""
        logs = sorted((self.folder / ".aiida" / "daemon" / "log").glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in logs)


class Worker:
    """A worker in the foreground."""

    def __init__(self, home: Home, command: list[str]) -> None:
        self.log = home.folder / f"worker-{os.urandom(3).hex()}.log"
        self.ready = self.log.with_suffix(".ready")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env={**home.environment, "RADAMES_READY_FILE": str(self.ready)}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, cwd=home.folder,
            )  # fmt: skip
        try:
            wait_until(lambda: self.ready.exists() or self.process.poll() is not None, "the worker's start")
        except TimeoutError:
            self.end()
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def end(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


def wait_until(condition: Any, what: str, seconds: float = 60.0) -> None:
    """Wait for a condition of real processes."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come true within {seconds:g} s")
        time.sleep(0.02)


@contextlib.contextmanager
def make_home(*setup: str, **variables: str) -> Iterator[Home]:
    """A fresh folder with the profile that `verdi *setup` makes; its daemon is stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="radames-test-", ignore_cleanup_errors=True) as folder:
        made = Home(Path(folder), **variables)
        made.verdi(*(setup or ("presto",)))
        try:
            yield made
        finally:
            made.verdi("daemon", "stop", check=False)
