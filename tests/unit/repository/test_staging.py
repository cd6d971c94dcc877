"""The place where files of unsaved nodes wait."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from aiida.repository.backend.staging import StagingRepositoryBackend


@pytest.mark.parametrize("size", [0, 10, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_content_comes_back(size: int) -> None:
    backend = StagingRepositoryBackend()
    content = bytes(range(256)) * (size // 256 + 1)
    key = backend.put_object_from_filelike(io.BytesIO(content[:size]))
    with backend.open(key) as one, backend.open(key) as two:
        assert one.read(5) == two.read(5) == content[:size][:5]
        assert one.read() == content[:size][5:]
    assert backend.get_object_content(key) == content[:size] and list(backend.list_objects()) == [key]


def test_large_content_leaves_no_file_behind() -> None:
    backend = StagingRepositoryBackend()
    key = backend.put_object_from_filelike(io.BytesIO(b"x" * (2 << 20)))
    place = Path(backend._contents[key].name)
    assert place.exists()
    backend.delete_object(key)
    assert not place.exists() and not backend.has_object(key)
    with pytest.raises(FileNotFoundError):
        backend.delete_object(key)


def test_short_reads_are_not_the_end() -> None:
    class Dripping(io.RawIOBase):
        left = 5

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return b"ab" if self.left >= 0 else b""

    backend = StagingRepositoryBackend()
    assert backend.get_object_content(backend.put_object_from_filelike(Dripping())) == b"ab" * 5  # type: ignore[arg-type]


def test_many_large_files_are_not_held_open() -> None:
    backend = StagingRepositoryBackend()
    before = len(list(Path("/proc/self/fd").iterdir()))
    keys = [backend.put_object_from_filelike(io.BytesIO(b"x" * ((1 << 20) + 1))) for _ in range(10)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    places = [Path(backend._contents[key].name) for key in keys]
    assert all(place.exists() for place in places)
    backend.erase()
    assert not any(place.exists() for place in places)
