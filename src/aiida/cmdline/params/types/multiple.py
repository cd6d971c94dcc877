"""Several values of one type."""

from __future__ import annotations

from typing import Any

import click

from aiida.cmdline.params.types.base import AnyParamType

__all__ = ("MultipleValueParamType",)


class MultipleValueParamType(AnyParamType):
    """Convert every word with the type of one value."""

    def __init__(self, param_type: AnyParamType) -> None:
        super().__init__()
        self._param_type = param_type
        self.name = f"{param_type.name}..."

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str | None:
        """Return the metavar of one value, with dots."""
        try:
            one = self._param_type.get_metavar(param, ctx)  # type: ignore[arg-type]
        except TypeError:  # click before 8.2
            one = self._param_type.get_metavar(param)  # type: ignore[call-arg]
        return one or f"{self._param_type.name.upper()}..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any, ...]:
        """Return the converted values."""
        values = (value,) if isinstance(value, str) else tuple(value)
        return tuple(self._param_type(item, param=param, ctx=ctx) for item in values)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Complete one value."""
        return self._param_type.shell_complete(ctx, param, incomplete)
