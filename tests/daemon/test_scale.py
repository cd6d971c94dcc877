"""Nothing waits in memory: as many processes as one likes wait, nest, fan out and are killed with one worker and default settings."""

from __future__ import annotations

import pytest

from tests.home import Home, make_home

USE = "from scale_processes import *\nfrom aiida.engine.processes import control\nfrom aiida.engine import get_daemon_client, run\nimport subprocess"

PARENTS = """
from aiida.common.slots import current_store
before = [count("finished"), count()]
x = orm.Int(1).store()
nodes = [submit(Waiter, x=x) for _ in range(plan["parents"])]
get_daemon_client().start_daemon(1)
most, begun = 0, time.monotonic()
while alive():
    with current_store.get().reading() as connection:
        most = max(most, connection.exec_driver_sql("SELECT count(*) FROM task WHERE awaiting > 0").scalar())
    time.sleep(0.2)
    assert time.monotonic() - begun < plan["patience"], alive()
result = {"seconds": time.monotonic() - begun, "most at once": most, "pss": pss(), "finished": count("finished") - before[0], "all": count() - before[1]}
result["well"] = all(orm.load_node(node.pk).exit_status == 0 for node in nodes)
"""

WAITING = """
target = submit(Leaf, x=orm.Int(1))
control.pause_processes([target])
first = submit(WaitsFor, target=orm.Int(target.pk))
get_daemon_client().start_daemon(1)
wait_until(lambda: first.process_state.value == "waiting")
time.sleep(plan["seconds"] / 2)
result = {"cpu before": cpu_share(plan["seconds"])}
clone(first.pk, plan["waiting"])
time.sleep(plan["seconds"] / 2)
result |= {"waiting": alive() - 1, "pss": pss(), "cpu": cpu_share(plan["seconds"])}
delays = start_times(".", 20, 0.05)
result["p95 of starts"] = delays[18]
begun = time.monotonic()
done = subprocess.run([sys.executable, "-m", "aiida", "process", "kill", "--all", "-t", "200"], input="y\\n", capture_output=True, text=True)
result |= {"seconds to kill": time.monotonic() - begun, "alive": alive(), "said": done.stdout[-60:] + done.stderr[-200:], "killed": count("killed")}
"""

DEEP = """
get_daemon_client().start_daemon(1)
result = {}
begun = time.monotonic()
node = submit(Chain, depth=orm.Int(plan["depth"]))
wait_ended(node, timeout=plan["patience"])
result["submitted"] = [node.exit_status, len(node.called_descendants), time.monotonic() - begun]
begun = time.monotonic()
node = submit(Chain, depth=orm.Int(plan["depth"]), rides=orm.Bool(True))
wait_ended(node, timeout=plan["patience"])
result["run"] = [node.exit_status, len(node.called_descendants), time.monotonic() - begun]
begun = time.monotonic()
outputs, node = run.get_node(Chain, depth=orm.Int(plan["depth"]), rides=orm.Bool(True))
result["run here"] = [node.exit_status, len(node.called_descendants), time.monotonic() - begun]
"""

FAN = """
get_daemon_client().start_daemon(1)
result = {}
for children in plan["children"]:
    begun = time.monotonic()
    node = submit(Waiter, x=orm.Int(children))
    wait_ended(node, timeout=plan["patience"])
    assert node.is_finished_ok and len(node.called) == children
    result[str(children)] = time.monotonic() - begun
"""

KILLS = """
x = orm.Int(1).store()
first = submit(Leaf, x=x)
result = {}
for daemon in (False, True):
    control.pause_processes([first])
    pks = [first.pk, *clone(first.pk, plan["processes"])]
    if daemon:
        get_daemon_client().start_daemon(1)
    begun = time.monotonic()
    control.kill_processes([orm.load_node(pk) for pk in pks], timeout=60)
    result["with a daemon" if daemon else "without"] = [time.monotonic() - begun, alive()]
    first = submit(Waiter, x=orm.Int(1))
subprocess.run([sys.executable, "-m", "aiida", "process", "kill", "--all", "-t", "60"], input="y\\n", text=True, check=False)
"""


def at_scale(script: str, home: Home | None = None, **plan: object) -> dict[str, object]:
    """Run a script, in a fresh profile unless one is given; whatever it measured is printed."""
    if home is None:
        with make_home() as made:
            return at_scale(script, made, **plan)
    seen: dict[str, object] = home.script(USE, f"plan = {plan!r}", script, timeout=1500)
    print(f"\n{plan}: {seen}")
    home.verdi("devel", "check-invariants")
    home.verdi("daemon", "stop", check=False)
    return seen


def check_parents(parents: int, patience: float, home: Home | None = None) -> None:
    seen = at_scale(PARENTS, home, parents=parents, patience=patience)
    assert seen["well"] and seen["finished"] == seen["all"] == 2 * parents
    assert seen["most at once"] > parents / 2
    assert seen["pss"] < 300


def test_parents_wait_for_their_children_and_take_no_slots(home: Home) -> None:
    check_parents(150, 60, home)


