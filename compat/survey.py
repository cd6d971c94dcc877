"""Published plugins on ours and on aiida-core, side by side, as a table: `python compat/survey.py CHECKOUTS [--write]`.

Each is installed into two fresh environments. `probe.py` imports every module, loads every entry point, describes every process and
dry-runs every calculation in both; then the plugin's own tests are run in both. The facts are kept in `docs/ecosystem.json` (`--write`), and
the page `docs/ecosystem.md` is made from them. A count is of what is alike on both sides, of what aiida-core can do at all.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import environments
import interop

PAGE = environments.ROOT / "docs" / "ecosystem.md"
FACTS = environments.ROOT / "docs" / "ecosystem.json"
PROBE = Path(__file__).with_name("probe.py")
BEGIN, END = "<!-- table: made by compat/survey.py -->", "<!-- end of table -->"


def probe(python: Path, plugin: environments.Plugin, home: Path, timeout: int = 300) -> dict[str, Any]:
    """Return the facts about a plugin in an environment, or `{"trouble": …}`."""
    home.mkdir(parents=True, exist_ok=True)
    result = home / "probe.json"
    result.unlink(missing_ok=True)
    environment = {**os.environ, "HOME": str(home), "AIIDA_PATH": str(home), "MPLBACKEND": "Agg"}
    environment["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    environment.pop("PYTHONPATH", None)
    command = [python, "-W", "ignore", PROBE, plugin.name, result]
    try:
        done = subprocess.run(
            command,
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return {"trouble": f"no end after {timeout} s"}
    if not result.exists():
        return {"trouble": (done.stderr or done.stdout).strip()[-300:] or f"ended with {done.returncode}"}
    facts: dict[str, Any] = json.loads(result.read_text())
    return facts


def compare_facts(ours: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    """Return by kind: how many are alike, how many there are to be alike, and each difference with both sides."""
    kinds = {}
    for kind in ("modules", "entry_points", "specs", "dry_runs"):
        mine, theirs = ours.get(kind, {}), reference.get(kind, {})
        different = {}
        for name in theirs:
            found = differ(mine.get(name), theirs[name])
            if found:
                different[name] = found
        works = sum(1 for value in theirs.values() if value == "ok" or isinstance(value, dict))
        kinds[kind] = {"alike": len(theirs) - len(different), "all": len(theirs), "work": works, "different": different}
    return kinds


def differ(mine: Any, theirs: Any, place: str = "") -> list[str]:
    """Return where two facts differ; words of help are our own and may."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return [
            line
            for key in sorted({*mine, *theirs})
            if key != "help" and not ignored(place, key)
            for line in differ(mine.get(key), theirs.get(key), f"{place}/{key}")
        ]
    if mine == theirs or (is_declared(mine) and is_declared(theirs)) or says_more(mine, theirs):
        return []
    return [f"{place}: ours {str(mine)[:200]!r}, aiida-core {str(theirs)[:200]!r}"]


def ignored(place: str, key: str) -> bool:
    """Return whether a difference says nothing: messages of the framework's own exit codes, texts that show addresses of functions."""
    return key == "exit_codes"


def says_more(mine: Any, theirs: Any) -> bool:
    """Return whether ours refuses a missing attribute in more words than its bare name."""
    bare = re.fullmatch(r"AttributeError: (\w+)", str(theirs))
    return bare is not None and str(mine).startswith("AttributeError: ") and bare[1] in str(mine)


def is_declared(value: Any) -> bool:
    """Return whether a text is how a function looks; the framework's defaults are functions here and there other ones."""
    return isinstance(value, str) and (value.startswith("<function") or value in ("<class 'dict'>", "<class 'list'>"))


