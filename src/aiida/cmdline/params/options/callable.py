"""An option whose callable default is asked for when it is needed only, not while the help is written."""

from __future__ import annotations

from typing import Any

import click

__all__ = ("CallableDefaultOption",)


class CallableDefaultOption(click.Option):
    """A default that is expensive or depends on the profile is not called in completion."""

    def get_default(self, ctx: click.Context, call: bool = True) -> Any:
        """Return the default; the callable itself stays uncalled while a line is being completed."""
        return super().get_default(ctx, call=call and not ctx.resilient_parsing)
