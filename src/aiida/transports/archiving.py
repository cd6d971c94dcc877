"""The shell lines that pack and unpack archives on a machine."""

from __future__ import annotations

import os

from .paths import quote

__all__ = ("FORMATS", "check_overwrite", "check_result", "check_sources", "check_target", "render_compress", "render_extract")

#: the flag with which tar calls the compressor.
FORMATS = {"tar": "", "tar.gz": "z", "tar.bz2": "j", "tar.xz": "J"}


def render_compress(format: str, sources: list[str], target: str, root: str, *, dereference: bool) -> str:
    """Return the command that packs `sources` with names relative to `root`."""
    if format not in FORMATS:
        raise ValueError(f"Unsupported compression format: {format}. The formats are: {', '.join(FORMATS)}")
    names = " ".join(quote(_below(source, root)) for source in sources)
    flags = f"c{FORMATS[format]}{'h' if dereference else ''}f"
    return f"tar -{flags} {quote(target)} -C {quote(root)} -- {names}"


def _below(source: str, root: str) -> str:
    """Return `source` relative to `root`, never beginning with a dash."""
    name = os.path.relpath(source, root)
    return f"./{name}" if name.startswith("-") else name


def render_extract(source: str, target: str, strip_components: int) -> str:
    """Return the command that unpacks an archive; tar finds out the compression by itself."""
    return f"tar --strip-components {int(strip_components)} -xf {quote(source)} -C {quote(target)}"


def check_sources(sources: list[str], missing: list[str]) -> None:
    """Raise OSError when there is nothing to pack."""
    if missing:
        raise OSError(f"The remote path {missing[0]} does not exist")
    if not sources:
        raise OSError("nothing to compress: no file matches")


def check_target(target: str, free: bool) -> None:
    """Raise OSError when the archive exists and may not be written over."""
    if not free:
        raise OSError(f"The remote destination {target} already exists.")


def check_overwrite(target: str, free: bool) -> None:
    """Raise OSError when the folder exists and may not be written into."""
    if not free:
        raise OSError(f"The remote destination {target} already exists.")


def check_result(what: str, path: str, status: int, out: str, err: str) -> None:
    """Raise OSError when the command failed."""
    if status != 0:
        raise OSError(f"cannot {what} {path} (exit status {status}): {err.strip() or out.strip()}")
