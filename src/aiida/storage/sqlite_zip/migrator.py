"""Versions of archives, by the names under which tools ask for them."""

from __future__ import annotations

from pathlib import Path

from aiida.common import exceptions
from aiida.storage.schema import ARCHIVE_VERSION
from aiida.storage.sqlite_zip import older
from aiida.storage.sqlite_zip.utils import read_version

__all__ = ("get_schema_version_head", "list_versions", "validate_storage")


def get_schema_version_head() -> str:
    """Return the version of archives that this release writes."""
    return ARCHIVE_VERSION


def list_versions() -> list[str]:
    """Return the known versions, the oldest first."""
    return [*older.LEGACY, *sorted(older.READABLE)]


def validate_storage(inpath: Path) -> None:
    """Raise `IncompatibleStorageSchema` if an archive is not of the version that this release writes."""
    found = read_version(inpath)
    if found != ARCHIVE_VERSION:
        known = found in list_versions()
        advice = f"run `verdi archive migrate '{inpath}' OUTPUT`" if known else "it was made by a newer release, which is needed to read it"
        raise exceptions.IncompatibleStorageSchema(f"the archive `{inpath}` has the version `{found}`, not `{ARCHIVE_VERSION}`: {advice}")
