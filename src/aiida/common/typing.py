"""Types that many signatures use."""

from __future__ import annotations

import pathlib
from typing import Union

__all__ = ("FilePath",)

FilePath = Union[str, pathlib.PurePath]
