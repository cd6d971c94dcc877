"""Types that many signatures use."""

from __future__ import annotations

import pathlib

__all__ = ("FilePath",)

FilePath = str | pathlib.PurePath
