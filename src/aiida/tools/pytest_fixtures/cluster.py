"""A cluster in virtual time, and codes that play back what the real ones have left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from aiida import orm
from aiida.tools import fakes

if TYPE_CHECKING:
    from aiida.common.profile import Profile
    from aiida.orm import Computer, InstalledCode
    from aiida.tools.fakes import VirtualCluster


@pytest.fixture
def aiida_cluster(aiida_profile: Profile) -> Iterator[Callable[..., VirtualCluster]]:
    """A factory of simulated clusters: `aiida_cluster(payload=…, runs_for=…, places=…, faults=…, workers=1, poll_interval=60)`."""
    made: list[tuple[VirtualCluster, str]] = []

    def factory(**options: Any) -> VirtualCluster:
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        folder = mkdtemp(prefix="aiida-cluster-", dir=memory)
        made.append((fakes.VirtualCluster(Path(folder), **options), folder))
        return made[-1][0]

    yield factory
    for cluster, folder in made:
        cluster.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def aiida_mock_code(aiida_localhost: Computer, tmp_path: Path) -> Callable[..., InstalledCode]:
    """A factory of codes that play back recorded output: `aiida_mock_code(records, executable=None, ignore=(), **code_options)`."""

    def factory(
        records: str | Path,
        executable: str | None = None,
        ignore: Sequence[str] = (),
        computer: Computer = aiida_localhost,
        **options: Any,
    ) -> InstalledCode:
        label = options.pop("label", f"mock-{uuid4().hex[:8]}")
        script = fakes.write_mock_executable(tmp_path / label, Path(records), executable, ignore)
        return orm.InstalledCode(label=label, computer=computer, filepath_executable=str(script), **options).store()

    return factory
