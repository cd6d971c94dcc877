"""An argument that is defined once and then used with small changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

__all__ = ("OverridableArgument",)


class OverridableArgument:
    """Call it, with a new name or overrides, to get the decorator that adds the argument to a command."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs

    def __call__(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        """Return the decorator, with some settings replaced."""
        return click.argument(*(args or self.args), **{**self.kwargs, **kwargs})
