"""Warnings about what goes away, and about configuration."""

from __future__ import annotations

import os
import warnings

from aiida.common.slots import current_settings

__all__ = ("AiidaDeprecationWarning", "AiidaEntryPointWarning", "AiidaTestWarning", "warn_deprecation")


class AiidaDeprecationWarning(Warning):
    """Something of the public interface will go away. Not a `DeprecationWarning`, which Python hides by default."""


class AiidaEntryPointWarning(Warning):
    """Something is odd about the registered entry points."""


class AiidaTestWarning(Warning):
    """Something is odd about a test."""


def warn_deprecation(message: str, version: int, stacklevel: int = 2) -> None:
    """Warn that something will be removed in major version `version`, unless the user switched such warnings off.

    `stacklevel` counts from the caller of this function, as in `warnings.warn`.
    """
    if os.environ.get("AIIDA_WARN_v3") is None and not _is_shown():
        return
    warnings.warn(f"{message} (this will be removed in v{version})", AiidaDeprecationWarning, stacklevel=stacklevel + 1)


def _is_shown() -> bool:
    settings = current_settings.get_or_none()
    return settings is None or bool(settings.get("warnings.showdeprecations"))
