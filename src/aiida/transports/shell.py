"""One login shell that is started once and forks for each command.

A login shell reads profile files, which takes a hundred milliseconds and more on many machines; a fork of one that has read them
takes one, and has everything they set: variables, functions, limits. The shell is fed through a pipe and announces the end of each
command on another; output goes through files, so a command is over when it ends, not when its background children do.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
import threading
from concurrent.futures import Future

from .paths import quote

__all__ = ("LoginShell",)

LOOK, LOOKS = 2.0, 4  # seconds between looks whether a command's shell is there, and how often it must be gone


def _is_gone(path: str) -> bool:
    """Whether the process that wrote its id here has ended."""
    try:
        with open(path) as handle:
            pid = handle.read().strip()
    except OSError:
        return False
    return pid.isdigit() and not os.path.exists(f"/proc/{pid}") and os.path.exists("/proc/self")


class LoginShell:
    """A `bash -l` of this machine that runs commands for several threads at once."""

    def __init__(self, folder: str) -> None:
        self._scratch = tempfile.mkdtemp(prefix="aiida-shell-")
        self._numbers = itertools.count(1)
        self._pending: dict[int, Future[int]] = {}
        self._lock = threading.Lock()
        reading, writing = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "-l"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            pass_fds=(writing,),
            start_new_session=True,
        )
        os.close(writing)
        assert self._process.stdin is not None
        # A worker that is killed removes nothing; its shell then finds the end of its input, and does. A trap of the user's stays.
        tidy = quote(f"rm -rf -- {quote(self._scratch)}")
        self._process.stdin.write(f'[ -n "$(trap -p EXIT)" ] || trap {tidy} EXIT\n'.encode())
        self._process.stdin.flush()
        self._descriptor = writing  # the number under which the shell knows it
        threading.Thread(target=self._listen, args=(reading,), name="aiida-login-shell", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """Whether the shell can take commands."""
        return self._process.poll() is None

    def run(self, command: str, stdin: bytes, folder: str) -> tuple[int, bytes, bytes]:
        """Run a command in a fork of the shell; return exit status and output."""
        number = next(self._numbers)
        base = os.path.join(self._scratch, str(number))
        for ending, content in (("cmd", command.encode()), ("in", stdin)):
            with open(f"{base}.{ending}", "wb") as handle:
                handle.write(content)
        future: Future[int] = Future()
        try:
            self._send(number, base, folder, future)
            status = self._await(number, base, future)
            with open(f"{base}.out", "rb") as out, open(f"{base}.err", "rb") as err:
                return status, out.read(), err.read()
        finally:
            for ending in ("cmd", "in", "out", "err", "pid"):
                with contextlib.suppress(OSError):
                    os.unlink(f"{base}.{ending}")

    def _await(self, number: int, base: str, future: Future[int]) -> int:
        """The exit status. A fork that was killed (a machine out of memory) announces nothing: it is looked after now and then."""
        gone = 0
        while True:
            gone = gone + 1 if _is_gone(f"{base}.pid") else 0
            try:
                return future.result(LOOK)
            except TimeoutError:
                if gone >= LOOKS:  # what it announced at its end has had time to arrive, however busy we are
                    self._pending.pop(number, None)
                    raise ConnectionResetError("the shell that ran a command on this machine was killed") from None

    def _send(self, number: int, base: str, folder: str, future: Future[int]) -> None:
        fd = self._descriptor
        # The fork closes the announcing end, so that only the shell's own line is ever written there.
        line = (
            f"{{ echo $BASHPID > {base}.pid; "
            f"( exec {fd}>&-; cd -- {quote(folder)} && . {base}.cmd ) < {base}.in > {base}.out 2> {base}.err; "
            f"echo {number} $? >&{fd}; }} &\n"
        )
        with self._lock:
            self._pending[number] = future
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
            except OSError:
                self._pending.pop(number, None)
                raise ConnectionResetError("the login shell of this machine has ended") from None

    def _listen(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "r") as announcements:
            for line in announcements:
                words = line.split()
                if len(words) != 2 or not all(word.isdigit() for word in words):
                    continue  # not one of ours
                future = self._pending.pop(int(words[0]), None)
                if future is not None:
                    future.set_result(int(words[1]))
        while self._pending:
            _, future = self._pending.popitem()
            future.set_exception(ConnectionResetError("the login shell of this machine ended while a command ran"))

    def close(self) -> None:
        """End the shell; what it started in the background lives on."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)
