"""What one run of a command line knows: how much to say, whether colour is wanted, which profile is the default."""

from __future__ import annotations

import gc
import logging
import os
import warnings
from pathlib import Path
from typing import Any

import click

from aiida.common import log, slots
from aiida.manage import configuration

__all__ = ("LEVELS", "find_config", "find_config_dir", "find_default_profile", "get_level", "given", "known", "is_colour_refused", "set_level", "take_terminal")

LEVELS = {"notset": 0, "debug": 10, "info": 20, "report": 23, "warning": 30, "error": 40, "critical": 50}

_asked_for: int | None = None


def set_level(name: str | None) -> None:
    """Set how much is said, as asked for on the command line; None goes back to the option of the profile."""
    global _asked_for
    _asked_for = None if name is None else LEVELS[name.lower()]
    log.CLI_LOG_LEVEL = None if name is None else name.upper()
    if _asked_for is not None:
        # Loggers may be configured already (inside `verdi shell`, in tests); else it happens when a profile is loaded.
        logging.getLogger("aiida").setLevel(_asked_for or 1)


def take_terminal() -> None:
    """Have the log of the library printed in our manner. Called by `verdi` itself, not by commands run from Python."""
    log.CLI_ACTIVE = True
    gc.set_threshold(20_000, 20, 20)  # a command imports, prints and ends: looking for garbage is a fifth of its time
    warnings.showwarning = _show_warning


def _show_warning(message: Any, category: type[Warning], filename: str, lineno: int, file: Any = None, line: str | None = None) -> None:
    """Print a Python warning as one line: where it was raised means nothing to who typed a command."""
    place = f" ({filename}:{lineno})" if get_level() <= LEVELS["debug"] else ""
    click.echo(click.style("Warning: ", fg="bright_yellow", bold=True) + f"{message}{place}", err=True)


def get_level() -> int:
    """Return the lowest level that is printed."""
    if _asked_for is not None:
        return _asked_for
    settings = slots.current_settings.get_or_none()
    wanted = settings.get("logging.verdi_loglevel") if settings is not None else None
    return LEVELS.get(str(wanted).lower(), LEVELS["report"])


def is_colour_refused() -> bool:
    """Return whether the user asked for no colours (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def find_config() -> Any:
    """Return the configuration, made if there is none."""
    return configuration.get_config(create=True)


def find_default_profile() -> Any:
    """Return the loaded profile, else the default one, else None."""
    loaded = configuration.get_profile()
    if loaded is not None:
        return loaded
    config = find_config()
    name = os.environ.get("AIIDA_PROFILE") or config.default_profile_name
    return None if name is None else config.get_profile(name)


def find_config_dir() -> Path:
    """Return the folder of the configuration."""
    return Path(find_config().dirpath)


def given(ctx: click.Context, name: str) -> Any:
    """Return the value of a parameter that was read before, None if it was not given (click marks that in its own way)."""
    return known(ctx.params.get(name))


def known(value: Any) -> Any:
    """Return a value, None for click's mark of what is not set."""
    return None if type(value).__name__ == "Sentinel" else value
