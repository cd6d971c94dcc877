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


RARE: dict[str, list[ev.Event]] = {
    "rare-job": [
        ev.Created(uuid="u1", nature="job", process_type="aiida.calculations:core.templatereplacer", context={"x": 1}),
        ev.Started(),
        ev.PlanMade(plan={"files": 1}, stash=True, unstash=True),
        ev.Waiting(),
        ev.EffectFailed(effect="upload", reason="no route to host", delay=20.0, away=True),
        ev.Uploaded(directory="/scratch/1", facts={"script": "_aiidasubmit.sh"}),
        ev.Unstashed(),
        ev.SubmitIntended(attempt=1, directory="/scratch/1"),
        ev.EffectFailed(effect="submit", reason="revoked", revoked=True),
        ev.Uploaded(directory="/scratch/1-2", facts={"script": "_aiidasubmit.sh"}),
        ev.SubmitIntended(attempt=2, directory="/scratch/1-2"),
        ev.EffectFailed(effect="recover", reason="timed out", delay=5.0),
        ev.Submitted(job_id="77", late=True),
        ev.Paused(reason="somebody"),
        ev.Played(),
        ev.MonitorActed(monitor="watch", action="disable-self", message="enough", facts={"parse": True}),
        ev.JobEnded(evidence="mark", facts={"rc": 0}),
        ev.Stashed(uuid="u2"),
        ev.Retrieved(uuid="u3", temporary="/tmp/t"),
        ev.Resumed(),
        ev.Parsed(status=410, message="no convergence"),
        ev.OutputAttached(label="remote_folder", uuid="u4"),
        ev.Finished(status=410, message="no convergence", outputs=["retrieved"]),
    ],
    "rare-foreign": [
        ev.Created(uuid="u5", nature="foreign", process_type="package.module.Task", importable=False, source=""),
        ev.Started(),
        ev.HostState(data={"tasks": ["a", "b"]}),
        ev.ChildLaunched(child=9, uuid="u6", rides=True, process_type="package.module.f"),
        ev.StepDone(pointer=[0, 1], context={"ctx": {}}, lost={"f": "a function"}, outputs=["y"], unclaimed=["u7"]),
        ev.KillAsked(reason="enough", force=True),
        ev.Killed(reason="enough"),
    ],
}
"""Events that seldom occur in a run, with all their fields, in journals that the machine allows."""


def record(store: Any, node: Any, path: Path) -> None:
    """Write the events of one process, and what they fold to."""
    with store.reading() as connection:
        write(path, [row[3] for row in journal.load_timeline(connection, node.pk)])


def write(path: Path, events: list[ev.Event]) -> None:
    """The events as they are stored, and what they fold to."""
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
    for name, events in RARE.items():
        write(FOLDER / f"{release}-{name}.json", events)


if __name__ == "__main__":
    main(sys.argv[1])
