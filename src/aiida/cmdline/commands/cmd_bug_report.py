"""`verdi bug-report`: what others need to know to find a fault, in one file, without secrets."""

from __future__ import annotations

import contextlib
import io
import json
import pathlib
import platform
import sys
import time
import zipfile
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import click

import aiida
from aiida.cmdline.commands import cmd_status
from aiida.cmdline.groups.verdi import VerdiCommand
from aiida.cmdline.utils import echo, session
from aiida.engine.daemon.client import DaemonClient

__all__ = ("verdi_bug_report",)

SECRET = ("password", "passwd", "secret", "token", "key")
LOG_BYTES = 200_000


@click.command("bug-report", cls=VerdiCommand)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=pathlib.Path), help="File to write.")
@click.pass_context
def verdi_bug_report(ctx: click.Context, /, output: pathlib.Path | None) -> None:
    """Collect what is needed to find a fault into a zip file: versions, settings without passwords, status, logs."""
    path = output or pathlib.Path(f"aiida-bug-report-{time.strftime('%Y%m%d-%H%M%S')}.zip")
    parts: dict[str, str | bytes] = {"versions.txt": _versions(), "packages.txt": _packages(), "config.json": _config(), "status.txt": _status(ctx), **_logs()}
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in parts.items():
                archive.writestr(name, text)
    except OSError as error:
        echo.echo_critical(f"cannot write `{path}`: {error.strerror or error}. `-o` names another file.")
    echo.echo_success(f"Wrote {path.absolute()}")
    echo.echo_report("Passwords were taken out, but logs may name paths and people: look into it before you publish it.")


def _versions() -> str:
    lines = {
        "AiiDA": aiida.__version__,
        "Radames": aiida.radames_version,
        "Python": sys.version.replace("\n", " "),
        "System": platform.platform(),
        "Executable": sys.executable,
    }
    return "".join(f"{name}: {value}\n" for name, value in lines.items())


def _packages() -> str:
    return "".join(sorted(f"{d.metadata['Name']}=={d.version}\n" for d in metadata.distributions()))


def without_secrets(value: Any) -> Any:
    """Return settings with the values of what sounds like a secret hidden."""
    if isinstance(value, Mapping):
        return {k: "***" if any(word in str(k).lower() for word in SECRET) else without_secrets(v) for k, v in value.items()}
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def _config() -> str:
    return json.dumps(without_secrets(session.find_config().dictionary), indent=2, default=str)


def _status(ctx: click.Context) -> str:
    """Return what `verdi status` prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), contextlib.suppress(SystemExit):
        ctx.invoke(cmd_status.verdi_status, print_traceback=True, no_rmq=False)
    return output.getvalue()


def _logs() -> dict[str, bytes]:
    """Return the ends of the logs of all daemons."""
    found = {}
    for profile in session.find_config().profiles:
        client = DaemonClient(profile)
        for name in (client.daemon_log_file, client.circus_log_file):
            path = pathlib.Path(name)
            if path.is_file():
                with path.open("rb") as handle:
                    handle.seek(max(0, path.stat().st_size - LOG_BYTES), io.SEEK_SET)
                    found[f"logs/{path.name}"] = handle.read()
    return found
