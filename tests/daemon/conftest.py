"""A profile of its own for each module, used as a user uses it: `verdi`, scripts, and a real daemon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


class Home:
    """A configuration folder with one profile, and what is run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "AIIDA_PATH": str(folder),
            "PYTHONPATH": str(HERE),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
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
        head = "import json, os, signal, sys, time\nfrom aiida import load_profile, orm\nload_profile()\nfrom daemon_processes import *\nresult = None\n"
        body = head + "\n".join(textwrap.dedent(text) for text in texts) + "\nprint('RESULT', json.dumps(result))\n"
        done = subprocess.run(
            [sys.executable, "-c", body], env=self.environment, capture_output=True, text=True, timeout=timeout, cwd=self.folder
        )
        if done.returncode:
            raise AssertionError(f"the script failed:\n{done.stdout}{done.stderr}\n{self.logs()}")
        return json.loads(done.stdout.rpartition("RESULT ")[2])

    def logs(self) -> str:
        """The ends of the daemon's logs, for a failed test."""
        logs = sorted((self.folder / ".aiida" / "daemon" / "log").glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in logs)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A fresh profile; its daemon is stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="radames-test-", ignore_cleanup_errors=True) as folder:
        made = Home(Path(folder))
        made.verdi("presto")
        yield made
        made.verdi("daemon", "stop", check=False)


@pytest.fixture
def daemon(home: Home) -> Iterator[Home]:
    """The same with one worker turning; whatever a test did to it, the next one gets it sound."""
    home.verdi("daemon", "start", "1")
    yield home
    home.verdi("daemon", "stop", check=False)
