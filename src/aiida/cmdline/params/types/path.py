"""Paths and addresses of files."""

from __future__ import annotations

import os
import re
from io import BytesIO, StringIO
from typing import Any
from urllib import error as urllib_error
from urllib import request

import click

__all__ = ("AbsolutePathOrEmptyParamType", "AbsolutePathParamType", "FileOrUrl", "PathOrUrl", "check_timeout_seconds", "fetch_url")

_URL = re.compile(r"^(https?|ftp|file)://")


def check_timeout_seconds(timeout_seconds: float) -> int:
    """Return the seconds to wait for an address, which must be between 0 and 60."""
    try:
        seconds = int(timeout_seconds)
    except (TypeError, ValueError):
        raise TypeError(f"timeout_seconds should be an integer but got: {type(timeout_seconds)}") from None
    if not 0 <= seconds <= 60:
        raise ValueError("timeout_seconds needs to be in the range [0;60].")
    return seconds


def fetch_url(url: str, timeout: float) -> bytes:
    """Return what is at an address."""
    try:
        with request.urlopen(url, timeout=timeout) as response:
            return bytes(response.read())
    except (urllib_error.URLError, TimeoutError, OSError) as error:
        raise click.BadParameter(f'The URL "{url}" could not be reached within {timeout} seconds: {error}') from error


class AbsolutePathParamType(click.Path):
    """A path that does not depend on where one is; `~` is expanded."""

    name = "Absolute Path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        path = os.path.expanduser(value)
        if not os.path.isabs(path):
            self.fail("path must be absolute", param, ctx)
        return super().convert(path, param, ctx)

    def __repr__(self) -> str:
        return "ABSOLUTEPATH"


class AbsolutePathOrEmptyParamType(AbsolutePathParamType):
    """An absolute path, or nothing."""

    name = "Absolute Path Or Empty"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        return "" if not value else super().convert(value, param, ctx)

    def __repr__(self) -> str:
        return "ABSOLUTEPATHEMPTY"


class PathOrUrl(click.Path):
    """A path of a file that exists, or an address that answers."""

    name = "PathOrUrl"

    def __init__(self, timeout_seconds: float = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.timeout_seconds = check_timeout_seconds(timeout_seconds)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path or the address."""
        if isinstance(value, str) and _URL.match(value):
            fetch_url(value, self.timeout_seconds)
            return value
        return super().convert(value, param, ctx)


class FileOrUrl(click.File):
    """An open file, whether it is on this machine or behind an address."""

    name = "FileOrUrl"

    def __init__(self, timeout_seconds: float = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.timeout_seconds = check_timeout_seconds(timeout_seconds)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the open file."""
        if isinstance(value, str) and _URL.match(value):
            content = fetch_url(value, self.timeout_seconds)
            return BytesIO(content) if "b" in self.mode else StringIO(content.decode())
        return super().convert(value, param, ctx)
