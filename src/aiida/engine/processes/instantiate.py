"""From what a user hands over (class, builder, process function, inputs) to a process class and its inputs."""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Mapping

from aiida.engine.processes.builder import ProcessBuilder

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process

__all__ = ("make_process", "prepare_inputs", "resolve_process")


def prepare_inputs(inputs: Mapping[str, t.Any] | None = None, **kwargs: t.Any) -> dict[str, t.Any]:
    """Return the inputs given either as one mapping or as keywords."""
    if inputs is not None and kwargs:
        raise ValueError("cannot specify both `inputs` and `kwargs`: give a mapping or keywords")
    if inputs is None:
        return kwargs
    if isinstance(inputs, Mapping):
        return dict(inputs)
    raise TypeError(f"the inputs should be given as a mapping or as keywords, not as a {type(inputs)}")


def resolve_process(process: t.Any, inputs: Mapping[str, t.Any]) -> tuple[type[Process], dict[str, t.Any]]:
    """Return the process class, and the inputs with those of a builder below them."""
    if isinstance(process, ProcessBuilder):
        return process.process_class, {**process._inputs(prune=True), **inputs}
    if getattr(process, "is_process_function", False):
        # The attribute `process_class` of a process function is its FunctionProcess.
        create = getattr(process.process_class, "create_inputs", dict)  # other packages decorate functions with classes of their own
        return process.process_class, create(**inputs)
    if inspect.isclass(process) and hasattr(process, "_create"):
        return t.cast("type[Process]", process), dict(inputs)
    raise ValueError(f"invalid process {type(process)}, needs to be Process or ProcessBuilder")


def make_process(
    process: t.Any, inputs: Mapping[str, t.Any] | None = None, *, runner: t.Any = None, parent: Process | None = None
) -> Process:
    """Make an instance with an unstored node."""
    process_class, given = resolve_process(process, inputs or {})
    return process_class._create(given, runner=runner, parent=parent)
