"""Defaults that are looked up when they are needed."""

from __future__ import annotations

from typing import Any

import click

from aiida.cmdline.utils import session

__all__ = ("get_default_profile", "get_dictionary_formats")


def get_default_profile() -> Any:
    """Return the profile that is loaded or the default, None if there is none."""
    ctx = click.get_current_context(silent=True)
    if ctx is not None and ctx.obj is not None and "profile" in ctx.obj:
        return ctx.obj["profile"]
    profile = session.find_default_profile()
    return None if profile is None else profile.name


def get_dictionary_formats() -> tuple[str, ...]:
    """Return the formats in which dictionaries are printed."""
    return ("json+date", "yaml", "yaml_expanded")
