"""Handlers of a restarting work chain: methods that look at a finished child and say what to do about it."""

from __future__ import annotations

import functools
import inspect
import typing as t
from collections.abc import Callable
from types import FunctionType

from aiida.common.exit_code import ExitCode

if t.TYPE_CHECKING:
    from aiida.orm import ProcessNode

__all__ = ("ProcessHandlerReport", "process_handler")


class ProcessHandlerReport(t.NamedTuple):
    """What a handler decided: whether no other is to be asked, and with which exit code the work chain is to end (0: it goes on)."""

    do_break: bool = False
    exit_code: ExitCode = ExitCode()


class Handler(t.NamedTuple):
    """What the decorator says about a handler."""

    priority: int
    exit_codes: tuple[ExitCode, ...] | None
    enabled: bool


def process_handler(
    wrapped: FunctionType | None = None,
    *,
    priority: int = 0,
    exit_codes: ExitCode | list[ExitCode] | None = None,
    enabled: bool = True,
) -> t.Any:
    """Make a method a handler: it is called, by descending priority, after each child, or only after those with one of `exit_codes`."""
    if wrapped is None:
        return functools.partial(process_handler, priority=priority, exit_codes=exit_codes, enabled=enabled)
    if not isinstance(wrapped, FunctionType):
        raise TypeError("first argument can only be an instance method, use keywords for decorator arguments.")
    if not isinstance(priority, int):
        raise TypeError("the `priority` keyword should be an integer.")
    if not isinstance(enabled, bool):
        raise TypeError("the `enabled` keyword should be a boolean.")
    handler = Handler(priority, _as_tuple(exit_codes), enabled)
    parameters = inspect.signature(wrapped).parameters
    if len(parameters) != 2:
        raise TypeError(f"process handler `{wrapped.__name__}` has invalid signature: it should be `(self, node)`")

    @functools.wraps(wrapped)
    def call(self: t.Any, node: ProcessNode) -> ProcessHandlerReport | None:
        # Only the status counts: a parser may have put other words into the message.
        if handler.exit_codes is not None and node.exit_status not in [code.status for code in handler.exit_codes]:
            return None
        return t.cast("ProcessHandlerReport | None", wrapped(self, node))

    call.decorator = process_handler  # type: ignore[attr-defined]
    call.handler = handler  # type: ignore[attr-defined]
    call.priority = priority  # type: ignore[attr-defined]
    call.enabled = enabled  # type: ignore[attr-defined]
    return call


def _as_tuple(exit_codes: ExitCode | list[ExitCode] | None) -> tuple[ExitCode, ...] | None:
    if exit_codes is None:
        return None
    # An exit code is a tuple itself, so it is asked for first.
    codes: t.Any = [exit_codes] if isinstance(exit_codes, ExitCode) else exit_codes
    if not isinstance(codes, (list, tuple)) or not all(isinstance(code, ExitCode) for code in codes):
        raise TypeError("`exit_codes` keyword should be an instance of `ExitCode` or list thereof.")
    return tuple(codes)


HandlerMethod = Callable[[t.Any, "ProcessNode"], "ProcessHandlerReport | None"]
