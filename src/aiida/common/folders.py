"""Folders that code may write to, and only there. (Touches the world: files.)"""

from __future__ import annotations

import fnmatch
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from aiida.common.slots import current_settings
from aiida.common.timezone import now
from aiida.common.typing import FilePath

__all__ = ("CALC_JOB_DRY_RUN_BASE_PATH", "Folder", "SandboxFolder", "SubmitTestFolder")

CALC_JOB_DRY_RUN_BASE_PATH = "submit_test"


class Folder:
    """A folder with methods that refuse to step outside of `folder_limit`."""

    def __init__(self, abspath: FilePath, folder_limit: FilePath | None = None) -> None:
        path = os.path.abspath(abspath)
        limit = path if folder_limit is None else os.path.abspath(folder_limit)
        if os.path.commonpath((path, limit)) != limit:
            raise ValueError(
                "The absolute path for this folder is not within the folder_limit. "
                f"abspath={path}, folder_limit={limit}."
            )
        self._abspath: str = path
        self._folder_limit: str = limit

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._abspath}>"

    @property
    def mode_dir(self) -> int:
        """Permissions that new folders get."""
        return 0o770

    @property
    def mode_file(self) -> int:
        """Permissions that new files get."""
        return 0o660

    @property
    def abspath(self) -> str:
        """The absolute path."""
        return self._abspath

    @property
    def folder_limit(self) -> str:
        """The folder that this one must lie in."""
        return self._folder_limit

    def get_subfolder(self, subfolder: FilePath, create: bool = False, reset_limit: bool = False) -> Folder:
        """Return a folder within this one; with `reset_limit` it becomes its own limit."""
        path = os.path.abspath(os.path.join(self.abspath, subfolder))
        checked = Folder(path, folder_limit=self.folder_limit)
        new = Folder(path) if reset_limit else checked
        if create:
            new.create()
        return new

    def get_content_list(self, pattern: str = "*", only_paths: bool = True) -> list[Any]:
        """Return the names in this folder; with `only_paths=False`, pairs of name and whether it is a file."""
        try:
            names = fnmatch.filter(os.listdir(self.abspath), pattern)
        except FileNotFoundError:
            return []
        return names if only_paths else [(name, not os.path.isdir(os.path.join(self.abspath, name))) for name in names]

    def create_symlink(self, src: FilePath, name: FilePath) -> None:
        """Make a symbolic link `name` to `src`."""
        os.symlink(src, self.get_abs_path(name))

    def insert_path(self, src: FilePath, dest_name: FilePath | None = None, overwrite: bool = True) -> str:
        """Copy a file or a whole folder, given by absolute path, into this one; return the new path."""
        if not os.path.isabs(src):
            raise ValueError("src must be an absolute path in insert_file")
        target = self.get_abs_path(os.path.basename(src) if dest_name is None else dest_name)
        if not (os.path.isfile(src) or os.path.isdir(src)):
            raise ValueError(f"insert_path can only insert files or paths, not symlinks or the like: {src}")
        if os.path.lexists(target) and not (os.path.isdir(target) and os.path.samefile(target, self.abspath)):
            if not overwrite:
                raise OSError(f"destination already exists: {target}")
            _remove(target)
        if os.path.isdir(src):
            shutil.copytree(src, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(src, target)
        self._set_modes(target)
        return target

    def _set_modes(self, path: str) -> None:
        if not os.path.isdir(path):
            os.chmod(path, self.mode_file)
            return
        os.chmod(path, self.mode_dir)
        for root, folders, files in os.walk(path):
            for name in folders:
                os.chmod(os.path.join(root, name), self.mode_dir)
            for name in files:
                if not os.path.islink(os.path.join(root, name)):
                    os.chmod(os.path.join(root, name), self.mode_file)

    def create_file_from_filelike(
        self, filelike: IO[Any], filename: FilePath, mode: str = "wb", encoding: str | None = None
    ) -> str:
        """Write the content of an open stream to a file; return its path."""
        path = self.get_abs_path(filename)
        with open(path, mode=mode, encoding=encoding) as handle:
            shutil.copyfileobj(filelike, handle)
        os.chmod(path, self.mode_file)
        return path

    def remove_path(self, filename: FilePath) -> None:
        """Remove a file or a folder with all its content."""
        path = self.get_abs_path(filename, check_existence=True)
        _remove(path)

    def get_abs_path(self, relpath: FilePath, check_existence: bool = False) -> str:
        """Return the absolute path of something within this folder."""
        if os.path.isabs(relpath):
            raise ValueError("relpath must be a relative path")
        path = os.path.join(self.abspath, relpath)
        if check_existence and not os.path.lexists(path):
            raise OSError(f"{relpath} does not exist within the folder {self.abspath}")
        return path

    @contextmanager
    def open(
        self, name: FilePath, mode: str = "r", encoding: str | None = "utf8", check_existence: bool = False
    ) -> Iterator[Any]:
        """Open a file within this folder, as a context manager."""
        path = self.get_abs_path(name, check_existence=check_existence)
        with open(path, mode, encoding=None if "b" in mode else encoding) as handle:
            yield handle

    def isfile(self, relpath: FilePath) -> bool:
        """Whether there is a file of this name."""
        return os.path.isfile(os.path.join(self.abspath, relpath))

    def isdir(self, relpath: FilePath) -> bool:
        """Whether there is a folder of this name."""
        return os.path.isdir(os.path.join(self.abspath, relpath))

    def exists(self) -> bool:
        """Whether this folder exists."""
        return os.path.isdir(self.abspath)

    def create(self) -> None:
        """Make this folder, and those above it, if they do not exist."""
        os.makedirs(self.abspath, mode=self.mode_dir, exist_ok=True)

    def erase(self, create_empty_folder: bool = False) -> None:
        """Remove this folder with all its content."""
        if self.exists():
            shutil.rmtree(self.abspath)
        if create_empty_folder:
            self.create()

    def replace_with_folder(self, srcdir: FilePath, move: bool = False, overwrite: bool = False) -> None:
        """Let this folder hold what `srcdir` holds, by moving or copying."""
        if not overwrite and self.exists():
            raise OSError(f"Location {self.abspath} already exists, and overwrite is set to False")
        os.makedirs(os.path.dirname(self.abspath), exist_ok=True)
        self.erase()
        if move:
            shutil.move(srcdir, self.abspath)
        else:
            shutil.copytree(srcdir, self.abspath)
        self._set_modes(self.abspath)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.remove(path)


def _default_sandbox() -> str | None:
    """Return the folder of the option `storage.sandbox`, made if needed, or `None` for the system's temporary folder."""
    settings = current_settings.get_or_none()
    path = None if settings is None else settings.get("storage.sandbox")
    if path is not None:
        os.makedirs(path, exist_ok=True)
    return path


class SandboxFolder(Folder):
    """A temporary folder; as a context manager it removes itself at the end."""

    def __init__(self, filepath: Path | None = None) -> None:
        if filepath is not None:
            os.makedirs(filepath, exist_ok=True)
        super().__init__(tempfile.mkdtemp(dir=filepath or _default_sandbox()))

    def __enter__(self) -> SandboxFolder:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.erase()


class SubmitTestFolder(Folder):
    """A new numbered folder below `submit_test` of the current one, for dry runs; it stays."""

    def __init__(self, basepath: FilePath = CALC_JOB_DRY_RUN_BASE_PATH) -> None:
        super().__init__(os.path.abspath(basepath))
        self.create()
        self._sub_folder = self._make_sub_folder()

    def _make_sub_folder(self) -> Folder:
        day = now().astimezone().strftime("%Y%m%d")
        taken = (name.removeprefix(f"{day}-") for name in self.get_content_list(f"{day}-*"))
        number = max((int(text) for text in taken if text.isdigit()), default=0)
        while True:
            number += 1
            path = os.path.join(self.abspath, f"{day}-{number:05d}")
            try:
                os.mkdir(path, mode=self.mode_dir)
            except FileExistsError:
                continue  # somebody else took this number between listing and making
            return Folder(path)

    def __enter__(self) -> Folder:
        return self._sub_folder

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave everything in place: the user wants to look at it."""
