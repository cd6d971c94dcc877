"""Make `names.txt`, `signatures.txt` and `surface.txt` from the records of the public interface: `python tests/public_api/make_data.py ../shared/compat`.

Names only: which modules there are, what is in them, which members classes have, and which of it published plugins use.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
MEMBER = re.compile(
    r" {6}(?:async )?(?:method|property|attribute|class-attribute|classmethod|staticmethod|classproperty|cached_property|callable|class|function|constant) (\w+)"
)
NAME = re.compile(r"  (?:async )?(class|exception|function|constant|module) (\w+)")
AT_LEAST = 1


def render_names(lines: list[str]) -> list[str]:
    """One line a name: module, kind, name, members."""
    made: list[list[str]] = []
    module = ""
    for line in lines:
        if line.startswith("=== "):
            module = line.split()[1]
            made.append([module, "module"])
        elif match := NAME.match(line):
            made.append([module, match[1], match[2]])
        elif match := MEMBER.match(line):
            made[-1].append(match[1])
        elif line.startswith("      inherited from aiida."):
            made[-1] += re.findall(r"\w+", line.split(": ", 1)[1])
        elif line.startswith("      members: "):
            made[-1] += re.findall(r"(\w+)=", re.sub(r"\(.*?\)", "", line))
    return [" ".join([*entry[:3], *sorted({name for name in entry[3:] if not name.startswith("_")})]) for entry in made]


CALLABLE = re.compile(r"  (?:async )?function (\w+)\(| {6}(?:async )?(?:constructor|method|classmethod|staticmethod) (\w+)\(")


def split_parameters(line: str) -> list[str]:
    """The parameters of a signature that is written in a line, without their types and defaults."""
    found, word, depth, quote = [], "", 0, ""
    for char in line[line.index("(") :]:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        if depth == 1 and char in ",(" and not quote:
            found.append(word)
            word = ""
        elif depth == 0:
            break
        else:
            word += char
    names = [re.split(r"[:=]", text)[0].strip() for text in [*found, word]]
    return [name for name in names if name.isidentifier() and name not in ("self", "cls")]


def render_signatures(lines: list[str]) -> list[str]:
    """One line a callable: module, name (of the class and its method), names of its parameters."""
    made, module, owner = [], "", ""
    for line in lines:
        if line.startswith("=== "):
            module, owner = line.split()[1], ""
        elif match := NAME.match(line):
            owner = match[2] if match[1] in ("class", "exception") and "  = " not in line else ""
        if match := CALLABLE.match(line):
            if line.startswith("      ") and not owner:
                continue
            method = "__init__" if line.lstrip().startswith("constructor") else match[2]
            name = match[1] or f"{owner}.{method}"
            made.append(" ".join([module, name, *split_parameters(line)]))
    return [line for line in made if len(line.split()) > 2]


def render_surface(path: Path) -> list[str]:
    """One line a row: kind, place, symbol; what only tests use is of the same kind."""
    with path.open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if int(row["number_of_plugins"]) >= AT_LEAST]
    kept = [row for row in rows if "absent" not in row["kind"]]
    return sorted({"\t".join([row["kind"].removesuffix(" [tests/docs]"), row["module"], row["symbol"]]) for row in kept})


if __name__ == "__main__":
    records = Path(sys.argv[1])
    lines = (records / "public_api.txt").read_text().splitlines()
    (HERE / "names.txt").write_text("\n".join(render_names(lines)) + "\n")
    (HERE / "signatures.txt").write_text("\n".join(render_signatures(lines)) + "\n")
    (HERE / "surface.txt").write_text("\n".join(render_surface(records / "api_surface.csv")) + "\n")
