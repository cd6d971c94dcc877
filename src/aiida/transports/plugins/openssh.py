"""The connection by the system's ssh: every site's second factor, Kerberos, ProxyJump and configuration work as on the terminal.

One master connection is shared by all commands (ControlMaster), so a command costs a dozen milliseconds; files go through the shell.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from typing import Any

from aiida.transports.errors import Refused, Unreachable
from aiida.transports.remote_files import RemoteFiles

__all__ = ("OpenSshFiles", "find_master", "read_config")

#: ssh's own failures have this exit status; a command may have it too, so the words decide.
_FAILED = 255

_REFUSED = (
    ("permission denied", "refused all keys that were offered: check the user name and `~/.ssh/authorized_keys` there"),
    ("host key verification failed", "its host key is not known or has changed: connect once with `ssh`, or remove the old key with `ssh-keygen -R`"),
    ("could not resolve hostname", "there is no host of this name: check the computer's hostname and `~/.ssh/config`"),
    ("bad configuration option", "the ssh configuration has an error"),
    ("no such identity", "the key file does not exist"),
    ("too many authentication failures", "offered too many keys: name one with `IdentityFile` and `IdentitiesOnly yes`"),
)  # fmt: skip
_UNREACHABLE = re.compile(
    r"connection (refused|reset|timed out|closed)|operation timed out|no route to host|network is unreachable|broken pipe|"
    r"timeout, server .* not responding|connection to .* (closed|lost)|kex_exchange_identification|mux_client|temporary failure in name",
    re.I,
)


#: what we ask for unless the user's configuration does: option, how `ssh -G` shows that it is not set, our value.
_DEFAULTS = (("ConnectTimeout", "none", "60"), ("ServerAliveInterval", "0", "15"), ("ServerAliveCountMax", "3", "4"))


class OpenSshFiles(RemoteFiles):
    """Commands by `ssh` over one master connection."""

    def __init__(self, host: str, *, channels: int = 8, options: tuple[str, ...] = (), config_file: str | None = None) -> None:
        if host.startswith("-"):
            raise Refused(f"a host name cannot begin with a dash: {host!r}")
        self._host = host
        self._channels = asyncio.Semaphore(channels)
        self._options = options
        self._config_file = config_file
        self._folder: str | None = None
        self._words: list[str] = []
        self._own_master = True

    @property
    def is_open(self) -> bool:
        """Whether commands can be run: the master is started again by ssh itself when it was lost."""
        return bool(self._words)

    async def open(self) -> None:
        """Start the master connection, or use the one that the user has."""
        if shutil.which("ssh") is None:
            raise Refused("the command `ssh` is not installed on this machine: install OpenSSH, or use the back end `asyncssh`")
        words = ["ssh", *(["-F", self._config_file] if self._config_file else []), "-o", "BatchMode=yes", *self._options]
        settings = await read_config(self._host, self._config_file)
        for key, unset, ours in _DEFAULTS:
            if settings.get(key.lower(), unset) == unset:
                words += ["-o", f"{key}={ours}"]
        if await find_master(self._host, self._config_file) is None:
            # The path of a socket has a limit of about a hundred characters: a short folder of our own.
            self._folder = tempfile.mkdtemp(prefix="aiida-ssh-", dir="/tmp")
            words += ["-o", "ControlMaster=auto", "-o", f"ControlPath={self._folder}/%C", "-o", "ControlPersist=600"]
        self._words = words
        try:
            status, _, err = await self.run("true")
            if status != 0:
                raise Refused(f"{self._host} does not run commands for us (exit status {status}): {err.decode(errors='replace')[-500:]}")
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End our master connection; the user's own stays."""
        words, self._words = self._words, []
        if self._folder is not None:
            with contextlib.suppress(OSError):
                process = await asyncio.create_subprocess_exec(
                    *words, "-O", "exit", self._host, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
                )
                await process.wait()
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _line(self, command: str) -> list[str]:
        if not self._words:
            raise ConnectionResetError(f"the connection to {self._host} is closed")
        return [*self._words, "-T", "--", self._host, command]

    async def run(self, command: str, stdin: bytes = b"", timeout: float | None = None) -> tuple[int, bytes, bytes]:
        """Run a command."""
        async with self._channels:
            process = await asyncio.create_subprocess_exec(*self._line(command), **_PIPES)
            try:
                out, err = await asyncio.wait_for(process.communicate(stdin), timeout)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
                raise TimeoutError(f"the command took longer than {timeout} s: {command[:200]}") from None
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                raise
        assert process.returncode is not None
        self._check(process.returncode, err)
        return process.returncode, out, err

    async def start(self, command: str) -> Any:
        """Start a command."""
        pipes = {**_PIPES, "stderr": asyncio.subprocess.DEVNULL}
        return await asyncio.create_subprocess_exec(*self._line(command), limit=1 << 20, **pipes)

    async def feed(self, command: str, source: int) -> tuple[int, bytes]:
        """Run a command that reads from a descriptor."""
        return await self._stream(command, source, stdin=source, stdout=asyncio.subprocess.DEVNULL)

    async def drain(self, command: str, target: int) -> tuple[int, bytes]:
        """Run a command that writes to a descriptor."""
        return await self._stream(command, target, stdin=asyncio.subprocess.DEVNULL, stdout=target)

    async def _stream(self, command: str, descriptor: int, **ends: Any) -> tuple[int, bytes]:
        async with self._channels:
            try:
                process = await asyncio.create_subprocess_exec(*self._line(command), stderr=asyncio.subprocess.PIPE, **ends)
            finally:
                os.close(descriptor)
            _, err = await process.communicate()
        assert process.returncode is not None
        self._check(process.returncode, err)
        return process.returncode, err

    def _check(self, status: int, err: bytes) -> None:
        """Raise when ssh itself failed, not the command."""
        if status != _FAILED:
            return
        said = err.decode(errors="replace").strip()
        for words, meaning in _REFUSED:
            if words in said.lower():
                raise Refused(f"{self._host}: {meaning} ({said[-300:]})")
        if _UNREACHABLE.search(said) or not said:
            raise Unreachable(f"{self._host} cannot be reached: {said[-300:] or 'ssh ended without a word'}")


_PIPES: dict[str, Any] = {
    "stdin": asyncio.subprocess.PIPE,
    "stdout": asyncio.subprocess.PIPE,
    "stderr": asyncio.subprocess.PIPE,
}


async def _ask(*words: str) -> tuple[int, str]:
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except FileNotFoundError:
        return 127, ""
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode(errors="replace")


async def read_config(host: str, config_file: str | None = None) -> dict[str, str]:
    """Return ssh's settings for a host (`ssh -G`), the first value of each; empty when there is no ssh."""
    status, out = await _ask("ssh", *(["-F", config_file] if config_file else []), "-G", "--", host)
    found: dict[str, str] = {}
    for line in out.splitlines() if status == 0 else ():
        key, _, value = line.partition(" ")
        found.setdefault(key.lower(), value.strip())
    return found


async def find_master(host: str, config_file: str | None = None) -> str | None:
    """Return the socket of a master connection that the user keeps, if it answers."""
    path = (await read_config(host, config_file)).get("controlpath", "none")
    if path in ("none", "") or not os.path.exists(path):
        return None
    status, _ = await _ask("ssh", *(["-F", config_file] if config_file else []), "-O", "check", "--", host)
    return path if status == 0 else None
