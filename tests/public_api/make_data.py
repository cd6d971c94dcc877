"""Make `names.txt` and `surface.txt` from the records of the public interface: `python tests/public_api/make_data.py ../shared/compat`.

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
AT_LEAST = 2


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


def render_surface(path: Path) -> list[str]:
    """One line a row: kind, place, symbol; what only tests use is of the same kind."""
    with path.open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if int(row["number_of_plugins"]) >= AT_LEAST]
    kept = [row for row in rows if "absent" not in row["kind"]]
    return sorted({"\t".join([row["kind"].removesuffix(" [tests/docs]"), row["module"], row["symbol"]]) for row in kept})


if __name__ == "__main__":
    records = Path(sys.argv[1])
    (HERE / "names.txt").write_text("\n".join(render_names((records / "public_api.txt").read_text().splitlines())) + "\n")
    (HERE / "surface.txt").write_text("\n".join(render_surface(records / "api_surface.csv")) + "\n")
