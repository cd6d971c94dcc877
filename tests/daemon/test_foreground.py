"""`verdi daemon worker` as systemd or a container runs it: told to stop it ends in order; what it started for others lives on."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import types
import urllib.error
import urllib.request
from collections.abc import Iterator

import psutil
import pytest

from aiida.common.exceptions import ConfigurationError
from aiida.engine.daemon import health
from tests.home import Home, Worker, make_home, wait_until

KNOWN = """
from aiida.manage import get_manager
from aiida.storage import journal
store = get_manager().get_profile_storage()
with store.reading() as connection:
    snapshot = journal.snapshot(connection)
    kinds = [row[4] for row in journal.list_workers(connection)]
result = ["daemon" in kinds, [task["owner"] for task in snapshot.tasks.values()], [task["deaths"] for task in snapshot.tasks.values()]]
"""
JOB = """
code = make_code()
options = {"resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}, "prepend_text": f"echo ran >> {ran}; sleep 2.5"}
from aiida.calculations.arithmetic.add import ArithmeticAddCalculation
node = submit(ArithmeticAddCalculation, x=orm.Int(2), y=orm.Int(3), code=code, metadata={"options": options})
wait_until(lambda: os.path.exists(ran), 30, "the start of the job")
result = node.pk
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A profile whose daemon waits two seconds for what is in hand."""
    with make_home() as made:
        made.verdi("config", "set", "daemon.timeout", "2")
        yield made


def end(worker: Worker, signum: int) -> float:
    """Send a signal and wait; the seconds that it took."""
    begun = time.monotonic()
    os.kill(worker.pid, signum)
    worker.process.wait(30)
    return time.monotonic() - begun


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_an_idle_worker_ends_at_once(home: Home, name: str) -> None:
    with home.worker() as worker:
        heart = psutil.Process(worker.pid).children()
        end(worker, signal.Signals[name])
        assert worker.process.returncode == 0
        assert f"told to stop ({name})" in worker.log.read_text()
        assert "Traceback" not in worker.log.read_text()
        wait_until(lambda: not any(psutil.pid_exists(process.pid) for process in heart), "the end of the heart", 10)
    assert home.script(KNOWN) == [False, [], []]


def test_a_long_step_is_abandoned_and_its_lease_goes_back(home: Home) -> None:
    """The step runs for longer than the time-out: it is nobody's fault and nobody's any more, and goes on in the next worker."""
    path = str(home.folder / "go-on")
    with home.worker() as worker:
        pk = home.script(f"node = submit(Stubborn, path=orm.Str({path!r})); wait_until(lambda: node.process_state.value == 'running'); result = node.pk")
        end(worker, signal.SIGTERM)
        assert worker.process.returncode == 0
    assert home.script(KNOWN) == [False, [None], [0]]  # free at once, and no death is counted
    open(path, "w").close()
    with home.worker():
        assert home.script(f"node = orm.load_node({pk}); wait_ended(node); result = node.process_state.value") == "finished"
    home.verdi("devel", "check-invariants")


def test_a_short_step_ends_in_order(home: Home) -> None:
    """What ends within the time-out is not run twice: the step wrote its file once, though the worker was told to stop in it."""
    path = home.folder / "once"
    with home.worker() as worker:
        pk = home.script(f"node = submit(Once, path=orm.Str({str(path)!r})); wait_until(lambda: os.path.exists({str(path)!r})); result = node.pk")
        end(worker, signal.SIGTERM)
    assert path.read_text() == "begun\nended\n"
    with home.worker():
        assert home.script(f"node = orm.load_node({pk}); wait_ended(node); result = node.process_state.value") == "finished"
    assert path.read_text() == "begun\nended\n"


@pytest.mark.parametrize("whom", ["group", "worker twice"])
def test_a_job_survives_the_ctrl_c_meant_for_its_worker(home: Home, whom: str) -> None:
    """Ctrl-C reaches the whole foreground group of a terminal; the job of `core.direct` is not in it."""
    ran = home.folder / f"ran-{whom.replace(' ', '-')}"
    with home.worker() as worker:
        pk = home.script(f"ran = {str(ran)!r}", JOB)
        if whom == "group":
            os.killpg(worker.pid, signal.SIGINT)
        else:
            for _ in range(2):
                os.kill(worker.pid, signal.SIGINT)
        worker.process.wait(30)
        assert worker.process.returncode == 0
    with home.worker():
        seen = home.script(f"node = orm.load_node({pk}); wait_ended(node); result = [node.exit_status, node.outputs.sum.value]")
    assert seen == [0, 5]
    assert ran.read_text() == "ran\n"


def test_a_worker_is_woken_by_the_bell(home: Home) -> None:
    """A worker that would look by itself after ten minutes only: it is the local socket that wakes it, every time."""
    with home.worker(idle=600.0):
        time.sleep(1)
        delays = home.script("result = start_times('.', 20, 0.03)")
    print(f"\nfrom submission to the first step over the local socket: median {delays[10]:.3f} s, p95 {delays[18]:.3f} s")
    assert delays[-1] < 30


@pytest.mark.proof
def test_from_idle_a_process_starts_within_fifty_milliseconds(home: Home) -> None:
    """Sixty times, from the return of `submit` to the first step; needs a machine that has nothing else to do."""
    with home.worker(idle=600.0):
        time.sleep(2)
        delays = home.script("time.sleep(2)\nresult = start_times('.', 60, 0.1)")
    print(f"\nmedian {delays[30]:.3f} s, p95 {delays[57]:.3f} s")
    assert delays[57] < 0.05


def test_stacks_are_shown_on_request(home: Home) -> None:
    """`kill -USR1` writes what every thread does to the log, and nothing else happens."""
    with home.worker() as worker:
        os.kill(worker.pid, signal.SIGUSR1)
        wait_until(lambda: "most recent call first" in worker.log.read_text(), "the stacks", 10)
        assert worker.process.poll() is None


def test_logs_rotate(home: Home) -> None:
    """A log of ten megabytes is put aside; so is the supervisor's."""
    folder = home.folder / ".aiida" / "daemon" / "log"
    folder.mkdir(parents=True, exist_ok=True)
    logs = [folder / "aiida-presto.log", folder / "circus-presto.log"]
    for log in logs:
        log.write_bytes(b"x" * 9_999_999 + b"\n")
    home.verdi("daemon", "start", "1")
    try:
        home.script("get_daemon_client().increase_workers(1, wait=True)")
    finally:
        home.verdi("daemon", "stop")
    for log in logs:
        assert log.with_name(log.name + ".1").stat().st_size >= 9_000_000
        assert log.stat().st_size < 1_000_000
        assert "presto" in log.read_text()


def count_switches(process: psutil.Process) -> int:
    """How often its threads have gone to sleep of themselves, and so were woken."""
    total = 0
    for thread in process.threads():
        with open(f"/proc/{process.pid}/task/{thread.id}/status") as status:
            total += next(int(line.split()[1]) for line in status if line.startswith("voluntary"))
    return total


def test_an_idle_daemon_sleeps(home: Home) -> None:
    """Counted wake-ups of supervisor, worker and heart, which no load of the machine changes; the CPU time is for the reader."""
    home.verdi("daemon", "start", "1")
    try:
        supervisor = psutil.Process(home.script("result = get_daemon_client().get_daemon_pid()"))
        time.sleep(2)
        family = [supervisor, *supervisor.children(recursive=True)]
        measure = lambda: [(sum(p.cpu_times()[:2]), count_switches(p)) for p in family]
        before, begun = measure(), time.monotonic()
        time.sleep(5)
        after, seconds = measure(), time.monotonic() - begun
    finally:
        home.verdi("daemon", "stop")
    cpu = sum(b[0] - a[0] for a, b in zip(before, after, strict=True)) / seconds
    wakeups = sum(b[1] - a[1] for a, b in zip(before, after, strict=True)) / seconds
    print(f"\nidle daemon: {wakeups:.1f} wake-ups a second, {100 * cpu:.2f} % of a CPU, {len(family)} processes")
    assert len(family) == 3
    assert wakeups < 15


def ask(port: int) -> tuple[int, dict[str, object]]:
    """What a worker says of its health."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_health_is_told_over_http(home: Home) -> None:
    """Well while it works, refused when the worker is stopped."""
    with home.worker("--health", "0") as worker:
        port = int(re.search(r"told at port (\d+)", worker.log.read_text())[1])  # type: ignore[index]
        status, known = ask(port)
        assert (status, known["status"], known["pid"]) == (200, "ok", worker.pid)
        end(worker, signal.SIGTERM)
        with pytest.raises(urllib.error.URLError):
            ask(port)


def test_a_database_that_does_not_answer_is_no_health() -> None:
    class Silent:
        looked_at = time.monotonic() - 60
        core = types.SimpleNamespace(liveness=types.SimpleNamespace(id=3), held={})

    status, known = health.judge(Silent())  # type: ignore[arg-type]
    assert status == 503 and known["status"] == "no look at the database succeeds"


@pytest.mark.parametrize("text", ["", "here", "localhost:", "1.2.3.4:99999"])
def test_an_address_that_is_none(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is no address"):
        health.find_address(text)
