"""An option that is defined once and then used with small changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

__all__ = ("OverridableOption",)


class OverridableOption:
    """Call it, with overrides, to get the decorator that adds the option to a command."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs

    def __call__(self, **kwargs: Any) -> Callable[[Any], Any]:
        """Return the decorator, with some settings replaced."""
        return click.option(*self.args, **{**self.kwargs, **kwargs})

    def clone(self, **kwargs: Any) -> OverridableOption:
        """Return a copy with some settings replaced."""
        return OverridableOption(*self.args, **{**self.kwargs, **kwargs})
