"""Hundreds of expressions, played by aiida-core and by us: values, errors, printed text and warnings are the same.

The expressions are in `same/topics`, one file per topic, one record per statement. Errors are compared by class; texts of errors are
our own. A line `#: reason` before a statement says why ours differs there; it has to differ then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REFERENCE

pytestmark = [pytest.mark.real("aiida-core")]

HERE = Path(__file__).parent / "same"
TOPICS = sorted(path.stem for path in (HERE / "topics").glob("*.txt"))
#: topics that `make test` plays; `make proof` plays all
QUICK = ("basic", "node", "queries")

_PREPARE = """
import os, subprocess, sys
sys.exit(subprocess.run([os.path.join(os.path.dirname(sys.executable), "verdi"), "presto", "-p", "same"]).returncode)
"""


def _play(python: Path, folder: Path, topics: list[str]) -> dict[str, Any]:
    """Make a profile, copy it for each topic, and play."""
    template = folder / "template"
    template.mkdir(parents=True)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    settings = os.environ | {"COLUMNS": "150", "LC_ALL": "C.UTF-8", "PATH": path}
    settings = {name: value for name, value in settings.items() if name not in ("AIIDA_PROFILE", "AIIDA_WARN_v3")}
    subprocess.run([python, "-c", _PREPARE], env=settings | {"AIIDA_PATH": str(template)}, check=True, capture_output=True, timeout=120)
    for topic in topics:
        home = folder / topic
        subprocess.run(["cp", "-r", template, home], check=True)
        config = home / ".aiida" / "config.json"
        config.write_text(config.read_text().replace(str(template), str(home)))
    out = folder / "out"
    out.mkdir()
    command = [str(python), str(HERE / "player.py"), str(out), *(str(HERE / "topics" / f"{topic}.txt") for topic in topics)]
    subprocess.run(command, env=settings | {"AIIDA_PATH": str(folder / "{topic}")}, cwd=folder, check=True, capture_output=True, timeout=600)
    return {topic: json.loads((out / f"{topic}.json").read_text()) for topic in topics}


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both made of the topics that this run asks for."""
    topics = sorted({item.callspec.params["topic"] for item in request.session.items if item.fspath == request.fspath and hasattr(item, "callspec")})
    folder = tmp_path_factory.mktemp("same")
    with ThreadPoolExecutor() as pool:
        theirs = pool.submit(_play, REFERENCE / "python", folder / "theirs", topics)
        ours = pool.submit(_play, Path(sys.executable), folder / "ours", topics)
        return theirs.result(), ours.result()


def _kind(record: dict[str, Any]) -> str:
    return str(record["error"].partition(":")[0]) if "error" in record else ""


def differences(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """Return what of one statement differs."""
    found = [f"{what}: {theirs.get(what)!r} became {ours.get(what)!r}" for what in ("value", "warnings", "printed") if theirs.get(what) != ours.get(what)]
    if _kind(theirs) != _kind(ours):
        found.append(f"error: {theirs.get('error')!r} became {ours.get('error')!r}")
    return found


@pytest.mark.parametrize("topic", [topic if topic in QUICK else pytest.param(topic, marks=pytest.mark.proof) for topic in TOPICS])
def test_same_as_aiida_core(topic: str, played: tuple[dict[str, Any], dict[str, Any]]) -> None:
    theirs, ours = played[0][topic], played[1][topic]
    assert isinstance(theirs, list) and isinstance(ours, list), f"{theirs}\n{ours}"
    assert len(theirs) == len(ours) > 50
    lines = (HERE / "topics" / f"{topic}.txt").read_text(encoding="utf-8").splitlines()
    wrong = []
    for one, other in zip(theirs, ours, strict=True):
        line = one["line"]
        marked = line > 1 and lines[line - 2].startswith("#: ")
        found = differences(one, other)
        if found and not marked:
            wrong.append(f"{topic}.txt:{line}: {one['source']}\n    " + "\n    ".join(found))
        if marked and not found:
            wrong.append(f"{topic}.txt:{line}: {one['source']}\n    is said to differ and does not")
    assert not wrong, "\n".join(wrong)
