"""Values of process nodes as short texts for a list."""

from __future__ import annotations

from datetime import datetime

from aiida.common import timezone

__all__ = ("LIVE", "format_process_state", "format_relative_time", "format_sealed", "format_state")

LIVE = ("created", "running", "waiting")

# One sign per state, as `verdi process list` shows it; a live process that is paused has its own.
_SIGNS = {"created": "⏹", "running": "⏵", "waiting": "⏵", "finished": "⏹", "excepted": "⨯", "killed": "☠"}
_PAUSED_SIGN = "⏸"
_UNKNOWN_SIGN = "·"
_UNITS = ((86400, "D"), (3600, "h"), (60, "m"))


def format_relative_time(value: datetime) -> str:
    """Return how long ago a moment was, in the largest unit that fits: `5s ago`, `3h ago`."""
    seconds = max(0, int((timezone.now() - value).total_seconds()))
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size}{unit} ago"
    return f"{seconds}s ago"


def format_state(process_state: str, paused: bool | None = None, exit_status: int | None = None) -> str:
    """Return the state with its sign, and the exit status of what has finished."""
    sign = _SIGNS.get(process_state, _UNKNOWN_SIGN)
    if paused and process_state in LIVE:
        sign = _PAUSED_SIGN
    suffix = f" [{exit_status}]" if process_state == "finished" and exit_status is not None else ""
    return f"{sign} {format_process_state(process_state)}{suffix}"


def format_process_state(process_state: str) -> str:
    """Return the state as it is written in a list."""
    return str(process_state).capitalize() if process_state else "None"


def format_sealed(sealed: bool) -> str:
    """Return whether a node is sealed."""
    return "True" if sealed in (True, 1) else "False"
