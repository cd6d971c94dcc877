"""RemoteData: a folder on a computer; the files stay there, and may go one day."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aiida.common.exceptions import ValidationError
from aiida.common.utils import format_directory_size
from aiida.orm.authinfos import AuthInfo
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.data import Data
from aiida.orm.utils.remote import clean_remote

if TYPE_CHECKING:
    from aiida.transports import Transport

__all__ = ("RemoteData",)

_LOGGER = logging.getLogger(__name__)


class RemoteData(Data):
    """A folder on a computer."""

    _known_node_type = "data.core.remote.RemoteData."
    _computer_is_written = True
    KEY_EXTRA_CLEANED: ClassVar[str] = "cleaned"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("remote_path", dtype=str | None, doc="Filepath on the remote computer", is_attribute=True),
    )

    def __init__(self, remote_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if remote_path is not None:
            self.set_remote_path(remote_path)

    def get_remote_path(self) -> str:
        """Return the path of the folder."""
        return cast(str, self.base.attributes.get("remote_path"))

    def set_remote_path(self, val: str) -> None:
        """Set the path of the folder."""
        self.base.attributes.set("remote_path", val)

    def get_authinfo(self) -> AuthInfo:
        """Return how the owner logs in to the computer."""
        return cast(AuthInfo, self._known_computer().get_authinfo(self.user))

    def _known_computer(self) -> Any:
        if self.computer is None:
            raise ValidationError(f"{self!r} has no computer")
        return self.computer

    def _transport(self) -> Transport:
        return self.get_authinfo().get_transport()

    @property
    def is_cleaned(self) -> bool:
        """Whether the folder has been emptied on purpose."""
        return bool(self.base.extras.get(self.KEY_EXTRA_CLEANED, False))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in the folder, or no folder."""
        with self._transport() as transport:
            path = self.get_remote_path()
            return not transport.isdir(path) or not transport.listdir(path)

    def getfile(self, relpath: str, destpath: str) -> None:
        """Copy a file to this machine."""
        path = os.path.join(self.get_remote_path(), relpath)
        with self._transport() as transport:
            try:
                transport.getfile(path, destpath)
            except OSError as exception:
                raise OSError(
                    f"The required remote file {path} on {self._known_computer().label} does not exist or has been deleted."
                ) from exception

    def listdir(self, relpath: str = ".") -> list[str]:
        """Return the names in a directory."""
        return cast("list[str]", self._list(relpath, "listdir"))

    def listdir_withattributes(self, path: str = ".") -> list[dict[str, Any]]:
        """Return the names in a directory, with what the file system says of them."""
        return cast("list[dict[str, Any]]", self._list(path, "listdir_withattributes"))

    def _list(self, relpath: str, method: str) -> Any:
        path = os.path.join(self.get_remote_path(), relpath)
        with self._transport() as transport:
            if not transport.path_exists(path):
                raise OSError(
                    f"The required remote path {path} on {self._known_computer().label} does not exist or has been deleted."
                )
            if not transport.isdir(path):
                raise OSError(f"The required remote path {path} on {self._known_computer().label} is not a directory.")
            return getattr(transport, method)(path)

    def get_size_on_disk(
        self, relpath: Path | str | None = None, method: str = "du", return_bytes: bool = False
    ) -> tuple[int | str, str]:
        """Return the size of the folder or of something in it, and how it was found.

        By `du` (what it takes up on the disk), or by `stat` (the sum of the sizes; also where `du` cannot be run).
        """
        if method not in ("du", "stat"):
            raise ValueError(
                f"Specified method `{method}` is not an valid input. Please choose either `du` or `stat`."
            )
        path = os.path.join(self.get_remote_path(), str(relpath or "."))
        with self._transport() as transport:
            if not transport.path_exists(path):
                raise FileNotFoundError(
                    f"The required remote path {path} does not exist, is not a file/directory, or has been deleted."
                )
            size = self._size_by_du(transport, path) if method == "du" else None
            if size is None:
                method, size = "stat", self._size_by_stat(transport, path)
        return size if return_bytes else format_directory_size(size), method

    @staticmethod
    def _size_by_du(transport: Any, path: str) -> int | None:
        """Ask `du`; not every transport runs commands."""
        try:
            status, output, _ = transport.exec_command_wait(f"du -sk {_quoted(path)}")
            return int(output.split()[0]) * 1024 if status == 0 else None
        except (NotImplementedError, ValueError, IndexError):
            return None

    @classmethod
    def _size_by_stat(cls, transport: Any, path: str) -> int:
        if not transport.isdir(path):
            return int(transport.get_attribute(path).st_size)
        total = 0
        for entry in transport.listdir_withattributes(path):
            if entry["name"] in (".", ".."):
                continue
            below = os.path.join(path, entry["name"])
            total += int(entry["attributes"].st_size) + (cls._size_by_stat(transport, below) if entry["isdir"] else 0)
        return total

    def _clean(self, transport: Transport | None = None) -> None:
        """Remove everything in the folder, and say so in an extra."""
        if self.is_cleaned:
            return
        path = self.get_remote_path()
        if transport is None:
            with self._transport() as opened:
                clean_remote(opened, path)
        elif not transport.is_open:
            raise ValueError("the transport has to be open")
        else:
            clean_remote(transport, path)
        self.base.extras.set(self.KEY_EXTRA_CLEANED, True)

    def _validate(self) -> bool:
        super()._validate()
        if not self._row.attributes.get("remote_path"):
            raise ValidationError("attribute 'remote_path' not set.")
        if self.computer is None:
            raise ValidationError("Remote computer not set.")
        return True


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "'\"'\"'") + "'"
