"""A code that plays back what the real one has left: a run is recognised by its input files and arguments.

`write_mock_executable` writes the executable. In a folder of records, each record is a folder named by a digest of the inputs, with the
files that the code made or changed; `.mock` in it has output, error output, exit status and the list of inputs. A run that is not on
record is made with the real executable, if there is one, and recorded; else it fails and says what is missing.

Run as a program by the job: ``python mock_code.py RECORDS EXECUTABLE IGNORED ARGUMENTS…`` (of the standard library only).
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

__all__ = ("find_key", "write_mock_executable")

NEVER = (".aiida/*", "_aiidasubmit.sh", "_scheduler-*")
"""What the engine and the scheduler put there: no inputs of the code."""
MISSING = 99


def write_mock_executable(path: Path, records: Path, executable: str | None = None, ignore: Sequence[str] = ()) -> Path:
    """Write a script that stands for a code; return its path.

    :param executable: the real code, to make records that are missing.
    :param ignore: patterns of file names that do not belong to the inputs (a file with the time of day in it).
    """
    records.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, __file__, str(records.resolve()), executable or "", json.dumps([*NEVER, *ignore])]
    path.write_text("#!/bin/sh\nexec " + " ".join(_quote(word) for word in words) + ' "$@"\n')
    path.chmod(0o755)
    return path


def _quote(word: str) -> str:
    return "'" + word.replace("'", "'\"'\"'") + "'"


def find_inputs(folder: Path, ignore: Sequence[str]) -> dict[str, str]:
    """Names and digests of the files before the code runs; empty ones are what the shell made for the output."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and path.stat().st_size and not any(fnmatch.fnmatch(name, pattern) for pattern in ignore):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def find_key(inputs: dict[str, str], arguments: Sequence[str]) -> str:
    """The digest by which a run is recognised."""
    return hashlib.sha256(json.dumps([inputs, list(arguments)], sort_keys=True).encode()).hexdigest()[:32]


def play(record: Path, folder: Path) -> int:
    """Put the recorded files there and say what was said; return the exit status."""
    for path in sorted(record.rglob("*")):
        name = path.relative_to(record)
        if path.is_file() and name.parts[0] != ".mock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
    sys.stdout.buffer.write((record / ".mock" / "stdout").read_bytes())
    sys.stderr.buffer.write((record / ".mock" / "stderr").read_bytes())
    return int(json.loads((record / ".mock" / "run.json").read_text())["status"])


def record_run(command: list[str], record: Path, folder: Path, inputs: dict[str, str], ignore: Sequence[str]) -> None:
    """Run the real code and keep what it left; the record appears whole or not at all."""
    done = subprocess.run(command, stdin=sys.stdin.buffer, capture_output=True, check=False)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=record.parent))
    (making / ".mock").mkdir()
    for name, digest in find_inputs(folder, ignore).items():
        if inputs.get(name) != digest:
            (making / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, making / name)
    (making / ".mock" / "stdout").write_bytes(done.stdout)
    (making / ".mock" / "stderr").write_bytes(done.stderr)
    about = {"status": done.returncode, "arguments": command[1:], "inputs": inputs}
    (making / ".mock" / "run.json").write_text(json.dumps(about, indent=1))
    os.chmod(making, 0o755)
    try:
        os.rename(making, record)
    except OSError:
        shutil.rmtree(making)  # another job has just made the same


def main(arguments: list[str]) -> int:
    """Play back, record, or say what is missing."""
    records, executable, ignore, rest = Path(arguments[0]), arguments[1], json.loads(arguments[2]), arguments[3:]
    folder = Path.cwd()
    inputs = find_inputs(folder, ignore)
    record = records / find_key(inputs, rest)
    if not record.is_dir():
        if not executable:
            known = sorted(path.name for path in records.iterdir() if path.is_dir())
            sys.stderr.write(
                f"mock code: there is no record of this run in {records}\n  looked for: {record.name}\n  inputs: {inputs}\n"
                f"  arguments: {rest}\n  records: {known}\nGive the real executable to the mock code once, and the run is recorded.\n"
            )
            return MISSING
        record_run([executable, *rest], record, folder, inputs, ignore)
    return play(record, folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
