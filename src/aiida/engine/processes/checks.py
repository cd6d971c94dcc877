"""How a value is held against a port: the words of a refusal, the breadcrumbs, the calling of validators.

Pure: nothing here knows a node or a database, so the same checks serve inputs, outputs, and the process builder.
"""

from __future__ import annotations

import inspect
import typing as t
import warnings
from collections.abc import Callable, Mapping, Sequence

__all__ = (
    "UNSPECIFIED",
    "PortValidationError",
    "breadcrumbs_to_port",
    "check_type",
    "is_unspecified",
    "normalise_validator",
    "run_validator",
)

Breadcrumbs = Sequence[str]
ValidType = type[t.Any] | tuple[type[t.Any], ...] | None
Validator = Callable[[t.Any, t.Any], str | None]


class _Unspecified(tuple[()]):
    """The one value that says *nothing was given*, which `None` cannot say since `None` may be given."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "()"

    def __copy__(self) -> _Unspecified:
        return self

    def __deepcopy__(self, memo: dict[int, t.Any]) -> _Unspecified:
        return self

    def __reduce__(self) -> str:
        return "UNSPECIFIED"


UNSPECIFIED: t.Final = _Unspecified()


def is_unspecified(value: t.Any) -> bool:
    """Tell whether `value` is the marker."""
    return value is UNSPECIFIED


class PortValidationError(Exception):
    """A value that a port refuses: the message, and the dotted path of the port."""

    def __init__(self, message: str, port: str) -> None:
        super().__init__(f"Error occurred validating port '{port}': {message}")
        self._message = message
        self._port = port

    @property
    def message(self) -> str:
        """Return the refusal without the path."""
        return self._message

    @property
    def port(self) -> str:
        """Return the dotted path of the port."""
        return self._port


def breadcrumbs_to_port(breadcrumbs: Breadcrumbs) -> str:
    """Join the names on the way into a dotted path."""
    return ".".join(breadcrumbs)


def check_type(value: t.Any, valid_type: ValidType, name: str) -> str | None:
    """Return the refusal of a value whose type is not among the valid ones."""
    if valid_type is None or isinstance(value, valid_type):
        return None
    return f"value '{name}' is not of the right type. Got '{type(value)}', expected '{valid_type}'"


def normalise_validator(validator: t.Any) -> Validator | None:
    """Give every validator the two arguments (value, port); the one-argument form of old plugins is wrapped, with a warning."""
    if validator is None or not callable(validator):
        return t.cast("Validator | None", validator)
    try:
        parameters = inspect.signature(validator).parameters.values()
    except (TypeError, ValueError):
        return t.cast(Validator, validator)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters) or len(positional) != 1:
        return t.cast(Validator, validator)
    warnings.warn(
        f"the validator `{getattr(validator, '__name__', validator)}` takes one argument; it should take two: (value, port)",
        UserWarning,
        stacklevel=4,
    )
    return _OneArgument(validator)


class _OneArgument:
    """A validator of the old form, which knows nothing of its port."""

    def __init__(self, function: Callable[[t.Any], str | None]) -> None:
        self.function = function

    def __call__(self, value: t.Any, _port: t.Any) -> str | None:
        return self.function(value)


def run_validator(validator: Validator | None, value: t.Any, port: t.Any, path: str) -> PortValidationError | None:
    """Ask the validator; what it raises passes through unchanged, what it returns becomes a refusal."""
    if validator is None:
        return None
    message = validator(value, port)
    if message is None:
        return None
    if not isinstance(message, str):
        raise TypeError(f"the validator of port '{path}' returned {type(message)}; it should return a message or None")
    return PortValidationError(message, path)


def refuse_leftovers(
    leftovers: Mapping[str, t.Any], *, dynamic: bool, valid_type: ValidType, breadcrumbs: Breadcrumbs
) -> PortValidationError | None:
    """Check the values for which no port was declared."""
    if leftovers and not dynamic:
        message = f"Unexpected ports {dict(leftovers)}, for a non dynamic namespace"
        return PortValidationError(message, breadcrumbs_to_port(breadcrumbs))
    if valid_type is None:
        return None
    for name, value in leftovers.items():
        path = (*breadcrumbs, name)
        if isinstance(value, valid_type):
            continue
        if isinstance(value, Mapping):
            if (refusal := refuse_leftovers(value, dynamic=True, valid_type=valid_type, breadcrumbs=path)) is not None:
                return refusal
            continue
        message = f"Invalid type {type(value)} for dynamic port value: expected {valid_type}"
        return PortValidationError(message, breadcrumbs_to_port(path))
    return None