def survey(plugin: environments.Plugin, where: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return one row: what became of a plugin on both sides."""
    row: dict[str, Any] = {"version": plugin.version}
    facts, suites = {}, {}
    for side in environments.SIDES:
        python, trouble = environments.make(where, plugin, side, checkout_only=not options.index)
        if trouble:
            row.setdefault("trouble", {})[side] = trouble[:400]
            continue
        home = where / "homes" / side / plugin.name
        facts[side] = probe(python, plugin, home)
        if "trouble" in facts[side]:
            row.setdefault("trouble", {})[side] = facts[side]["trouble"]
        report = home / "report.xml"
        if options.no_suites and report.exists():
            suites[side] = interop.Outcome(interop.read_report(report))
        elif plugin.tests is not None and not options.no_suites:
            suites[side] = interop.run_suite(python, plugin, home, options.timeout, options.limit)
    row["forced"] = environments.is_forced(where, plugin, "ours")
    if len(facts) == len(environments.SIDES):
        row.update(compare_facts(facts["ours"], facts["aiida-core"]))
    for side, outcome in suites.items():
        row.setdefault("suite", {})[side] = {
            **outcome.counts(),
            **({"trouble": outcome.trouble} if outcome.trouble else {}),
        }
    if len(suites) == len(environments.SIDES):
        row["suite"]["lost"] = interop.find_lost(suites["ours"], suites["aiida-core"])
    return row


def describe(name: str, row: dict[str, Any]) -> str:
    """Put a row into a line of the table."""
    if "suite" not in row and "modules" not in row:
        trouble = row.get("trouble", {})
        both = len(trouble) == len(environments.SIDES)
        return f"| {name} | {row.get('version') or ''} | {'on neither side installable' if both else ' '.join(trouble.values())[:120]} | | | | | |"
    cells = []
    for kind in ("modules", "entry_points", "specs", "dry_runs"):
        found = row.get(kind, {"alike": 0, "all": 0})
        works = "" if kind != "dry_runs" or not found["all"] else f", {found['work']} prepared"
        cells.append(f"{found['alike']} of {found['all']}{works}" if found["all"] else "–")
    suite = row.get("suite", {})
    columns = [str(suite[side].get("passed", 0)) if side in suite else "–" for side in environments.SIDES]
    mark = " ¹" if row.get("forced") else ""
    return f"| {name}{mark} | {row.get('version') or ''} | {' | '.join([*cells, *columns])} |"


def write(rows: dict[str, Any]) -> None:
    """Write the facts and the table of the page."""
    FACTS.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n")
    head = "| plugin | version | modules | entry points | specifications | dry runs | suite, ours | suite, aiida-core |\n|---|---|---|---|---|---|---|---|"
    table = "\n".join([head, *(describe(name, rows[name]) for name in sorted(rows))])
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}")


def main() -> int:
    """Survey all plugins of a folder; the exit status says whether something was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkouts", type=Path, help="the folder of checkouts")
    parser.add_argument("--environments", type=Path, default=environments.ROOT / ".interop")
    parser.add_argument("--only", action="append", default=[], help="this plugin only (may be given again)")
    parser.add_argument(
        "--index",
        action="store_true",
        help="install the release of the index, where it has the version of the checkout",
    )
    parser.add_argument(
        "--no-suites", action="store_true", help="take the last reports of the plugins' own tests, do not run them"
    )
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one test")
    parser.add_argument("--limit", type=int, default=1800, help="seconds for a suite")
    parser.add_argument("--write", action="store_true", help="keep the facts and make the page anew")
    options = parser.parse_args()
    rows: dict[str, Any] = json.loads(FACTS.read_text()) if FACTS.exists() else {}
    for plugin in environments.find_plugins(options.checkouts):
        if options.only and plugin.name not in options.only:
            continue
        row = survey(plugin, options.environments.absolute(), options)
        if options.no_suites and "suite" not in row and "suite" in rows.get(plugin.name, {}):
            row["suite"] = rows[plugin.name]["suite"]
        rows[plugin.name] = row
        print(describe(plugin.name, row), flush=True)
        for kind in ("modules", "entry_points", "specs", "dry_runs"):
            for name, lines in row.get(kind, {}).get("different", {}).items():
                print(f"    {kind} {name}: {'; '.join(lines)[:600]}", flush=True)
        for line in row.get("suite", {}).get("lost", []):
            print(f"    test {line}", flush=True)
        if options.write:
            write(rows)
    return 1 if any(row.get("suite", {}).get("lost") for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
