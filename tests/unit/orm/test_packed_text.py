"""Text of objects that were packed: read piece by piece, whether compressed or not."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from aiida.orm.nodes.repository import _as_buffered
from aiida.repository.backend.disk_object_store import DiskObjectStoreRepositoryBackend


@pytest.mark.parametrize("compress", [False, True])
def test_packed_text_is_read_piece_by_piece(tmp_path: Path, compress: bool) -> None:
    objects = DiskObjectStoreRepositoryBackend.at(tmp_path / "container")
    objects.initialise()
    lines = [f"line {number} ä\n" for number in range(50_000)]
    key = objects.put(io.BytesIO("".join(lines).encode()))
    objects.maintain(live=False, compress=compress)
    sizes: list[int] = []

    class Watched:
        def __init__(self, handle: Any) -> None:
            self.handle = handle

        def __getattr__(self, name: str) -> Any:
            return getattr(self.handle, name)

        def read(self, size: int = -1) -> bytes:
            sizes.append(size)
            return self.handle.read(size)  # type: ignore[no-any-return]

    with objects.open(key) as handle, io.TextIOWrapper(_as_buffered(Watched(handle)), encoding="utf-8") as text:
        assert text.readline() == lines[0]
        assert sizes and max(sizes) < 1 << 20 and min(sizes) > 0
        assert list(text) == lines[1:]
        assert text.seek(0) == 0 and text.read() == "".join(lines)
        text.seek(0, io.SEEK_END)
        assert text.read() == ""
    objects.close()