@pytest.mark.proof
@pytest.mark.timeout(1500)
def test_ten_thousand_parents_wait_for_a_child_each() -> None:
    check_parents(10_000, 1200)


def check_waiting(waiting: int, seconds: float, home: Home | None = None) -> None:
    seen = at_scale(WAITING, home, waiting=waiting, seconds=seconds)
    assert seen["waiting"] == waiting + 1
    assert seen["pss"] < 300
    # measured in clock ticks of 10 ms, so a short measurement is coarse
    assert seen["cpu"] < 0.01 + 0.02 / seconds, "an idle worker looks at what waits"
    assert seen["alive"] == 0 and seen["killed"] >= waiting, seen


def test_waiting_processes_cost_an_idle_worker_nothing(home: Home) -> None:
    check_waiting(3_000, 2, home)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_a_hundred_thousand_waiting_processes_cost_a_worker_nothing() -> None:
    check_waiting(100_000, 20)


def check_depth(depth: int, patience: float, home: Home | None = None) -> None:
    seen = at_scale(DEEP, home, depth=depth, patience=patience)
    assert [found[:2] for found in seen.values()] == [[0, depth]] * 3  # type: ignore[index]


def test_nested_processes(home: Home) -> None:
    check_depth(40, 60, home)


@pytest.mark.proof
@pytest.mark.timeout(1500)
def test_a_thousand_nested_processes() -> None:
    check_depth(1_000, 400)


def test_fan_out(home: Home) -> None:
    at_scale(FAN, home, children=[100], patience=60)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_fan_out_is_linear() -> None:
    seen = at_scale(FAN, children=[20, 200, 2_000], patience=600)
    assert seen["2000"] < 15 * seen["200"]  # type: ignore[operator]


def check_kills(processes: int, home: Home | None = None) -> None:
    seen = at_scale(KILLS, home, processes=processes)
    for seconds, left in seen.values():  # type: ignore[misc]
        assert left == 0 and seconds < 5


def test_many_kills_at_once(home: Home) -> None:
    """That they cost few statements is shown by `tests/unit/engine/test_control.py`; here: that all of them go."""
    check_kills(300, home)


@pytest.mark.proof
@pytest.mark.timeout(300)
def test_five_thousand_kills_take_less_than_five_seconds() -> None:
    check_kills(5_000)


def test_a_step_that_blocks_delays_nobody(daemon: Home) -> None:
    """Neither another process in the same worker, nor its heart, nor a job."""
    seen = daemon.script(
        USE,
        """
        from aiida.common.slots import current_store
        beats = lambda: [row[0] for row in current_store.get().reading().__enter__().exec_driver_sql("SELECT beat FROM worker WHERE kind = 'daemon'")]
        blocks = [submit(Blocks, seconds=orm.Float(6)) for _ in range(2)]
        wait_until(lambda: all(orm.load_node(node.pk).process_state.value == "running" for node in blocks))
        before, begun = beats(), time.monotonic()
        job = submit(ArithmeticAddCalculation, x=orm.Int(1), y=orm.Int(2), code=make_code(), metadata={"options": {"resources": {"num_machines": 1}}})
        others = [submit(Leaf, x=orm.Int(1)) for _ in range(5)]
        wait_ended(job, *others, timeout=30)
        took = time.monotonic() - begun
        result = [took, job.exit_status, [orm.load_node(node.pk).is_terminated for node in blocks], beats()[0] - before[0], beats() and time.monotonic() - begun]
        wait_ended(*blocks)
        """,
    )
    took, status, ended, beaten, seconds = seen
    assert status == 0 and ended == [False, False] and took < 6
    assert beaten >= seconds // 2  # a beat a second, by a process of its own


def test_a_limit_by_the_command_line(daemon: Home) -> None:
    """Set, seen in the list and by explain, changed live: with a daemon that is at work meanwhile."""
    name = "kind:scale_processes.Blocks"
    daemon.verdi("process", "limit", name, "1")
    try:
        pks = daemon.script(
            USE,
            "result = [submit(Blocks, seconds=orm.Float(60)).pk for _ in range(4)]; wait_until(lambda: orm.load_node(result[0]).process_state.value == 'running')",
        )
        listed = daemon.verdi("process", "list").stdout
        assert "queued: 1 of 3, limit 1" in listed and "queued: 3 of 3, limit 1" in listed
        daemon.verdi("process", "priority", "5", str(pks[3]))
        said = daemon.verdi("process", "explain", str(pks[3])).stdout
        assert "is queued: 1 of" in said.replace("\n", " ") and "limit 1 on `scale_processes.Blocks`" in said.replace(
            "\n", " "
        )
        assert name in daemon.verdi("process", "limit").stdout
        daemon.verdi("process", "limit", name, "4")
        daemon.script(
            USE, f"wait_until(lambda: all(orm.load_node(pk).process_state.value == 'running' for pk in {pks}))"
        )
    finally:
        daemon.verdi("process", "kill", *map(str, pks))
        daemon.verdi("process", "limit", name, "--lift")
    assert "no limits" in daemon.verdi("process", "limit").stdout + daemon.verdi("process", "limit").stderr
