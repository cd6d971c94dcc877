"""`core.sqlite_temp`: a profile that lives as long as the interpreter.

The database is a file in a temporary folder, with durability switched off, and not SQLite's ``:memory:``: a database
in memory belongs to one connection, and its shared-cache mode locks whole tables, while here any thread may read
while another writes, by the same code as everywhere else.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from aiida.common.profile import Profile
from aiida.graph.records import UserRow
from aiida.repository.backend.sandbox import SandboxShaRepositoryBackend
from aiida.storage.backends import LateModel
from aiida.storage.sqlite import SqliteStore, remove_own
from aiida.storage.sqlite_dos.backend import create_database

if TYPE_CHECKING:
    from aiida.repository.backend.abstract import AbstractRepositoryBackend

__all__ = ("SqliteTempBackend",)


class SqliteTempBackend(SqliteStore):
    """A profile that lives as long as the interpreter."""

    synchronous = "OFF"
    in_memory = True
    cli_exposed = False

    CliModel = LateModel("SqliteTempModel")

    @staticmethod
    def create_profile(
        name: str = "temp",
        default_user_email: str = "user@email.com",
        options: dict[str, Any] | None = None,
        debug: bool = False,
        filepath: str | Path | None = None,
        sandbox_path: str | Path | None = None,
    ) -> Profile:
        """Return a profile to pass to `load_profile`; everything goes when the interpreter ends.

        `filepath` (once called `sandbox_path`) is the folder in which the temporary folder is made.
        """
        filepath = sandbox_path if filepath is None else filepath
        config = {"filepath": None if filepath is None else str(filepath), "debug": debug}
        return Profile(
            name,
            {
                "default_user_email": default_user_email,
                "storage": {"backend": "core.sqlite_temp", "config": config},
                "process_control": {"backend": None, "config": {}},
                "options": dict(options or {}),
            },
        )

    def __init__(self, profile: Profile) -> None:
        parent = profile.storage_config.get("filepath")
        if parent is not None:
            Path(parent).mkdir(parents=True, exist_ok=True)
        self._folder = Path(mkdtemp(prefix="aiida-temp-", dir=parent))
        self._finalizer = weakref.finalize(self, remove_own, self._folder, os.getpid())
        super().__init__(profile, self._folder / "database.sqlite")
        create_database(self.path, None, synchronous="OFF")
        self._repository = SandboxShaRepositoryBackend(str(self._folder))
        if profile.default_user_email:
            self.insert([UserRow(email=profile.default_user_email)])

    @property
    def _place(self) -> str:
        return str(self._folder)

    def get_repository(self) -> AbstractRepositoryBackend:
        return self._repository

    def version(self) -> str:
        return self.version_head()

    @classmethod
    def version_profile(cls, profile: Profile) -> str | None:
        return cls.version_head()

    @classmethod
    def initialise(cls, profile: Profile, reset: bool = False) -> bool:
        """Return False: there is nothing to make before the storage is opened."""
        return False

    @classmethod
    def migrate(cls, profile: Profile) -> None:
        """A storage that is made at opening is never of an older version."""

    def close(self) -> None:
        """Release everything: a temporary profile ends with its store."""
        super().close()
        self._finalizer()

    def _delete_storage(self) -> None:
        self.close()
