"""The option `--config FILE`: values of other options from a YAML file or an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from aiida.cmdline.params.options.overridable import OverridableOption

__all__ = ("ConfigFileOption",)


def read_yaml(handle: Any) -> dict[str, Any]:
    """Return the mapping in an open YAML file."""
    import yaml  # here, since few commands read YAML

    values = yaml.safe_load(handle) or {}
    if not isinstance(values, dict):
        raise ValueError("it should hold a mapping of option names to values")
    return values


def apply_file(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Make the values of the file the defaults of the command's other options."""
    if value is None or ctx.resilient_parsing:
        return value
    name = getattr(value, "name", "the file")
    try:
        given = read_yaml(value)
    except Exception as error:
        raise click.BadOptionUsage("config", f"Error reading configuration file {name}: {error}", ctx) from error
    known = {p.name for p in ctx.command.params}
    values = {key.replace("-", "_"): item for key, item in given.items()}
    unknown = sorted(set(values) - known)
    if unknown:
        raise click.BadOptionUsage(
            "config", f"Invalid configuration file {name}, the following keys are not supported: {set(unknown)}", ctx
        )
    ctx.default_map = {**(ctx.default_map or {}), **values}
    return value


class ConfigFileOption(OverridableOption):
    """The option is read before the others, so that what it sets is their default."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"is_eager": True, "expose_value": False, "callback": apply_file, **kwargs})

    def __call__(self, **kwargs: Any) -> Callable[[Any], Any]:
        """Return the decorator."""
        return super().__call__(**kwargs)
