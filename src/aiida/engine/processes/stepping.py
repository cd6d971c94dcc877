"""How user code is run: with the instance marked as the running one, its log rows collected, and what it attached checked.

What comes of it (outcome, outputs, log rows) stays with the instance until the runtime takes it, to commit all of it together.
"""

from __future__ import annotations

import contextlib
import contextvars
import typing as t
from collections.abc import Iterable, Iterator

from aiida.common.exceptions import InvalidOperation
from aiida.common.exit_code import ExitCode
from aiida.engine.processes import recorder
from aiida.engine.processes.outcome import Outcome, PendingOutput, Pointer
from aiida.engine.processes.replay import replay
from aiida.orm import Node
from aiida.orm.utils.log import log_sink

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process

__all__ = ("current_process",)

#: The instance whose user code runs in this context.
current_process: contextvars.ContextVar[Process | None] = contextvars.ContextVar("current_process", default=None)


def run_step(process: Process, pointer: Pointer | None) -> Outcome:
    """Run user code up to the next point at which it can be resumed."""
    token = current_process.set(process)
    try:
        with collecting_logs(process):
            outcome = process._step(pointer) if process._cached_source is None else replay(process)
            for label, value in pending_outputs(process):
                recorder.check_output(process, label, value)
            process._store_loose_nodes()
        return outcome
    except BaseException:
        drop_refused_outputs(process)
        raise
    finally:
        current_process.reset(token)


@contextlib.contextmanager
def collecting_logs(process: Process) -> Iterator[None]:
    """Keep log rows with the instance, to be stored in the transaction that ends the step."""
    if not process._node.is_stored:
        yield
        return
    token = log_sink.set(process._log_rows)
    try:
        yield
    finally:
        log_sink.reset(token)


def pending_outputs(process: Process) -> Iterator[tuple[str, t.Any]]:
    """Yield (link label, node) for outputs that nobody has taken yet.

    Undeclared outputs that are no nodes were accepted by a dynamic namespace: they are given back, and have no link.
    """
    taken, declared = process._taken_outputs, process.spec().outputs
    for label, value in recorder.flatten_outputs(process._outputs):
        if taken.get(label) is not value and (isinstance(value, Node) or recorder.is_declared(declared, label)):
            yield label, value


def drop_refused_outputs(process: Process) -> None:
    """Forget outputs that can have no link, so that the end of a failed process is not stopped by them."""
    for label, value in list(pending_outputs(process)):
        try:
            recorder.check_output(process, label, value)
        except (TypeError, ValueError):
            recorder.remove_nested(process._outputs, label.split("__"))


def take_outputs(process: Process) -> list[PendingOutput]:
    """Return the outputs attached since the last take, with the links they need."""
    pending = [PendingOutput(value, recorder.check_output(process, label, value), label) for label, value in pending_outputs(process)]
    process._taken_outputs.update({output.label: output.node for output in pending})
    return pending if process._has_provenance else []


def note_outputs(process: Process, outputs: Iterable[PendingOutput]) -> None:
    """Know of outputs that the runtime attached itself."""
    for output in outputs:
        recorder.put_nested(process._outputs, output.label.split("__"), output.node)
        process._taken_outputs[output.label] = output.node


def check_outputs(process: Process, exit_code: ExitCode) -> ExitCode:
    """Return the exit code of a process that succeeded by its own account, in the light of what it attached."""
    refusal = process.spec().outputs.validate(process._outputs)
    if refusal is None:
        return exit_code
    missing = refusal.message.startswith("required value was not provided")
    codes = process.exit_codes
    return t.cast(ExitCode, codes.ERROR_MISSING_OUTPUT if missing else codes.ERROR_INVALID_OUTPUT)


def read_exit_code(process: Process, result: t.Any) -> ExitCode:
    """Read what a `run` returned as the way it ended."""
    if isinstance(result, ExitCode):
        return result
    if result is None or isinstance(result, int):
        return ExitCode(int(result or 0))
    raise InvalidOperation(
        f"`{process.get_name()}` returned {result!r} of type {type(result)}: return None, an int, an ExitCode or a dictionary of outputs"
    )
