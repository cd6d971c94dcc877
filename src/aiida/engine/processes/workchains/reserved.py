"""Names that a step may not carry: those of the engine's own methods.

A step called `kill` would replace the method that kills the process, and fail far from its cause. It is refused when the class is defined, as far as
the names that `define` mentions as `cls.name` tell, and at the latest when the spec is built.
"""

from __future__ import annotations

import dis
import types
import typing as t
from collections.abc import Iterable

__all__ = ("check_class", "check_names")

#: Not engine methods of ours, but names that would shadow what other programs expect of a process.
_FOREIGN = frozenset({"execute", "resume", "run", "step", "step_until_terminated", "transition_to"})


def reserved_names(base: type) -> frozenset[str]:
    """Return the names of the engine's methods and properties on a work chain."""
    return _FOREIGN | {name for name in dir(base) if not name.startswith("_")}


def check_names(cls: type, base: type, names: Iterable[str]) -> None:
    """Refuse steps that carry the name of an engine method. What a base class offers as a step (`setup`, …) is not among them."""
    reserved = reserved_names(base)
    for name in names:
        if name in reserved:
            raise RuntimeError(
                f"the step `{name}` of `{cls.__name__}` carries the name of a method of the engine, which it would replace: "
                "give the step another name"
            )


def check_class(cls: type, base: type) -> None:
    """Refuse such a step as soon as the class is defined, if `define` names it."""
    define = vars(cls).get("define")
    if isinstance(define, classmethod) and isinstance(define.__func__, types.FunctionType):
        own = {name for name, value in vars(cls).items() if isinstance(value, types.FunctionType)}
        check_names(cls, base, _named_on_first_argument(define.__func__) & own)


def _named_on_first_argument(function: types.FunctionType) -> set[str]:
    """Return the names `x` for which the function says `cls.x`."""
    code = function.__code__
    if not code.co_argcount:
        return set()
    first = code.co_varnames[0]
    found: set[str] = set()
    previous: t.Any = None
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and previous is not None and previous.argval == first:
            found.add(instruction.argval)
        previous = instruction
    return found
