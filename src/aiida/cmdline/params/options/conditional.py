"""An option that is required under a condition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

__all__ = ("ConditionalOption",)


class ConditionalOption(click.Option):
    """`required_fn(ctx)` says whether the option must be given, in view of the other values."""

    def __init__(
        self, param_decls: Sequence[str] | None = None, required_fn: Callable[[click.Context], bool] | None = None, **kwargs: Any
    ) -> None:
        self.required_fn = required_fn
        if required_fn is not None:
            kwargs["required"] = False
        super().__init__(param_decls=param_decls, **kwargs)

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Convert the value, then complain if it is missing though required."""
        value = super().process_value(ctx, value)
        if self.required_fn is not None and self.value_is_missing(value) and self.is_required(ctx):
            raise click.MissingParameter(ctx=ctx, param=self)
        return value

    def is_required(self, ctx: click.Context) -> bool:
        """Return whether the option must be given here."""
        return bool(self.required_fn(ctx)) if self.required_fn is not None else self.required
