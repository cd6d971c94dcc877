"""Small additions to the language."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ("classproperty", "isidentifier", "override", "override_decorator", "type_check")

T = TypeVar("T")
MethodType = TypeVar("MethodType", bound=Callable[..., Any])
ReturnType = TypeVar("ReturnType")


def isidentifier(identifier: str) -> bool:
    """Whether the text can be the name of a Python variable."""
    return identifier.isidentifier() and not keyword.iskeyword(identifier)


def type_check(what: T, of_type: Any, msg: str | None = None, allow_none: bool = False) -> T:
    """Return `what` if it is an instance of `of_type`, else raise `TypeError`."""
    if (what is None and allow_none) or isinstance(what, of_type):
        return what
    raise TypeError(msg or f"Got object of type '{type(what)}', expecting '{of_type}'")


def override_decorator(check: bool = False) -> Callable[[MethodType], MethodType]:
    """Return a decorator that marks a method as overriding one of a base class; with `check`, it is verified when called."""

    def decorate(func: MethodType) -> MethodType:
        if not check:
            return func

        from functools import wraps

        @wraps(func)
        def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not any(hasattr(base, func.__name__) for base in type(self).__mro__[1:]):
                raise RuntimeError(f"`{func.__qualname__}` overrides nothing: no base class has a method of this name")
            return func(self, *args, **kwargs)

        return checked  # type: ignore[return-value]

    return decorate


override = override_decorator(check=False)


class classproperty(Generic[ReturnType]):
    """A read-only property of a class."""

    def __init__(self, getter: Callable[[Any], ReturnType]) -> None:
        self.getter = getter
        self.__doc__ = getter.__doc__

    def __get__(self, instance: Any, owner: Any) -> ReturnType:
        return self.getter(owner)
