"""What an archive says about itself, without opening its database."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, cast

from aiida.common.exceptions import CorruptStorage, ModificationNotAllowed, UnreachableStorage

__all__ = ("ReadOnlyError", "extract_metadata", "read_version")

META_FILENAME = "metadata.json"
DB_FILENAME = "db.sqlite3"
REPO_FOLDER = "repo"


class ReadOnlyError(ModificationNotAllowed):
    """An archive cannot be changed."""

    def __init__(self, msg: str = "the archive is read-only") -> None:
        super().__init__(msg)


def read_member(path: Path, name: str) -> bytes:
    """Return a member of an archive, be it a zip file or a folder."""
    if path.is_dir():
        try:
            return (path / name).read_bytes()
        except FileNotFoundError:
            raise CorruptStorage(f"the folder `{path}` is no archive: it has no `{name}`") from None
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except FileNotFoundError:
        raise UnreachableStorage(f"there is no archive at `{path}`") from None
    except KeyError:
        raise CorruptStorage(f"the zip file `{path}` is no archive of AiiDA: it has no `{name}`") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise CorruptStorage(f"the archive `{path}` cannot be read as a zip file: {error}") from error


def extract_metadata(path: str | Path, *, search_limit: int | None = 10) -> dict[str, Any]:
    """Return the header of an archive."""
    content = read_member(Path(path), META_FILENAME)
    try:
        found = json.loads(content)
    except ValueError as error:
        raise CorruptStorage(f"the header of the archive `{path}` is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise CorruptStorage(f"the header of the archive `{path}` is not a JSON object")
    return cast("dict[str, Any]", found)


def read_version(path: str | Path, *, search_limit: int | None = None) -> str:
    """Return the schema version of an archive."""
    metadata = extract_metadata(path)
    try:
        return str(metadata["export_version"])
    except KeyError:
        raise CorruptStorage(f"the header of the archive `{path}` has no `export_version`") from None
