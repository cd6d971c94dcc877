"""Entry points for one test: classes need not be installed, nor even importable."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from aiida.plugins import entry_point as registry


class EntryPointManager:
    """Adds and hides entry points of this process."""

    def eps(self) -> EntryPoints:
        """All entry points as they are now."""
        return registry.eps()

    def eps_select(self, group: str, name: str | None = None) -> EntryPoints:
        """Those of a group, or of one name in it."""
        return registry.eps_select(group, name)

    @staticmethod
    def _parse(entry_point_string: str | None, group: str | None, name: str | None) -> tuple[str, str]:
        if entry_point_string is not None:
            try:
                group, name = registry.parse_entry_point_string(entry_point_string)
            except ValueError as exc:
                raise ValueError("invalid `entry_point_string` format, should `group:name`.") from exc
        if not group or not name:
            raise ValueError("neither `entry_point_string` is defined, nor `name` and `group`.")
        return group, name

    def add(
        self, value: Any, entry_point_string: str | None = None, *, name: str | None = None, group: str | None = None
    ) -> None:
        """Register a class (or `module:attribute`) as `group:name`."""
        group, name = self._parse(entry_point_string, group, name)
        entry = (
            EntryPoint(name, value, group) if isinstance(value, str) else registry.LiveEntryPoint(name, group, value)
        )
        registry.set_override(group, name, entry)

    def remove(
        self, entry_point_string: str | None = None, *, name: str | None = None, group: str | None = None
    ) -> None:
        """Hide what is registered as `group:name`."""
        group, name = self._parse(entry_point_string, group, name)
        if not registry.eps_select(group, name):
            raise KeyError(f"entry point `{name}` does not exist in group `{group}`.")
        registry.set_override(group, name, None)


@pytest.fixture
def entry_points() -> Iterator[EntryPointManager]:
    """A manager of entry points; what it did is undone after the test."""
    with registry.preserved_overrides():
        yield EntryPointManager()
