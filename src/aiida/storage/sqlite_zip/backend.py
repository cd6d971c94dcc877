"""`core.sqlite_zip`: an archive as a read-only storage.

The database is taken out of the zip file into a temporary folder; objects are read where they are.
"""

from __future__ import annotations

import os
import shutil
import weakref
import zipfile
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from aiida.common import exceptions
from aiida.common.profile import Profile
from aiida.repository.zipped import FolderBackendRepository, ZipfileBackendRepository
from aiida.storage.backends import LateModel
from aiida.storage.schema import ARCHIVE_VERSION
from aiida.storage.sqlite import SqliteStore, remove_own
from aiida.storage.sqlite_zip import older
from aiida.storage.sqlite_zip.utils import DB_FILENAME, ReadOnlyError, extract_metadata, read_version

__all__ = ("SqliteZipBackend",)


class SqliteZipBackend(SqliteStore):
    """An archive, read only."""

    read_only = True
    _finalizer: weakref.finalize[..., Any] | None = None

    CliModel = LateModel("SqliteZipModel")

    @staticmethod
    def create_profile(filepath: str | Path, options: dict[str, Any] | None = None) -> Profile:
        """Return a profile to pass to `load_profile`, for the archive at `filepath`."""
        path = Path(filepath)
        return Profile(
            path.name,
            {
                "storage": {"backend": "core.sqlite_zip", "config": {"filepath": str(path)}},
                "process_control": {"backend": None, "config": {}},
                "options": dict(options or {}),
            },
        )

    def __init__(self, profile: Profile) -> None:
        self._archive = _archive_path(profile)
        found = read_version(self._archive)
        if found not in older.READABLE:
            raise exceptions.IncompatibleStorageSchema(
                f"Archive schema version `{found}` is incompatible with the required schema version `{ARCHIVE_VERSION}`. "
                "To migrate the archive schema version to the current one, run the following command: "
                f"verdi archive migrate '{self._archive}'"
            )
        self._repository: ZipfileBackendRepository | FolderBackendRepository
        if self._archive.is_dir():
            self._repository = FolderBackendRepository(self._archive)
        else:
            self._repository = ZipfileBackendRepository(self._archive)
        super().__init__(profile, self._take_out_database(found))

    def _take_out_database(self, version: str) -> Path:
        if self._archive.is_dir() and version == ARCHIVE_VERSION:
            return self._archive / DB_FILENAME
        folder = Path(mkdtemp(prefix="aiida-archive-"))
        self._finalizer = weakref.finalize(self, remove_own, folder, os.getpid())
        target = folder / DB_FILENAME
        try:
            if self._archive.is_dir():
                shutil.copyfile(self._archive / DB_FILENAME, target)
            else:
                with zipfile.ZipFile(self._archive) as archive, archive.open(DB_FILENAME) as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
        except (KeyError, FileNotFoundError, zipfile.BadZipFile) as error:
            raise exceptions.CorruptStorage(f"the archive `{self._archive}` holds no database: {error}") from error
        if version != ARCHIVE_VERSION:
            older.fill_nulls(target)
        return target

    def __str__(self) -> str:
        return f"SqliteZip storage (read-only) [{'closed' if self.is_closed else 'open'}] @ {self._archive}"

    @property
    def _place(self) -> str:
        return str(self._archive)

    def _refuse_write(self) -> Exception:
        return ReadOnlyError(f"the archive `{self._archive}` is read-only; import it into a profile to change something")

    def close(self) -> None:
        """Release the archive, and the copy of its database, which may be large."""
        super().close()
        self._repository.close()
        if self._finalizer is not None:
            self._finalizer()

    def get_repository(self) -> ZipfileBackendRepository | FolderBackendRepository:
        return self._repository

    @classmethod
    def version_head(cls) -> str:
        return ARCHIVE_VERSION

    @classmethod
    def version_profile(cls, profile: Profile) -> str | None:
        return read_version(_archive_path(profile))

    @staticmethod
    def get_current_archive_version(inpath: str | Path) -> str:
        """Return the schema version of an archive."""
        return read_version(inpath)

    @staticmethod
    def validate_archive_versions(current_version: str, target_version: str) -> None:
        """Raise `StorageMigrationError` if an archive of one version cannot become one of the other."""
        known = (*older.LEGACY, *sorted(older.READABLE))
        for version in (current_version, target_version):
            if version not in known:
                raise exceptions.StorageMigrationError(f"unknown archive version `{version}`; known are {', '.join(known)}")
        if known.index(target_version) < known.index(current_version):
            raise exceptions.StorageMigrationError(f"an archive of version {current_version} cannot go back to {target_version}")

    @classmethod
    def initialise(cls, profile: Profile, reset: bool = False) -> bool:
        """Archives are made by `verdi archive create`."""
        raise ReadOnlyError(f"an archive cannot be initialised: `{_archive_path(profile)}`")

    @classmethod
    def migrate(cls, profile: Profile) -> None:
        """Archives are migrated into a new file by `verdi archive migrate`."""
        raise ReadOnlyError(f"run `verdi archive migrate '{_archive_path(profile)}'`")

    def maintain(self, full: bool = False, dry_run: bool = False, **kwargs: Any) -> None:
        raise self._refuse_write()

    def get_global_variable(self, key: str) -> Any:
        raise KeyError(f"an archive has no variables: {key}")

    def get_info(self, detailed: bool = False) -> dict[str, Any]:
        return {"metadata": extract_metadata(self._archive), **super().get_info(detailed)}


def _archive_path(profile: Profile) -> Path:
    path = Path(profile.storage_config["filepath"])
    if not path.exists():
        raise exceptions.UnreachableStorage(f"there is no archive at `{path}`")
    return path
