"""Real work as proof: Quantum ESPRESSO over SSH on SLURM, and jobs in the worst of weather; each payload runs exactly once."""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.home import Home, make_home

from . import services
from .cluster import Cluster, cluster

pytestmark = [pytest.mark.real("slurm", "sshd", "root", "netns"), pytest.mark.timeout(900)]

INTERVAL = 2.0
HEAD = "import random\nfrom tests.real.cluster_processes import *"


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    """The cluster."""
    with cluster(cpus=2) as made:
        yield made


@pytest.fixture
def home(running: Cluster, tmp_path: Path) -> Iterator[Home]:
    """A profile in which the cluster is set up, and is tried again soon after a failure."""
    with make_home() as made:
        made.verdi("config", "set", "transport.task_retry_initial_interval", "2")
        made.script(
            HEAD,
            f"""
            computer = make_computer({running.sshd.config!r}, {str(tmp_path / "work")!r}, {INTERVAL})
            orm.InstalledCode(label="pw", computer=computer, filepath_executable="/usr/bin/pw.x", with_mpi=True).store()
            orm.InstalledCode(label="bash", computer=computer, filepath_executable="/bin/bash").store()
            """,
        )
        yield made


def run_script(home: Home, plan: dict[str, Any], body: str, seconds: float) -> dict[str, Any]:
    """Run the script of a test with its plan."""
    return dict(home.script(HEAD, f"plan = json.loads({json.dumps(json.dumps(plan))})", body, timeout=seconds))


def check_polls(running: Cluster, since: float) -> None:
    """One query per interval: a listing may begin a little sooner than due by the cluster's clock, never twice."""
    times = [moment for moment in running.listings() if moment > since]
    gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert times and min(gaps, default=INTERVAL) > 0.75 * INTERVAL, sorted(gaps)[:5]


def weather(running: Cluster, *changes: tuple[float, Any]) -> threading.Thread:
    """Begin what disturbs the cluster as soon as a job was submitted: pairs of seconds to wait and what is done then."""
    before = len(running.calls("sbatch"))

    def blow() -> None:
        services.wait_for(lambda: len(running.calls("sbatch")) > before, "the first submission", 120)
        for pause, change in changes:
            time.sleep(pause)
            change()

    thread = threading.Thread(target=blow, daemon=True)
    thread.start()
    return thread


ENERGIES = """
ran = os.path.abspath("ran")
get_daemon_client().start_daemon(plan["workers"])
nodes = submit_energies(orm.load_code("pw"), plan["count"] // 2, ran)
while not os.path.exists(plan["go"]):
    time.sleep(0.1)
nodes += submit_energies(orm.load_code("pw"), plan["count"] // 2, ran, 0.5)
wait_all(nodes, plan["seconds"])
result = results(nodes, ran) | {"energies": len({round(node.outputs.energy.value, 6) for node in nodes if node.is_finished_ok})}
get_daemon_client().stop_daemon(wait=True)
"""


def energies(running: Cluster, home: Home, count: int, workers: int, seconds: float, cuts: list[tuple[float, float]], restart: tuple[float, float]) -> None:
    """Run them through two cuts of the network and a restart of the controller; half of them come just before the second cut."""
    before, begun = running.sshd.count_connections(), time.time()
    first, second = cuts
    go = home.folder / "go"
    blowing = weather(
        running,
        (first[0], lambda: running.cut(first[1])),
        (restart[0], lambda: running.restart_controller(restart[1])),
        (second[0], go.touch),
        (1, lambda: running.cut(second[1])),
    )
    plan = {"count": count, "workers": workers, "seconds": seconds, "go": str(go)}
    seen = run_script(home, plan, ENERGIES, seconds + 60)
    blowing.join(60)
    seen["seconds"], seen["connections"] = time.time() - begun, running.sshd.count_connections() - before
    seen["polls"] = len([moment for moment in running.listings() if moment > begun])
    print(seen)
    assert seen["ok"] == count and seen["energies"] == count, seen
    assert seen["runs"] == seen["directories"] == seen["jobs"] == seen["ids"] == count and not seen["strangers"], seen
    assert seen["paused"] == 0
    assert seen["connections"] == 3, seen  # one, and one anew after each cut
    check_polls(running, begun)


@pytest.mark.real("pw.x")
def test_quantum_espresso_through_cuts_and_a_restart(running: Cluster, home: Home) -> None:
    energies(running, home, 6, 2, 150, cuts=[(0.5, 6), (1, 6)], restart=(1, 2))


@pytest.mark.proof
@pytest.mark.timeout(3000)
@pytest.mark.real("pw.x")
def test_two_hundred_runs_of_quantum_espresso(running: Cluster, home: Home) -> None:
    energies(running, home, 200, 2, 2400, cuts=[(30, 20), (60, 20)], restart=(30, 15))


SUMS = """
ran = os.path.abspath("ran")
dice = random.Random(plan["seed"])
get_daemon_client().start_daemon(plan["workers"])
nodes = submit_sums(orm.load_code("bash"), plan["count"], ran, plan["sleep"])
end, kills = time.monotonic() + plan["seconds"], 0
while not all(node.is_terminated for node in nodes) and time.monotonic() < end:
    time.sleep(dice.uniform(*plan["pause"]))
    if kills < plan["kills"]:
        kill_a_worker(dice)
        kills += 1
    play_all(nodes)
wait_all(nodes, 1)
result = results(nodes, ran) | {"kills": kills, "over": len(open(ran + ".over").readlines())}
result["early"] = [node.pk for node in nodes if node.is_finished_ok and node.outputs.sum.value != 1 + node.inputs.y.value]
get_daemon_client().stop_daemon(wait=True)
"""


def storm(running: Cluster, home: Home, seed: int, changes: list[tuple[float, str, float]], **plan: Any) -> None:
    """Jobs while workers are killed at random, the controller is killed and the network is cut."""
    deeds = {"cut": running.cut, "restart": running.restart_controller}
    blowing = weather(running, *((pause, functools.partial(deeds[deed], seconds)) for pause, deed, seconds in changes))
    seen = run_script(home, {"seed": seed, **plan}, SUMS, plan["seconds"] + 60)
    blowing.join(60)
    print(seen)
    count = plan["count"]
    assert seen["ok"] == count and not seen["early"], seen
    assert seen["runs"] == seen["directories"] == seen["over"] == count and not seen["strangers"], seen
    assert seen["kills"] == plan["kills"]
    home.verdi("devel", "check-invariants")


@pytest.mark.proof  # a controller killed half a second after it took twelve jobs forgets them and drains its nodes
def test_each_payload_once_while_everything_is_killed(running: Cluster, home: Home, seed: int) -> None:
    changes = [(0.5, "restart", 2), (0.5, "cut", 5)]
    storm(running, home, seed, changes, count=12, workers=2, sleep=1.0, kills=4, pause=[1.0, 3.0], seconds=120)


@pytest.mark.proof
@pytest.mark.timeout(2400)
def test_each_payload_once_in_a_long_storm(running: Cluster, home: Home, seed: int) -> None:
    changes = [(10, "restart", 5), (15, "cut", 10), (15, "restart", 10), (15, "cut", 20), (5, "restart", 3), (20, "cut", 8)]
    storm(running, home, seed, changes, count=200, workers=3, sleep=2.0, kills=30, pause=[1.0, 5.0], seconds=1500)
