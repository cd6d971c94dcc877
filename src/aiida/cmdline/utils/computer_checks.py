"""What `verdi computer test` tries: each check is a function over an open connection that says whether it passed, and what it saw."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable
from math import isclose
from typing import Any

from aiida.cmdline.utils import echo, files

__all__ = ("CHECKS", "open_connection", "run_check")

Check = tuple[str, Callable[..., tuple[bool, str | None]]]


def _test_no_unexpected_output(transport: Any, scheduler: Any, authinfo: Any) -> tuple[bool, str | None]:
    code, out, err = transport.exec_command_wait("echo -n")
    if code == 0 and not out and not err:
        return True, None
    seen = "\n".join(f"{name}:\n{text}" for name, text in (("stdout", out), ("stderr", err)) if text) or f"exit code {code}"
    return False, (
        f"the shell prints something by itself, which spoils what programs say; make the shell's start-up files silent where there is no terminal:\n{seen}"
    )


def _test_get_jobs(transport: Any, scheduler: Any, authinfo: Any) -> tuple[bool, str | None]:
    scheduler.set_transport(transport)
    found = scheduler.get_jobs(as_dict=True)
    return True, f"{len(found)} jobs found in the queue"


def _test_user_name(transport: Any, scheduler: Any, authinfo: Any) -> tuple[bool, str | None]:
    return True, str(transport.whoami())


def _test_temporary_file(transport: Any, scheduler: Any, authinfo: Any) -> tuple[bool, str | None]:
    """Write a file into the work directory, read it back, delete it."""
    content = f"Test from 'verdi computer test' on {time.strftime('%Y-%m-%d %H:%M:%S')}\n"
    workdir = authinfo.get_workdir().format(username=transport.whoami())
    transport.makedirs(workdir, ignore_existing=True)
    path = f"{workdir}/aiida_test_{time.time_ns()}.txt"
    with files.temporary_text(content) as local:
        transport.put(local, path)
        back = files.read_remote(transport, path).decode(errors="replace")
    transport.remove(path)
    if back != content:
        return False, f"the file `{path}` came back changed: {back!r} instead of {content!r}"
    return True, None


def _time(transport: Any, count: int = 3) -> float:
    started = time.monotonic()
    for _ in range(count):
        transport.exec_command_wait("echo")
    return (time.monotonic() - started) / count


def _test_login_shell(transport: Any, scheduler: Any, authinfo: Any) -> tuple[bool, str | None]:
    """Compare a command with and without a login shell."""
    if not authinfo.get_auth_params().get("use_login_shell", True):
        return True, None
    with_login = _time(transport)
    settings = {**authinfo.get_auth_params(), "use_login_shell": False}
    with type(transport)(machine=authinfo.computer.hostname, **settings) as plain:
        without = _time(plain)
    if with_login > 2 * without and not isclose(with_login, without, abs_tol=0.05):
        computer = authinfo.computer
        return True, (
            f"\n\nWarning: a login shell is used, which is slower: {with_login:.3f} instead of {without:.3f} seconds per command.\n"
            f"Unless it is needed, switch it off:\n\n    verdi computer configure {computer.transport_type} {computer.label} -n --no-use-login-shell\n"
        )
    return True, None


CHECKS: tuple[Check, ...] = (
    ("Checking for spurious output", _test_no_unexpected_output),
    ("Getting number of jobs from scheduler", _test_get_jobs),
    ("Determining remote user name", _test_user_name),
    ("Creating and deleting temporary file", _test_temporary_file),
    ("Checking for possible delay from using login shell", _test_login_shell),
)


def open_connection(stack: contextlib.ExitStack, transport: Any) -> tuple[bool, str | None]:
    stack.enter_context(transport)
    return True, None


def run_check(title: str, check: Callable[[], tuple[bool, str | None]], print_traceback: bool) -> bool:
    """Run one check and print how it went."""
    echo.echo(f"* {title}... ", nl=False)
    try:
        passed, message = check()
    except Exception as error:
        passed, message = False, f"{type(error).__name__}: {error}"
        if print_traceback:
            message += "\n" + traceback.format_exc()
        else:
            message += "\nUse the `--print-traceback` option to see the full traceback."
    if passed:
        echo.echo("[OK]", fg="green", nl=False)
        echo.echo(f": {message}" if message else "")
    else:
        echo.echo(f"[Failed]: {message}", fg="red")
    return passed
