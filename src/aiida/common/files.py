"""Checksums of files, read in pieces. (Touches the world: files.)"""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ("md5_file", "md5_from_filelike", "sha1_file")


def _update_from(digest: _Hash, handle: BinaryIO, block_size_factor: int) -> str:
    size = block_size_factor * digest.block_size
    while chunk := handle.read(size):
        digest.update(chunk)
    return digest.hexdigest()


def md5_from_filelike(filelike: BinaryIO, block_size_factor: int = 128) -> str:
    """Return the MD5 checksum of what is left in a binary stream."""
    return _update_from(hashlib.md5(usedforsecurity=False), filelike, block_size_factor)


def md5_file(filepath: str | PurePath, block_size_factor: int = 128) -> str:
    """Return the MD5 checksum of a file."""
    with open(filepath, "rb") as handle:
        return md5_from_filelike(handle, block_size_factor)


def sha1_file(filename: str | PurePath, block_size_factor: int = 128) -> str:
    """Return the SHA-1 checksum of a file."""
    with open(filename, "rb") as handle:
        return _update_from(hashlib.sha1(usedforsecurity=False), handle, block_size_factor)
