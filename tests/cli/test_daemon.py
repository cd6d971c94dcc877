"""A real daemon, driven by `verdi` alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aiida import orm
from aiida.engine import submit
from tests.cli import examples
from tests.cli.conftest import Run

Good = Callable[..., str]


@pytest.fixture
def daemon(good: Good, verdi: Run) -> Iterator[None]:
    """A daemon with one worker."""
    verdi("daemon", "stop")  # what a failed test may have left
    assert "OK" in good("daemon", "start")
    yield
    verdi("daemon", "stop")


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)


def reload(node: orm.ProcessNode) -> orm.ProcessNode:
    """Read a node anew."""
    found: orm.ProcessNode = orm.load_node(node.pk)
    return found


def test_start_status_incr_decr_restart_stop(good: Good, bad: Good) -> None:
    assert "Starting the daemon with 1 worker... OK" in good("daemon", "start")
    assert "is running already" in good("daemon", "start")
    output = good("daemon", "status")
    assert re.search(r"Daemon is running as PID \d+ since", output) and "Active workers [1]:" in output
    assert "Daemon is running with PID" in good("status")
    good("daemon", "incr", "1")
    wait_for(lambda: "Active workers [2]:" in good("daemon", "status"), "a second worker")
    good("daemon", "decr")
    wait_for(lambda: "Active workers [1]:" in good("daemon", "status"), "one worker again")
    assert "Restarting the daemon... OK" in good("daemon", "restart")
    assert "Stopping the daemon... OK" in good("daemon", "stop")
    assert "was not running" in good("daemon", "stop")
    assert "The daemon is not running." in bad("daemon", "status", code=3)


def test_submitted_without_a_daemon_waits_and_is_said_so(good: Good, verdi: Run) -> None:
    node = submit(examples.Outer, x=orm.Int(1))
    assert "No daemon is running: `verdi daemon start` starts one." in good("process", "explain", str(node.pk))
    good("process", "pause", str(node.pk))
    assert "is paused" in good("process", "explain", str(node.pk))
    assert re.search(rf"{node.pk}\s.*⏸ Created", good("process", "list"))
    assert f"played Process<{node.pk}>" in good("process", "play", str(node.pk))
    good("daemon", "start")
    try:
        wait_for(lambda: reload(node).is_terminated, "the end of the process")
    finally:
        verdi("daemon", "stop")
    assert reload(node).is_finished_ok
    assert "Finished [0]" in good("process", "timeline", str(node.pk))
    assert "all rules hold" in good("devel", "check-invariants")


def test_explain_follows_a_chain_to_what_is_really_the_matter(good: Good, daemon: None, tmp_path: Path) -> None:
    node = submit(examples.Nested, depth=orm.Int(5), path=orm.Str(str(tmp_path / "go")))
    leaf = lambda: next((n for n in reload(node).called_descendants if n.inputs.depth.value == 1), None)
    wait_for(lambda: leaf() and reload(leaf()).process_state.value == "running", "the last of the chain to run")
    text = good("process", "explain", str(node.pk))
    assert text.count("waits for Nested<") == 4, text
    assert re.search(r"which is running: worker \d+ on \S+ is at a step", text), text
    assert "└── Nested" in good("process", "status", str(node.pk))
    (tmp_path / "go").touch()
    wait_for(lambda: reload(node).is_terminated, "the end of the chain")


def test_kill_reaches_all_that_was_called(good: Good, daemon: None, tmp_path: Path) -> None:
    node = submit(examples.Nested, depth=orm.Int(3), path=orm.Str(str(tmp_path / "go")))
    wait_for(lambda: len(reload(node).called_descendants) == 2, "the chain to be there")
    good("process", "kill", str(node.pk), "-t", "0")
    (tmp_path / "go").touch()
    wait_for(lambda: all(reload(n).is_terminated for n in [node, *node.called_descendants]), "the end of all")
    assert reload(node).is_killed


def test_watch_ends_with_the_process(good: Good, daemon: None) -> None:
    node = submit(examples.Outer, x=orm.Int(1))
    output = good("process", "watch", str(node.pk))
    assert output.rstrip().endswith("Finished [0]")
