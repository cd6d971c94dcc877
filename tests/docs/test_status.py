"""docs/STATUS.md tells the truth: named tests exist, the made part is up to date, every statement has a line."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.docs.made import ROOT, load_script

STATUS = ROOT / "docs" / "STATUS.md"


def defined_in(path: Path) -> set[str]:
    """The tests that a file defines."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def promises() -> list[tuple[str, str]]:
    """(promise, what shows it) of the part that is written by hand."""
    hand, _, _ = STATUS.read_text().partition("## Statement by statement")
    rows = [line.strip("|").split("|") for line in hand.splitlines() if line.startswith("| ")]
    return [(row[0].strip(), row[1].strip()) for row in rows if row[0].strip() != "promise"]


def test_every_promise_names_a_test_that_exists_or_is_open() -> None:
    """A name that no file has, or a line that shows nothing and does not say so, fails."""
    wrong = []
    for promise, shown in promises():
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown)
        if not named and not shown.startswith(("open", "below")):
            wrong.append(f"{promise}: names no test and is not called open")
        for path, name in named:
            if not (ROOT / path).exists() or name not in defined_in(ROOT / path):
                wrong.append(f"{promise}: there is no {path}::{name}")
    assert len(promises()) > 60
    assert not wrong, "\n".join(wrong)


def test_the_made_part_tells_no_lie() -> None:
    """Tests that it names exist; what a test shows is not called open. (A second test of a statement may wait for the next run.)"""
    found = load_script("status").find_tests()
    wrong = []
    for statement, shown in re.findall(r"^\| ([A-M]\d+) \| (.*) \|$", STATUS.read_text(), re.M):
        known = {f"{Path(path).name}::{name}" for path, name in found.get(statement, [])}
        named = set(re.findall(r"`([^`]+)`", shown))
        if named - known or (known and not named) or (not named and shown != "open"):
            wrong.append(f"{statement}: named {sorted(named)}, found {sorted(known)}")
    assert not wrong, "run `python docs/status.py`\n" + "\n".join(wrong)


def test_no_statement_is_missing() -> None:
    """Every number of every letter has exactly one line."""
    script = load_script("status")
    lines = re.findall(r"^\| ([A-M]\d+) \|", STATUS.read_text(), re.M)
    assert lines == [f"{letter}{number}" for letter, (count, _) in script.SECTIONS.items() for number in range(1, count + 1)]


def test_names_bear_several_numbers() -> None:
    """One test may show several statements."""
    parse = load_script("status").parse_statements
    assert parse("test_a02_instantiate") == ["A2"]
    assert parse("test_b01_b02_b03_frozen") == ["B1", "B2", "B3"]
    assert parse("test_e01_to_e04_and_e11_live") == ["E1", "E2", "E3", "E4", "E11"]
    assert parse("test_status_says_what_is_there") == []
