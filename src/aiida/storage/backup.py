"""Copies of a storage, consistent in themselves, made while it is in use.

Rows are copied before objects, so that every object that a copied row names is in the copied container. Files of the
container never change once they have their name, so those that the previous copy has are linked, not copied.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aiida.common import exceptions

if TYPE_CHECKING:
    from aiida.common.profile import Profile

LAST = "last-backup"


@contextmanager
def new_folder(dest: Path, keep: int | None) -> Iterator[tuple[Path, list[Path]]]:
    """Give a folder to fill, and earlier copies; when all went well it gets its name, and old copies go.

    What an interrupted backup left is among the earlier copies, so that the next one goes on where it stopped.
    """
    if keep is not None and keep < 0:
        raise ValueError(f"keep must not be negative: {keep}")
    dest = dest.expanduser().absolute()
    try:
        dest.mkdir(parents=True, exist_ok=True)
        leftovers = [path for path in dest.glob("unfinished_*") if path.is_dir()]
        folder = dest / f"unfinished_{uuid.uuid4().hex[:8]}"
        folder.mkdir()
    except OSError as error:
        raise exceptions.StorageBackupError(f"cannot write to `{dest}`: {error}") from error
    last = dest / LAST
    try:
        yield folder, [*([last.resolve()] if last.exists() else []), *leftovers]
    except (OSError, sqlite3.Error) as error:
        raise exceptions.StorageBackupError(
            f"backup to `{dest}` failed: {error}. What was copied is kept in `{folder.name}`; repeat the command to go on"
        ) from error
    final = dest / f"backup_{datetime.now():%Y%m%d%H%M%S}_{uuid.uuid4().hex[:4]}"
    folder.rename(final)
    fresh = dest / f".{LAST}-{uuid.uuid4().hex[:8]}"
    fresh.symlink_to(final.name)
    fresh.replace(last)
    for leftover in leftovers:
        shutil.rmtree(leftover, ignore_errors=True)
    if keep is not None:
        copies = sorted(path for path in dest.glob("backup_*") if path.is_dir() and path != final)
        for old in copies[: max(len(copies) - keep, 0)]:
            shutil.rmtree(old, ignore_errors=True)


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database that may be in use."""
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as origin,
        closing(sqlite3.connect(target)) as copy,
    ):
        origin.backup(copy)


def copy_container(source: Path, target: Path, earlier: list[Path]) -> None:
    """Copy a container of objects: loose ones, then the index of the packs, then the packs.

    An object moves from loose to packed. Loose objects first: what is packed meanwhile is found in the packs, which
    only grow; the index is copied before the packs it points into.
    """
    target.mkdir()
    shutil.copy2(source / "config.json", target / "config.json")
    before = [folder / target.name for folder in earlier]
    for part in ("loose", "duplicates"):
        _copy_tree(source / part, target / part, [folder / part for folder in before])
    if (source / "packs.idx").exists():
        copy_sqlite(source / "packs.idx", target / "packs.idx")
    _copy_tree(source / "packs", target / "packs", [folder / "packs" for folder in before])
    (target / "sandbox").mkdir(exist_ok=True)


def _copy_tree(source: Path, target: Path, earlier: list[Path]) -> None:
    target.mkdir(exist_ok=True)
    if not source.is_dir():
        return
    for entry in os.scandir(source):
        copy, before = target / entry.name, [folder / entry.name for folder in earlier]
        if entry.is_dir():
            _copy_tree(Path(entry.path), copy, before)
            continue
        try:
            same = _find_same(before, entry.stat())
            if same is not None:
                os.link(same, copy)
            else:
                # Under another name first: a file that an interruption cut off must not pass for a whole one.
                part = copy.with_name(copy.name + ".part")
                shutil.copy2(entry.path, part)
                part.rename(copy)
        except FileNotFoundError:
            continue  # packed in the meantime; it is found in the packs


def _find_same(candidates: list[Path], wanted: os.stat_result) -> Path | None:
    """Return a copy made earlier: copies keep the time of change, and neither loose objects nor copies change."""
    for path in candidates:
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        if (found.st_size, found.st_mtime_ns) == (wanted.st_size, wanted.st_mtime_ns):
            return path
    return None


def write_profile(folder: Path, profile: Profile) -> None:
    """Write the profile's entry of the configuration beside the data, so that it can be set up again."""
    entry = {"CONFIG_VERSION": {"CURRENT": 10, "OLDEST_COMPATIBLE": 10}, "profiles": {profile.name: profile.dictionary}}
    path = folder / "config.json"
    path.touch(mode=0o600)  # as the original: the password of the database is in it
    path.write_text(json.dumps({**entry, "default_profile": profile.name}, indent=4, default=str))
