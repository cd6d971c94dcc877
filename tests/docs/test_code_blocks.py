"""Every python and console block of the README and of the documentation is run, page by page, on a profile of its own.

A comment before a block may say otherwise: `not run: REASON`, `file: NAME` (a file that the reader is to write), `pytest: NAME` (the
same, and pytest is run on it), `from: PATH` (a quotation: it must stand in that file).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.made import DOCS, ROOT

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"(?:<!-- (not run|file|pytest|from): (.+?) -->\n)?^```(\w*)\n(.*?)^```$", re.S | re.M)
RUN = ("python", "console")


def blocks(page: Path) -> list[dict[str, str]]:
    """The blocks of a page, with what the comments say of them."""
    text = page.read_text()
    found = []
    for match in BLOCK.finditer(text):
        directive, value, language, content = match.groups()
        where = f"{page.relative_to(ROOT)}:{text[: match.start(3)].count(chr(10)) + 1}"
        found.append({"directive": directive or "", "name": value or "", "kind": language, "text": content, "where": where})
    return found


def steps(page: Path) -> list[dict[str, str]]:
    """What is to be run of a page."""
    wanted = []
    for block in blocks(page):
        if block["directive"] in ("file", "pytest"):
            wanted.append({**block, "kind": block["directive"]})
        elif block["kind"] in RUN and not block["directive"]:
            wanted.append(block)
    return wanted


RUNNABLE = [page for page in PAGES if steps(page)]


def test_there_is_something_to_run() -> None:
    """The pages that have code are found."""
    names = {page.stem for page in RUNNABLE}
    assert {"README", "first_hour", "processes", "plugin", "daemon", "moving", "once"} <= names


@pytest.mark.parametrize("page", RUNNABLE, ids=[page.stem for page in RUNNABLE])
def test_blocks_run(page: Path, tmp_path: Path) -> None:
    """As a reader would type them; a page that makes no profile is given one."""
    wanted = steps(page)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "AIIDA_PATH": str(tmp_path), "PATH": programs, "PYTHONWARNINGS": "ignore"}
    environment.pop("AIIDA_PROFILE", None)
    if not any("verdi presto" in step["text"] for step in wanted):
        make = f"verdi presto -n && {sys.executable} -c 'from aiida import load_profile, orm; load_profile(); orm.Int(1).store()'"
        subprocess.run(make, shell=True, env=environment, check=True, capture_output=True, timeout=120)
    (tmp_path / "steps.json").write_text(json.dumps(wanted))
    command = [sys.executable, str(Path(__file__).with_name("run_page.py")), "steps.json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=280)
    assert done.returncode == 0, done.stdout
    assert "Critical" not in done.stdout and "Traceback" not in done.stdout, done.stdout


def test_what_is_not_run_says_why() -> None:
    """A reason, not a word."""
    unsaid = [block["where"] for page in PAGES for block in blocks(page) if block["directive"] == "not run" and len(block["name"].split()) < 4]
    assert not unsaid


def test_quotations_stand_where_they_come_from() -> None:
    """Blocks of the page on plugins are parts of the demonstration."""
    quoted = [block for page in PAGES for block in blocks(page) if block["directive"] == "from"]
    wrong = [block["where"] for block in quoted if block["text"] not in (ROOT / block["name"]).read_text()]
    assert len(quoted) > 5
    assert not wrong, f"not in the file that they name: {wrong}"
