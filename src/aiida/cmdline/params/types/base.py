"""The base of our types. Newer versions of click make it generic; older ones cannot be given an argument."""

from typing import TYPE_CHECKING, Any

import click

__all__ = ("AnyParamType",)

if TYPE_CHECKING:
    AnyParamType = click.ParamType[Any]
else:
    AnyParamType = click.ParamType
