"""Everything is killed at random moments, again and again; then it is left alone, and the graphs are the undisturbed ones."""

from __future__ import annotations

import json

import pytest

from tests.home import Home, make_home

STORM = """
import random, psutil

shape = {"depth": orm.Int(plan["depth"]), "width": orm.Int(plan["width"])}
ran = os.path.abspath("ran")
open(ran, "w").close()
if plan["jobs"]:
    shape |= {"code": make_code(), "prepend": orm.Str(f"echo ran >> {ran}")}
UNDISTURBED = {n: describe(run.get_node(Tree, n=orm.Int(n), **shape)[1])["graphs"] for n in range(3)}
single, jobs = describe()["count"] // 3, len(open(ran).readlines()) // 3
dice = random.Random(plan["seed"])
client = get_daemon_client()
nodes = [submit(Tree, n=orm.Int(i % 3), **shape) for i in range(plan["trees"])]
deadline, kills, rounds = time.monotonic() + plan["seconds"], 0, 0
is_over = lambda: all(node.is_terminated for node in nodes)

def kill(processes):
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            pass
    return len(processes)

while (time.monotonic() < deadline and not is_over()) or kills < plan["kills"]:
    if not client.is_daemon_running:
        client.start_daemon(3, wait=False)
    time.sleep(dice.uniform(*plan["pause"]))
    try:
        supervisor = psutil.Process(client.get_daemon_pid())
        workers = supervisor.children()
        family = [supervisor, *supervisor.children(recursive=True)]
    except (psutil.NoSuchProcess, TypeError):
        continue
    if kills < plan["kills"] and sum(not node.is_terminated for node in nodes) < plan["trees"] // 4:  # too quick: more of them
        for _ in range(plan["trees"] // 4):
            nodes.append(submit(Tree, n=orm.Int(len(nodes) % 3), **shape))
    rounds += 1
    draw = dice.random()
    if draw < 0.6 and workers:
        kills += kill([dice.choice(workers)])
    elif draw < 0.8:
        kills += kill(workers)
    else:
        dice.shuffle(family)
        kills += kill(family)
if not client.is_daemon_running:
    client.start_daemon(3)
still = sum(not node.is_terminated for node in nodes)
begun = time.monotonic()
while not is_over():
    if time.monotonic() - begun > plan["patience"]:
        raise TimeoutError([(node.pk, node.process_status, node.paused) for node in nodes if not node.is_terminated])
    # A process whose worker died several times in one step is paused, and says so: here it was not the process's fault.
    for node in orm.QueryBuilder().append(orm.ProcessNode, filters={"attributes.paused": True, "attributes.sealed": {"!==": True}}).all(flat=True):
        control.play_processes([node])
    time.sleep(0.2)
finished = describe(*nodes)
result = {
    "wrong": sum(describe(node)["graphs"] != UNDISTURBED[i % 3] for i, node in enumerate(nodes)),
    "processes": finished["count"] - 3 * single,
    "expected": single * len(nodes),
    "jobs run": len(open(ran).readlines()) - 3 * jobs, "jobs": jobs * len(nodes),
    "open at the end of the storm": still, "kills": kills, "rounds": rounds,
}
client.stop_daemon(wait=True)
"""


def check_net(home: Home) -> None:
    """A process that was held and in nobody's hands would have been given back, and named in the log."""
    for log in (home.folder / ".aiida" / "daemon" / "log").glob("*.log*"):
        assert "a defect of the engine" not in log.read_text(errors="replace"), log.read_text(errors="replace")[-20_000:]


def storm(home: Home, **plan: object) -> None:
    """Submit, kill for a while, wait, compare."""
    head = "from aiida.engine import run\nfrom aiida.engine.processes import control\n"
    seen = home.script(f"{head}plan = json.loads({json.dumps(json.dumps(plan))})", STORM, timeout=1200)
    print(seen)
    assert seen["kills"] >= plan["kills"], seen
    assert seen["wrong"] == 0, seen
    assert seen["processes"] == seen["expected"], seen
    assert seen["jobs run"] == seen["jobs"], seen
    home.verdi("devel", "check-invariants")
    check_net(home)


def test_a_storm_of_kills_changes_nothing(seed: int) -> None:
    with make_home() as home:
        storm(home, seed=seed, trees=60, depth=1, width=2, jobs=False, seconds=15, kills=5, pause=[0.1, 1.2], patience=60)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_a_storm_over_jobs_runs_each_once(seed: int) -> None:
    with make_home() as home:
        storm(home, seed=seed, trees=40, depth=1, width=2, jobs=True, seconds=60, kills=60, pause=[0.1, 1.0], patience=300)


@pytest.mark.proof
@pytest.mark.timeout(1500)
def test_a_storm_of_two_hundred_kills_over_five_hundred_nested_processes(seed: int) -> None:
    with make_home() as home:
        storm(home, seed=seed, trees=64, depth=1, width=2, jobs=False, seconds=60, kills=200, pause=[0.05, 0.6], patience=300)
