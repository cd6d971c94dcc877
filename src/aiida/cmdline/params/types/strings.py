"""Kinds of text."""

from __future__ import annotations

import re
from typing import Any

import click
from click.types import StringParamType

__all__ = ("EmailType", "EntryPointType", "HostnameType", "LabelStringType", "NonEmptyStringParamType")


class NonEmptyStringParamType(StringParamType):
    """Text that has at least one character."""

    name = "nonemptystring"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        text = str(super().convert(value, param, ctx))
        if not text:
            self.fail("Empty string is not valid!", param, ctx)
        return text

    def __repr__(self) -> str:
        return "NONEMPTYSTRING"


class LabelStringType(NonEmptyStringParamType):
    """Text of letters, digits, dots, dashes and underscores."""

    name = "labelstring"
    ALPHABET = r"\w\.\-"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the label."""
        text = super().convert(value, param, ctx)
        if not re.fullmatch(f"[{self.ALPHABET}]+", text):
            self.fail(f"Please use only alphanumeric characters and the symbols . - _ (got `{text}`)", param, ctx)
        return text

    def __repr__(self) -> str:
        return "LABELSTRING"


class HostnameType(StringParamType):
    """The name or address of a machine."""

    name = "hostname"
    _LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, whose parts must be valid in the domain name system."""
        text = str(super().convert(value, param, ctx))
        is_address = re.fullmatch(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", text) is not None
        if not is_address and not (text and len(text) <= 253 and all(self._LABEL.fullmatch(p) for p in text.rstrip(".").split("."))):
            self.fail(f"`{text}` is not a valid hostname", param, ctx)
        return text

    def __repr__(self) -> str:
        return "HOSTNAME"


class EmailType(StringParamType):
    """An email address, as far as its shape tells."""

    name = "email"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address."""
        text = str(super().convert(value, param, ctx))
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
            self.fail(f"`{text}` is not a valid email address", param, ctx)
        return text

    def __repr__(self) -> str:
        return "EMAIL"


class EntryPointType(NonEmptyStringParamType):
    """The name of an entry point."""

    name = "entrypoint"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        text = super().convert(value, param, ctx)
        if not re.fullmatch(r"[\w\-]+(\.[\w\-]+)*", text):
            self.fail(f"`{text}` is not a valid entry point name: letters, digits, dashes, underscores, in parts joined by dots", param, ctx)
        return text

    def __repr__(self) -> str:
        return "ENTRYPOINT"
