"""Caching: an equal calculation has finished before, so nothing is run.

Storing the node made it a copy of the other one, outputs included (`aiida.orm.nodes.caching`). Such a process still passes the same road as
any other (created, run, finished); only what is run differs. So nothing else has to know of it.
"""

from __future__ import annotations

import typing as t

from aiida.common.exit_code import ExitCode
from aiida.engine.processes import exposing, recorder
from aiida.engine.processes.outcome import Finish
from aiida.orm.nodes.caching import NodeCaching

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process

__all__ = ("cache_source", "replay")


def cache_source(process: Process) -> str | None:
    """Return the UUID of the node that this process was copied from, if it was."""
    return t.cast("str | None", process.node._row.extras.get(NodeCaching.CACHED_FROM_KEY))


def replay(process: Process) -> Finish:
    """Take the outputs that came with the copy, and end as the original did."""
    process._outputs = exposing.outputs_of(process.node)
    process._taken_outputs = dict(recorder.flatten_outputs(process._outputs))
    attributes = process.node._row.attributes
    return Finish(ExitCode(attributes.get("exit_status") or 0, attributes.get("exit_message")))
