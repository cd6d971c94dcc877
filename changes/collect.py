"""Collect the news fragments into CHANGELOG.md: `python changes/collect.py 0.1.0`."""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
KINDS = {"feature": "New", "change": "Changed", "fix": "Mended", "removal": "Removed"}


def render(version: str, fragments: dict[str, list[str]]) -> str:
    """Return the section of one release."""
    lines = [f"## {version} ({datetime.date.today():%Y-%m-%d})", ""]
    for kind, title in KINDS.items():
        if fragments.get(kind):
            lines += [f"### {title}", "", *(f"* {text}" for text in fragments[kind]), ""]
    return "\n".join(lines)


def main() -> None:
    """Write the section and remove the fragments."""
    if len(sys.argv) != 2 or not re.fullmatch(r"\d+(\.\d+)+\w*", sys.argv[1]):
        sys.exit("usage: python changes/collect.py VERSION, as in 0.1.0")
    fragments: dict[str, list[str]] = {}
    files = sorted(path for path in HERE.glob("*.*.md"))
    for path in files:
        kind = path.name.split(".")[-2]
        if kind not in KINDS:
            sys.exit(f"{path.name}: `{kind}` is not a kind of news: use one of {', '.join(KINDS)}")
        fragments.setdefault(kind, []).append(" ".join(path.read_text().split()))
    changelog = HERE.parent / "CHANGELOG.md"
    head, _, rest = changelog.read_text().partition("\n## ")
    changelog.write_text(f"{head.rstrip()}\n\n{render(sys.argv[1], fragments)}" + (f"\n## {rest}" if rest else ""))
    for path in files:
        path.unlink()


if __name__ == "__main__":
    main()
