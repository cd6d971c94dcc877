"""`metadata.dry_run`: the input files of a job in a folder here to look at, and nothing else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida.common.exit_code import ExitCode
from aiida.engine.processes.calcjobs import effects as remote
from aiida.engine.processes.outcome import Finish

if TYPE_CHECKING:
    from aiida.engine.processes.process import Process

FOLDER = "submit_test"


def is_asked(process: Process) -> bool:
    """Whether this is a job that is only to be looked at."""
    return bool(process.inputs.get("metadata", {}).get("dry_run", False))


def perform(process: Any) -> Finish:
    """Write the files of the job to a new folder below `submit_test`."""
    prepared = remote.prepare(process)
    target = _new_folder(Path.cwd() / FOLDER)
    try:
        for source in (prepared.folder, prepared.staging):
            if source is not None:
                _copy(Path(source.abspath), target)
        _list_remote(prepared.plan, process.node.computer, target)
    finally:
        for source in (prepared.folder, prepared.staging):
            if source is not None:
                source.erase()
    process.node.dry_run_info = {"folder": str(target), "script_filename": prepared.plan.script}
    return Finish(ExitCode(0))


def _list_remote(plan: Any, computer: Any, target: Path) -> None:
    """Say in a file of its own what would be copied or linked on the computer: that cannot be shown here."""
    for name, verb, triples in (("copy", "copied", plan.remote), ("symlink", "created symlinks from", plan.links)):
        where = f"in working directory on remote {computer.label}"
        lines = [f"would have {verb} {source} to {place} {where}\n" for _, source, place in triples]
        if lines:
            (target / f"_aiida_remote_{name}_list.txt").write_text("".join(lines))


def _new_folder(parent: Path) -> Path:
    """The next free name of the day."""
    parent.mkdir(exist_ok=True)
    day = time.strftime("%Y%m%d")
    for number in range(1, 100_000):
        folder = parent / f"{day}-{number:05d}"
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            continue
    raise OSError(f"no free name in `{parent}`: remove old dry runs")


def _copy(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
