"""Monitors for tests and as examples."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiida.orm import CalcJobNode
    from aiida.transports import Transport

__all__ = ("always_kill",)


def always_kill(node: CalcJobNode, transport: Transport) -> str | None:
    """Kill the job as soon as its submit script can be read, which shows that files can be looked at."""
    workdir = node.get_remote_workdir()
    if workdir is None:
        raise ValueError(f"{node} has no remote work directory yet, so there is nothing to look at")
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "script")
        transport.getfile(os.path.join(workdir, node.get_option("submit_script_filename")), copy)
        with open(copy, encoding="utf-8") as handle:
            content = handle.read()
    return "Detected a non-empty submission script" if content else None
