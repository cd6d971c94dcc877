"""Names of configuration options."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem
from click.types import StringParamType

from aiida.common import exceptions
from aiida.manage.configuration import options

__all__ = ("ConfigOptionParamType",)


class ConfigOptionParamType(StringParamType):
    """The name of an option, converted to what is known of it."""

    name = "config option"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the option, or say which ones look like it."""
        if isinstance(value, options.Option):
            return value
        try:
            return options.get_option(str(value))
        except exceptions.ConfigurationError:
            known = options.get_option_names()
            similar = [name for name in known if str(value) in name]
            hint = f"; similar are: {', '.join(similar)}" if similar else ""
            self.fail(f"{value} is not a valid configuration option{hint}. See `verdi config list`.", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin so."""
        return [CompletionItem(name) for name in options.get_option_names() if name.startswith(incomplete)]
