"""Objects in a container of disk-objectstore, shared by many processes; AiiDA's container, bit for bit.

New objects are loose files, packed later by `maintain`. Small objects are written here directly in the container's
published layout (``loose/<first digits>/<rest>`` of the SHA-256): a write of 10 kB costs two fsyncs and nothing else,
and content that is there already costs none of its own. Everything else goes through the library. A `Container` holds
a database session, so each thread has its own, and none is carried over a fork. The library is imported when it is first
needed, as it takes a quarter of the time in which a profile is opened; most sessions meet loose objects only.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from aiida.common.exceptions import CorruptStorage, UnreachableStorage
from aiida.common.log import AIIDA_LOGGER
from aiida.repository.backend.abstract import AbstractRepositoryBackend

if TYPE_CHECKING:
    from disk_objectstore import Container

__all__ = ("DiskObjectStoreRepositoryBackend",)

LOGGER = AIIDA_LOGGER.getChild("repository")

SMALL = 1 << 20


class DiskObjectStoreRepositoryBackend(AbstractRepositoryBackend):
    """Objects in a container on disk."""

    def __init__(self, container: Container) -> None:
        if not hasattr(container, "get_folder"):
            raise TypeError("container should be of type `disk_objectstore.Container`.")
        self._set_folder(Path(container.get_folder()))
        self._local.held = (os.getpid(), container)

    @classmethod
    def at(cls, folder: Path) -> DiskObjectStoreRepositoryBackend:
        """Return the objects of the container in `folder`, without opening it."""
        found = cls.__new__(cls)
        found._set_folder(folder)
        return found

    def _set_folder(self, folder: Path) -> None:
        self._folder = folder
        self._local = threading.local()

    def __str__(self) -> str:
        state = f"{self.uuid} | {self._folder}" if self.is_initialised else "<uninitialised>"
        return f"DiskObjectStoreRepository: {state}"

    @property
    def container(self) -> Container:
        """The container, as this thread may use it."""
        from disk_objectstore import Container  # late: see above

        pid, container = getattr(self._local, "held", (0, None))
        if container is None or pid != os.getpid():
            container = Container(self._folder)
            self._local.held = (os.getpid(), container)
        return container

    @cached_property
    def _config(self) -> dict[str, Any]:
        """What the container says of itself; it never changes."""
        path = self._folder / "config.json"
        try:
            found = json.loads(path.read_text())
            found["container_id"], found["hash_type"], found["loose_prefix_len"]
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptStorage(f"the file `{path}` of the container is damaged: {error!r}. Restore it from a backup") from error
        return cast("dict[str, Any]", found)

    def close(self) -> None:
        """Close what this thread has open."""
        pid, container = getattr(self._local, "held", (0, None))
        if container is not None and pid == os.getpid():
            container.close()

    @property
    def uuid(self) -> str | None:
        return str(self._config["container_id"]) if self.is_initialised else None

    @property
    def key_format(self) -> str | None:
        return str(self._config["hash_type"])

    def initialise(self, **kwargs: Any) -> None:
        self.container.init_container(**kwargs)

    @property
    def is_initialised(self) -> bool:
        return (self._folder / "config.json").is_file() and (self._folder / "packs.idx").is_file()

    def erase(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.container.close()
            shutil.rmtree(self._folder)
        self._local = threading.local()
        vars(self).pop("_config", None)
        vars(self).pop("_prefix", None)

    # Writing.

    def _put_object_from_filelike(self, handle: BinaryIO) -> str:
        head = _read_up_to(handle, SMALL + 1)
        if len(head) <= SMALL and self.key_format == "sha256":
            return self._put_small(head)
        return str(self.container.add_streamed_object(cast("BinaryIO", _Joined(head, handle))))

    def _put_small(self, content: bytes) -> str:
        key = hashlib.sha256(content).hexdigest()
        path = self._loose_path(key)
        if not path.exists():
            self._write_loose(path, content)
        # Also for an object that another process has just put there: its name must be on disk before our row.
        _sync_directory(path.parent)
        return key

    def _write_loose(self, path: Path, content: bytes) -> None:
        temporary = self._folder / "sandbox" / uuid.uuid4().hex
        try:
            with temporary.open("xb", buffering=0) as handle:
                view = memoryview(content)
                while view:
                    view = view[handle.write(view) :]
                os.fsync(handle.fileno())
            try:
                temporary.rename(path)
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                _sync_directory(path.parent.parent)
                temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _loose_path(self, key: str) -> Path:
        return self._folder / "loose" / key[: self._prefix] / key[self._prefix :]

    @cached_property
    def _prefix(self) -> int:
        return int(self._config["loose_prefix_len"])

    # Reading.

    def has_objects(self, keys: list[str]) -> list[bool]:
        found = [len(key) > 2 and self._loose_path(key).is_file() for key in keys]
        packed = [key for key, loose in zip(keys, found, strict=True) if not loose]
        if not packed:
            return found
        answers = iter(self.container.has_objects(packed))
        return [loose or bool(next(answers)) for loose in found]

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        try:
            loose = self._loose_path(key).open("rb") if len(key) > 2 else None
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            loose = None
        if loose is not None:
            with loose:
                yield loose
            return
        stack = contextlib.ExitStack()
        try:
            stream = stack.enter_context(self.container.get_object_stream(key))
        except Exception as error:
            if type(error).__name__ == "NotExistent":  # the library's own class for a missing object
                raise FileNotFoundError(f"object with key `{key}` does not exist.") from error
            raise UnreachableStorage(f"the packed objects in `{self._folder}` cannot be read: {error}") from error
        with stack:
            yield cast("BinaryIO", stream)

    def iter_object_streams(self, keys: Iterable[str]) -> Iterator[tuple[str, BinaryIO]]:
        with self.container.get_objects_stream_and_meta(list(keys)) as triples:
            for key, stream, _ in triples:
                if stream is not None:
                    yield key, cast("BinaryIO", stream)

    def list_objects(self) -> Iterable[str]:
        return cast("Iterable[str]", self.container.list_all_objects())

    def get_object_hash(self, key: str) -> str:
        if not self.has_object(key):
            raise FileNotFoundError(key)
        return key if self.key_format == "sha256" else super().get_object_hash(key)

    def get_object_sizes(self, keys: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        packed: list[str] = []
        for key in keys:
            try:
                found[key] = self._loose_path(key).stat().st_size
            except OSError:
                packed.append(key)
        for key, facts in self.container.get_objects_meta(packed) if packed else ():
            if facts.size is not None:
                found[key] = facts.size
        return found

    def delete_objects(self, keys: list[str]) -> None:
        super().delete_objects(keys)
        self.container.delete_objects(keys)

    # Maintenance.

    def get_info(self, detailed: bool = False) -> dict[str, Any]:
        counts = self.container.count_objects()
        info: dict[str, Any] = {
            "SHA-hash algorithm": self.container.hash_type,
            "Compression algorithm": self.container.compression_algorithm,
            "Objects": {"packed": counts.packed, "loose": counts.loose, "pack_files": counts.pack_files},
        }
        if detailed:
            sizes = self.container.get_total_size()
            names = (
                "total_size_packed",
                "total_size_packed_on_disk",
                "total_size_packfiles_on_disk",
                "total_size_packindexes_on_disk",
                "total_size_loose",
            )
            info["Size (MB)"] = {name: round(getattr(sizes, name) / 1024**2, 2) for name in names}
        return info

    def maintain(  # type: ignore[override]
        self,
        dry_run: bool = False,
        live: bool = True,
        pack_loose: bool | None = None,
        do_repack: bool | None = None,
        clean_storage: bool | None = None,
        do_vacuum: bool | None = None,
        compress: bool = False,
        incremental_cleanup: bool = True,
    ) -> None:
        """Pack loose objects; with `live=False` (nobody else uses the container) repack, clean and vacuum too."""
        if live and (do_repack or clean_storage or do_vacuum):
            asked = [name for name, on in (("do_repack", do_repack), ("clean_storage", clean_storage), ("do_vacuum", do_vacuum)) if on]
            raise ValueError(f"{', '.join(asked)}: not while others may use the container; use the full maintenance (`live=False`).")

        def chosen(wish: bool | None, default: bool) -> bool:
            return default if wish is None else wish

        pack_loose = chosen(pack_loose, True)
        do_repack, clean_storage, do_vacuum = (chosen(wish, not live) for wish in (do_repack, clean_storage, do_vacuum))
        from disk_objectstore.utils import CompressMode  # late: see above

        container = self.container
        if pack_loose:
            LOGGER.report("Packing all %d loose files ...", container.count_objects().loose)
            if not dry_run:
                mode = CompressMode.YES if compress else CompressMode.NO
                container.pack_all_loose(compress=mode, clean_loose_per_pack=incremental_cleanup and not live)
        if do_repack:
            LOGGER.report("Re-packing all pack files ...")
            if not dry_run:
                container.repack(compress_mode=CompressMode.KEEP)
        if clean_storage:
            LOGGER.report("Cleaning the repository database (vacuum=%s) ...", do_vacuum)
            if not dry_run:
                container.clean_storage(vacuum=do_vacuum)

    def find_damage(self) -> dict[str, list[str]]:
        """Read every object and return what is wrong, by kind of damage; empty if all is well."""
        issues = self.container.validate()
        found = {kind: list(keys) for kind, keys in vars(issues).items()} if not isinstance(issues, dict) else issues
        return {kind: [str(key) for key in keys] for kind, keys in found.items() if keys}


def _read_up_to(handle: BinaryIO, size: int) -> bytes:
    """Read until `size` bytes are there or the stream ends: a read of a socket or a pipe may give less than it was asked for."""
    pieces = []
    while size > 0 and (piece := handle.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


class _Joined(io.RawIOBase):
    """A stream of which the head has been read already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            return self._head.read() + self._rest.read()
        return self._head.read(size) or self._rest.read(size)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
