"""Connection settings as data: the command line renders them, nothing here knows how.

A transport declares them as `_valid_auth_options`: pairs of a name and a dictionary. The keys of the dictionary are what existing
plugins write: `type`, `default`, `prompt`, `help`, `switch`, `callback` (called as ``callback(context, parameter, value)``),
`non_interactive_default`; and one of ours, `choices`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ("AuthOption", "field", "validate_positive_number")

AuthOption = tuple[str, dict[str, Any]]


def field(
    name: str,
    prompt: str,
    help: str,
    *,
    type: Any = None,
    default: Any = None,
    switch: bool = False,
    choices: Sequence[str] = (),
    callback: Callable[[Any, Any, Any], Any] | None = None,
) -> AuthOption:
    """Return one setting; only what is given appears in its dictionary."""
    given: dict[str, Any] = {"type": type, "default": default, "callback": callback, "choices": list(choices), "switch": switch}
    spec = {key: value for key, value in given.items() if value not in (None, [], False) or (key == "default" and switch)}
    return name, {**spec, "prompt": prompt, "help": help, "non_interactive_default": True}


def validate_positive_number(ctx: Any, param: Any, value: Any) -> Any:
    """Return `value`, or raise ValueError when it is no number or negative."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a valid positive number")
    return value
