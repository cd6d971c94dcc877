"""What all tests share: a seed that is printed, real components that may be missing, and a profile to work in."""

from __future__ import annotations

import ctypes.util
import glob
import importlib.util
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

#: the programs of an environment with aiida-core 2.9.4, run as a black box
REFERENCE = Path(os.environ.get("RADAMES_REFERENCE", "/opt/ref/aiida/bin"))
#: archives that AiiDA releases of their time made; they lie beside the project
ARCHIVES = Path(__file__).parents[2] / "shared" / "data" / "archives"

#: component -> how it is found; `make test` skips what is not there and says so, CI fails instead
COMPONENTS: dict[str, Callable[[], object]] = {
    "postgres": lambda: glob.glob("/usr/lib/postgresql/*/bin/postgres"),
    "rabbitmq": lambda: glob.glob("/usr/lib/rabbitmq/bin/rabbitmq-server"),
    "sshd": lambda: shutil.which("sshd") or glob.glob("/usr/sbin/sshd"),
    "slurm": lambda: shutil.which("sbatch") and glob.glob("/usr/sbin/slurmctld") and glob.glob("/usr/sbin/munged"),
    "sge": lambda: shutil.which("sge_qmaster"),
    "pw.x": lambda: shutil.which("pw.x") and glob.glob("/usr/share/espresso/pseudo/Si.pz-vbc.UPF"),
    "chromium": lambda: shutil.which("chromium"),
    "strace": lambda: shutil.which("strace"),
    "psql": lambda: shutil.which("psql"),
    "aiida-core": lambda: (REFERENCE / "verdi").exists(),
    "archives": lambda: ARCHIVES.is_dir(),
    "root": lambda: os.geteuid() == 0,
    "fuse": lambda: os.path.exists("/dev/fuse") and importlib.util.find_spec("fuse") and ctypes.util.find_library("fuse"),
    "netns": lambda: os.geteuid() == 0 and shutil.which("ip"),
}


def pytest_configure(config: pytest.Config) -> None:
    """No test reads or writes the configuration of whoever runs it: `~/.aiida` is not theirs."""
    folder = os.environ["AIIDA_PATH"] = tempfile.mkdtemp(prefix="radames-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_report_header() -> list[str]:
    """Say which real components are here, and the seed."""
    found = [name for name, find in COMPONENTS.items() if find()]
    return [f"real components: {', '.join(found) or 'none'}", f"seed: {SEED} (RADAMES_SEED={SEED} replays)"]


SEED = int(os.environ.get("RADAMES_SEED") or random.SystemRandom().randrange(2**31))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose component is missing; under RADAMES_REQUIRE_ALL=1 that is a failure."""
    for mark in item.iter_markers("real"):
        for component in mark.args:
            if not COMPONENTS[component]():
                message = f"the real component `{component}` is not on this machine"
                if os.environ.get("RADAMES_REQUIRE_ALL") == "1":
                    pytest.fail(message)
                pytest.skip(message)


#: folders whose tests drive real processes and servers: a machine that is starved for a moment earns a second run, which
#: the summary shows as "rerun"; a test that fails twice more has failed
REAL_PROCESSES = ("daemon", "real", "docs", "cli", "durability")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave proofs at full size to `make proof`; the same proofs run in `make test` at a small size."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in REAL_PROCESSES:
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=2))
    if os.environ.get("RADAMES_PROOF") == "1":
        return
    proofs = [item for item in items if item.get_closest_marker("proof")]
    if proofs:
        config.hook.pytest_deselected(items=proofs)
        items[:] = [item for item in items if not item.get_closest_marker("proof")]


@pytest.fixture
def seed() -> int:
    """The seed of this session, for tests that draw."""
    return SEED


@pytest.fixture
def rng(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """A random generator that is the same whenever this test is run with this seed."""
    return random.Random(f"{seed}:{request.node.nodeid}")


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that is removed after the test."""
    folder = tmp_path_factory.mktemp("scratch")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
