"""A worker that died and left its row behind does not keep commands from being acted on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from aiida import orm
from aiida.engine import submit
from aiida.engine.runtime.liveness import host_name
from aiida.manage import get_manager
from aiida.storage import journal
from tests.cli import examples

Good = Callable[..., str]


def test_commands_are_acted_on_though_a_dead_worker_is_registered(good: Good) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    store = get_manager().get_profile_storage()
    with store.transaction() as tx:
        journal.insert_worker(tx, host_name(), ended.pid, "daemon")
    node = submit(examples.Outer, x=orm.Int(1))
    assert f"paused Process<{node.pk}>" in good("process", "pause", str(node.pk))
    said = good("process", "explain", str(node.pk))
    assert "is paused" in said and "is at work" not in said, said
    assert f"killed Process<{node.pk}>" in good("process", "kill", str(node.pk))
    assert "Warning: The daemon is not running" in good("process", "list")
