"""Write the part of STATUS.md that lists BEHAVIOUR's statements from the names of the tests: `python docs/status.py`.

A test shows the statements whose letters and numbers its name begins with: `test_a02_…` shows A2, `test_b01_b02_…` both,
`test_e01_to_e04_and_e11_…` five. What no test shows is *open*.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
STATUS = HERE / "STATUS.md"
BEGIN, END = "<!-- statements: made by docs/status.py -->", "<!-- end of statements -->"
#: how many statements each section of BEHAVIOUR has, and what it is about
SECTIONS = {
    "A": (20, "a live process instance outside any run"),
    "B": (13, "inputs, metadata, exposed inputs"),
    "C": (16, "ports, serialisers, validators, messages"),
    "D": (13, "process builders"),
    "E": (19, "work chains in a run"),
    "F": (13, "calculation jobs and parsers"),
    "G": (13, "process nodes built by hand"),
    "H": (11, "process functions"),
    "I": (18, "data, repository, links"),
    "J": (10, "groups, codes, computers, users"),
    "K": (11, "QueryBuilder idioms"),
    "L": (13, "fixtures, profiles, logging"),
    "M": (8, "the command line"),
}
NAME = re.compile(r"test_((?:[a-m]\d\d_(?:to_|and_)?)+)\w+")


def parse_statements(name: str) -> list[str]:
    """Return the statements that a test shows by its name."""
    match = NAME.fullmatch(name)
    found: list[str] = []
    words = match[1].rstrip("_").split("_") if match else []
    for before, word in zip(["", *words], words, strict=False):
        if word in ("to", "and"):
            continue
        letter, number = word[0].upper(), int(word[1:])
        first = int(found[-1][1:]) + 1 if before == "to" else number
        found += [f"{letter}{each}" for each in range(first, number + 1)]
    return found


def find_tests() -> dict[str, list[tuple[str, str]]]:
    """Return statement -> (path, test name) of every test that bears its number."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for statement in parse_statements(node.name):
                    found.setdefault(statement, []).append((str(path.relative_to(ROOT)), node.name))
    return found


def render(found: dict[str, list[tuple[str, str]]]) -> str:
    """Return the tables."""
    lines = []
    for letter, (count, topic) in SECTIONS.items():
        lines += ["", f"### {letter}: {topic}", "", "| statement | shown by |", "|---|---|"]
        for number in range(1, count + 1):
            tests = found.get(f"{letter}{number}", [])
            shown = "<br>".join(f"`{Path(path).name}::{name}`" for path, name in tests) or "open"
            lines.append(f"| {letter}{number} | {shown} |")
    return "\n".join(lines) + "\n"


def replace(text: str, tables: str) -> str:
    """Return the document with the tables in their place."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{tables}{END}{tail}"


if __name__ == "__main__":
    STATUS.write_text(replace(STATUS.read_text(), render(find_tests())))
    sys.stdout.write(f"{STATUS} written\n")
