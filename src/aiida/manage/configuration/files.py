"""Reading and writing one JSON file so that no crash can leave half of it, and nobody's change is lost."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from aiida.common.exceptions import ConfigurationError
from aiida.common.paths import DEFAULT_CONFIG_INDENT_SIZE

__all__ = ("back_up", "locked", "merge_changes", "read_json", "write_json")

_GONE = object()


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of the file; `ConfigurationError` if it cannot be read or is no JSON object."""
    try:
        content = json.loads(path.read_text(encoding="utf8"))
    except PermissionError:
        raise ConfigurationError(
            f"the configuration file `{path}` may not be read by this user: check its permissions"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as exc:
        raise ConfigurationError(
            f"the configuration file `{path}` is not valid JSON: {exc}. Correct it, or put back one of the backups beside it "
            f"(`{path.name}.<date>-<time>`)"
        ) from None
    if not isinstance(content, dict):
        raise ConfigurationError(
            f"the configuration file `{path}` should hold a JSON object, not a {type(content).__name__}"
        )
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace the file as a whole: written beside it, forced to the disk, and renamed."""
    with _explained(path):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # readable by the owner only
        try:
            with open(descriptor, "w", encoding="utf8") as handle:
                json.dump(content, handle, indent=DEFAULT_CONFIG_INDENT_SIZE)
                handle.flush()
                os.fsync(handle.fileno())
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise
        _sync_folder(path.parent)


def back_up(path: Path) -> Path:
    """Copy the file beside itself, with the time in its name; return the path of the copy."""
    with _explained(path):
        content = path.read_bytes()
        while True:
            target = path.with_name(f"{path.name}.{datetime.now().strftime('%Y%m%d-%H%M%S.%f')}")
            try:
                descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            with open(descriptor, "wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            return target


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Within the context no other process of ours writes the file. The lock is the folder's, so no file is left behind."""
    with _explained(path):
        descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks: the rename alone protects
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def merge_changes(base: Any, ours: Any, theirs: Any) -> Any:
    """Return what others have written, with the changes that we made since `base` applied; at the same place ours win."""
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return theirs if ours == base else ours
    base = base if isinstance(base, dict) else {}
    merged: dict[str, Any] = {}
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        old, mine, other = (values.get(key, _GONE) for values in (base, ours, theirs))
        value = merge_changes(old, mine, other)
        if value is not _GONE:
            merged[key] = value
    return merged


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise ConfigurationError(
            f"cannot write the configuration file `{path}`: {exc.strerror or exc}. Make its folder writable for this user, or "
            "set the environment variable `AIIDA_PATH` to another folder"
        ) from exc


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some file systems cannot: the rename is then as durable as they make it
    finally:
        os.close(descriptor)
