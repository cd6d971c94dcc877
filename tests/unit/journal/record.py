"""Records journals of this release for `test_recorded.py`: `python -m tests.unit.journal.record RELEASE`. Never run it over old ones."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiida import orm
from aiida.common.slots import current_settings
from aiida.engine.processes import control
from aiida.journal import events as ev
from aiida.journal.fold import fold
from aiida.storage import journal
from tests.durability import flows
from tests.durability.harness import Settings, house

FOLDER = Path(__file__).parent / "recorded"
KEPT = (
    "state",
    "seq",
    "nature",
    "pointer",
    "steps",
    "phase",
    "job_id",
    "attempt",
    "paused",
    "kill_asked",
    "exit_status",
    "exception",
)


def record(store: Any, node: Any, path: Path) -> None:
    """Write the events of one process, and what they fold to."""
    with store.reading() as connection:
        events = [row[3] for row in journal.load_timeline(connection, node.pk)]
    state = fold(events)
    kept = {name: getattr(state, name) for name in KEPT}
    encoded = [[kind, version, json.loads(data)] for kind, version, data in map(ev.encode, events)]
    text = json.dumps({"events": encoded, "state": kept}, indent=1)
    path.write_text(re.sub(r"/tmp/[^/\"]+", "/scratch", text) + "\n")


def main(release: str) -> None:
    """A tree, a job, one that raised, one that was paused and killed."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, house() as built, current_settings.override(Settings()):  # type: ignore[arg-type]
        code = flows.make_code(folder)
        nodes = {
            "tree": built.submit(flows.Tree, n=orm.Int(2)),
            "job": built.submit(flows.AddJob, code=code, x=orm.Int(1), y=orm.Int(2)),
            "raises": built.submit(flows.Raises, x=orm.Int(1)),
        }
        worker = built.worker()
        built.run(worker)
        built.bury(worker)
        nodes["killed"] = built.submit(flows.Leaf, x=orm.Int(1))
        control.pause_processes([nodes["killed"]], timeout=0)
        control.kill_processes([nodes["killed"]], timeout=0)
        for name, node in nodes.items():
            record(built.store, node, FOLDER / f"{release}-{name}.json")


if __name__ == "__main__":
    main(sys.argv[1])
