"""Login shells on another machine that are started once and fork for each command.

A login shell there reads profile files first, which takes longer than most commands. A few are kept per connection; each runs one
command after the other and writes its reply, framed by lengths, to its output. Who finds all of them busy for a second is told so and
starts one of his own.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from .paths import quote

__all__ = ("LoginShells",)

_MARK = b"=====aiida-reply====="

#: run the second argument in a fork; then number, status and lengths in a line of their own, and the two outputs. What a child in the
#: background writes later is not part of the reply.
_SETUP = f"""\
aiida_d=$(mktemp -d "${{TMPDIR:-/tmp}}/aiida-shell-XXXXXX") && trap 'rm -rf "$aiida_d"' EXIT
aiida_run() {{
  aiida_o=$aiida_d/$1.out aiida_e=$aiida_d/$1.err
  ( eval "$2" ) < /dev/null > "$aiida_o" 2> "$aiida_e"; set -- "$1" "$?" $(wc -c < "$aiida_o") $(wc -c < "$aiida_e")
  printf '\\n{_MARK.decode()} %s %s %s %s\\n' "$1" "$2" "$3" "$4"
  head -c "$3" "$aiida_o"; head -c "$4" "$aiida_e"; rm -f "$aiida_o" "$aiida_e"
}}
"""

#: how long to wait for a shell that is free.
_PATIENCE = 1.0


class LoginShells:
    """A few shells over one connection. `start` opens a process of the back end, with `stdin` and `stdout` that can be awaited."""

    def __init__(self, start: Callable[[str], Awaitable[Any]], *, most: int = 2) -> None:
        self._start = start
        self._slots = asyncio.Semaphore(most)
        self._idle: list[Any] = []
        self._numbers = itertools.count(1)

    async def run(self, command: str) -> tuple[int, bytes, bytes] | None:
        """Run a command; None when no shell is to be had soon (nothing was run then)."""
        try:
            await asyncio.wait_for(self._slots.acquire(), _PATIENCE)
        except TimeoutError:
            return None
        try:
            return await self._run(command)
        finally:
            self._slots.release()

    async def _run(self, command: str) -> tuple[int, bytes, bytes] | None:
        shell = self._idle.pop() if self._idle else await self._open()
        if shell is None:
            return None
        number = next(self._numbers)
        try:
            shell.stdin.write(f"aiida_run {number} {quote(command)}\n".encode())
            reply = await self._read(shell, number)
        except BaseException:
            _end(shell)  # what it runs goes on, its reply is not waited for
            raise
        self._idle.append(shell)
        return reply

    async def _open(self) -> Any:
        try:
            shell = await self._start("bash -l 2>/dev/null")
        except OSError:
            return None
        shell.stdin.write(_SETUP.encode())
        return shell

    @staticmethod
    async def _read(shell: Any, number: int) -> tuple[int, bytes, bytes]:
        while True:
            line = await shell.stdout.readline()
            if not line:
                raise ConnectionResetError("the login shell there ended while a command ran: its result is not known")
            words = line.split()
            if len(words) == 5 and words[0] == _MARK and words[1] == str(number).encode():
                break
        status, out, err = (int(word) for word in words[2:])
        try:
            return status, await shell.stdout.readexactly(out), await shell.stdout.readexactly(err)
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the connection was lost in the reply of a command: its result is not known") from error

    def close(self) -> None:
        """End the shells."""
        idle, self._idle = self._idle, []
        for shell in idle:
            _end(shell)


def _end(shell: Any) -> None:
    with contextlib.suppress(Exception):
        shell.stdin.close()
    with contextlib.suppress(Exception):
        shell.terminate()
