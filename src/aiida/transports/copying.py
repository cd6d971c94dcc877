"""What copying a file or a folder means: one semantics for put, get and copy of all transports.

* A folder copied to an existing folder lands *in* it, under its own name (written with a slash at its end, its content does); copied
  to a new name it becomes that, parents included.
  Folders merge; files are written over unless `overwrite` is False, which refuses any existing target before it begins.
* A file copied to an existing folder lands in it (`copy_any`) or is refused (`copy_file`). Parents of a file are not made.
* Several matches of a pattern need an existing folder as target. A pattern that matches nothing is no error; a name is.
* A link at the top is followed, links inside a folder are kept unless `dereference`.

The functions decide; a `Mover` moves. Both sides are awaited, so that the remote one may be far away; for local sides nothing is
ever waited for, and `run_now` drives such a coroutine to its end without an event loop.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from .paths import has_magic

__all__ = ("LocalMover", "LocalSide", "Mover", "Side", "copy_any", "copy_file", "copy_tree", "remove_tree", "run_now")

T = TypeVar("T")


class Side(Protocol):
    """One end of a copy: what lies where."""

    async def kind(self, path: str) -> str:
        """Return `file`, `folder` or an empty text; links are followed."""

    async def glob(self, pattern: str) -> list[str]:
        """Return what matches."""


class Mover(Protocol):
    """Moves bytes from one side to the other."""

    async def file(self, source: str, target: str, *, dereference: bool) -> None:
        """Copy a file to the path `target`, writing over a file there."""

    async def tree(self, source: str, target: str, *, dereference: bool) -> None:
        """Copy what is in a folder into `target`, which is made if needed, with parents."""


async def copy_any(
    sides: tuple[Side, Side],
    mover: Mover,
    source: str,
    target: str,
    *,
    overwrite: bool = True,
    dereference: bool = True,
    ignore_nonexisting: bool = False,
) -> None:
    """Copy a file, a folder, or all matches of a pattern."""
    here, there = sides
    is_pattern = has_magic(source) and not await here.kind(source)
    sources = await here.glob(source) if is_pattern else [source]
    if len(sources) > 1 and await there.kind(target) != "folder":
        raise OSError(f"{source} matches {len(sources)} paths, so the target has to be an existing folder: {target}")
    for path in sources:
        kind = await here.kind(path)
        if not kind:
            if ignore_nonexisting:
                continue
            raise FileNotFoundError(f"The path {path} does not exist")
        if kind == "folder":
            await copy_tree(sides, mover, path, target, overwrite=overwrite, dereference=dereference, kind=kind)
        else:
            into = os.path.join(target, _name(path)) if await there.kind(target) == "folder" else target
            await copy_file(sides, mover, path, into, overwrite=overwrite, dereference=True, kind=kind)


async def copy_file(
    sides: tuple[Side, Side], mover: Mover, source: str, target: str, *, overwrite: bool = True, dereference: bool = True, kind: str = ""
) -> None:
    """Copy one file to the path `target`; `kind` is what is known to lie at the source."""
    here, there = sides
    kind = kind or await here.kind(source)
    at_target = await there.kind(target)
    if not kind:
        raise FileNotFoundError(f"The path {source} does not exist")
    if kind == "folder" and dereference:
        raise IsADirectoryError(f"{source} is a folder")
    if at_target and not overwrite:
        raise FileExistsError(f"Destination already exists: not overwriting it: {target}")
    if at_target == "folder":
        raise IsADirectoryError(f"The target of a file is a folder: {target}")
    if target.endswith("/"):
        raise FileNotFoundError(f"Directory does not exist: {target}")
    await mover.file(source, target, dereference=dereference)


async def copy_tree(
    sides: tuple[Side, Side], mover: Mover, source: str, target: str, *, overwrite: bool = True, dereference: bool = True, kind: str = ""
) -> None:
    """Copy a folder: into an existing folder under its own name, else as `target`; `kind` is what is known to lie at the source."""
    here, there = sides
    kind = kind or await here.kind(source)
    at_target = await there.kind(target)
    if not kind:
        raise FileNotFoundError(f"The path {source} does not exist")
    if kind != "folder":
        raise NotADirectoryError(f"{source} is not a folder")
    if at_target and not overwrite:
        raise FileExistsError(f"Can't overwrite existing files: {target}")
    if at_target == "file":
        raise FileExistsError(f"Cannot copy a directory into a file: {target}")
    if at_target == "folder":
        target = os.path.join(target, _name(source))
        if await there.kind(target) == "file":
            raise FileExistsError(f"Cannot copy a directory into a file: {target}")
    await mover.tree(source, target, dereference=dereference)


def _name(path: str) -> str:
    return os.path.basename(path)


class LocalSide:
    """This machine."""

    async def kind(self, path: str) -> str:
        """Return what lies at `path`."""
        return "folder" if os.path.isdir(path) else "file" if os.path.exists(path) else ""

    async def glob(self, pattern: str) -> list[str]:
        """Return what matches."""
        return sorted(glob.glob(pattern))


class LocalMover:
    """From this machine to this machine."""

    async def file(self, source: str, target: str, *, dereference: bool) -> None:
        """Copy a file with its mode."""
        copy_local_file(source, target, dereference=dereference)

    async def tree(self, source: str, target: str, *, dereference: bool) -> None:
        """Copy the content of a folder, merging."""
        copy_local_tree(source, target, dereference=dereference)


def copy_local_file(source: str, target: str, *, dereference: bool) -> None:
    """Copy a file with its mode; a link as a link unless `dereference`."""
    if not dereference and os.path.islink(source):
        if os.path.lexists(target):
            os.unlink(target)
        os.symlink(os.readlink(source), target)
        return
    shutil.copyfile(source, target)
    shutil.copymode(source, target)


def copy_local_tree(source: str, target: str, *, dereference: bool) -> None:
    """Copy the content of a folder into `target`. A dangling link stays a link: there is nothing to follow."""
    os.makedirs(target, exist_ok=True)
    with os.scandir(source) as entries:
        for entry in entries:
            into = os.path.join(target, entry.name)
            if entry.is_dir(follow_symlinks=dereference):
                copy_local_tree(entry.path, into, dereference=dereference)
            else:
                copy_local_file(entry.path, into, dereference=dereference and os.path.exists(entry.path))
    shutil.copymode(source, target)


def remove_tree(path: str) -> None:
    """Remove a folder with all in it, also where a folder inside has lost its write permission; absent is fine."""
    if os.path.islink(path) or not os.path.isdir(path):
        if os.path.lexists(path):
            raise NotADirectoryError(f"{path} is not a folder")
        return

    def make_writable(function: Any, name: str, _: Any) -> None:
        os.chmod(os.path.dirname(name), 0o700)
        if os.path.isdir(name) and not os.path.islink(name):
            os.chmod(name, 0o700)
        function(name)

    shutil.rmtree(path, onerror=make_writable)


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("a coroutine of local file operations waited for something")
