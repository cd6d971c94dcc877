"""The shell that forks for each command: what is killed is noticed."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiida.transports.shell import LoginShell


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[LoginShell]:
    made = LoginShell(str(tmp_path))
    yield made
    made.close()


def test_a_fork_that_is_killed_is_a_broken_connection_and_not_a_wait_for_ever(shell: LoginShell, tmp_path: Path) -> None:
    """As by a machine out of memory: nothing is announced then."""
    pids = tmp_path / "pids"

    def kill() -> None:
        while not pids.exists() or not pids.read_text().endswith("\n"):
            time.sleep(0.02)
        command, fork = map(int, pids.read_text().split())
        os.kill(fork, signal.SIGKILL)
        os.kill(command, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(ConnectionResetError, match="was killed"):
        # the subshell's own id, and that of the fork which would announce its end
        shell.run(f"read -r _ _ _ parent _ < /proc/$BASHPID/stat; echo $BASHPID $parent > {pids}; sleep 60", b"", str(tmp_path))
    thread.join(5)
    assert shell.run("echo there", b"", str(tmp_path))[:2] == (0, b"there\n")


def test_a_long_command_is_waited_for(shell: LoginShell, tmp_path: Path) -> None:
    assert shell.run("sleep 2.5; echo done", b"", str(tmp_path)) == (0, b"done\n", b"")


def test_a_worker_that_is_killed_leaves_no_folder(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        LoginShell(str(tmp_path)).run("true", b"", str(tmp_path))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    deadline = time.monotonic() + 10
    while list(tmp_path.glob("aiida-shell-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not list(tmp_path.glob("aiida-shell-*"))


@pytest.fixture(autouse=True)
def folder_for_shells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
