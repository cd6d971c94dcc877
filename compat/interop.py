"""Suites of published plugins, run on Radames and on aiida-core, side by side: `make interop SUITES=<folder of checkouts>`.

The tests are the plugins' own and stay in their checkouts. Each sub-folder of SUITES that has tests is run twice, in two environments
that are made once for each plugin: one with aiida-core from the package index, one with this work tree and `compat/aiida-core`. In both,
the plugin is the *released* one of the index if it has the version of the checkout, else the checkout; the tests are those of the
same version if the checkout has its tag. What differs is listed test by test.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import environments

LEVELS = {"failure": "failed", "error": "failed", "skipped": "skipped"}


@dataclass
class Outcome:
    """What became of the tests of a suite on one side."""

    results: dict[str, str] = field(default_factory=dict)
    trouble: str = ""

    def counts(self) -> dict[str, int]:
        """How many tests ended how."""
        return dict(sorted(Counter(self.results.values()).items()))


def run_suite(python: Path, plugin: environments.Plugin, home: Path, timeout: int, limit: int = 1800) -> Outcome:
    """Run the tests of a plugin in an environment, with a home of its own."""
    home.mkdir(parents=True, exist_ok=True)
    report = home / "report.xml"
    report.unlink(missing_ok=True)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "HOME": str(home), "AIIDA_PATH": str(home), "PATH": path, "MPLBACKEND": "Agg"}
    environment.pop("PYTHONPATH", None)
    # Jobs of the suites run in a login shell; there, too, the programs of this environment come first.
    (home / ".bash_profile").write_text(f'export PATH="{python.parent}:$PATH"\n')
    verdi = python.parent / "verdi"
    if not (home / ".aiida" / "config.json").exists():
        subprocess.run([verdi, "presto"], env=environment, capture_output=True, check=False)
    flags = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore",
        "--tb=short",
        f"--timeout={timeout}",
        f"--junitxml={report}",
    ]
    with (home / "output.txt").open("w") as output:
        pytest = subprocess.Popen(
            [python, "-m", "pytest", str(plugin.tests), *flags],
            cwd=plugin.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            pytest.wait(limit)
        except subprocess.TimeoutExpired:
            pytest.kill()
            pytest.wait()
    subprocess.run([verdi, "daemon", "stop"], env=environment, capture_output=True, check=False)
    if not report.exists():
        lines = (home / "output.txt").read_text(errors="replace").strip().splitlines()
        return Outcome(trouble=f"no report of the tests: {lines[-1] if lines else f'no end after {limit} s'}"[:300])
    return Outcome(read_report(report))


def read_report(report: Path) -> dict[str, str]:
    """Return how each test ended, by its name."""
    results: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        ended = next((LEVELS[child.tag] for child in case if child.tag in LEVELS), "passed")
        name = f"{case.get('classname')}::{case.get('name')}"
        if results.get(name) != "failed":  # a test with a broken fixture behind it is listed twice
            results[name] = ended
    return results


def find_lost(ours: Outcome, reference: Outcome) -> list[str]:
    """Return the tests that aiida-core passes and ours does not."""
    return sorted(
        name for name, result in reference.results.items() if result == "passed" and ours.results.get(name) != "passed"
    )


def differences(ours: Outcome, reference: Outcome) -> list[str]:
    """Say of each test that ended differently how; first what only the reference passes."""
    names = sorted({*ours.results, *reference.results})
    pairs = [(name, ours.results.get(name, "absent"), reference.results.get(name, "absent")) for name in names]
    changed = [pair for pair in pairs if pair[1] != pair[2]]
    return [
        f"  {name}: ours {mine}, aiida-core {theirs}"
        for name, mine, theirs in sorted(changed, key=lambda pair: pair[2] != "passed")
    ]


def describe(outcome: Outcome) -> str:
    """Put the counts of one side into a column."""
    if outcome.trouble:
        return outcome.trouble[:60]
    return ", ".join(f"{number} {result}" for result, number in outcome.counts().items())


def main() -> int:
    """Run all suites; the exit status says whether ours passes everything that aiida-core passes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("suites", type=Path, help="the folder of checkouts")
    parser.add_argument(
        "--environments", type=Path, default=environments.ROOT / ".interop", help="where the environments are kept"
    )
    parser.add_argument("--only", action="append", default=[], help="run this suite only (may be given again)")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one test")
    parser.add_argument("--limit", type=int, default=3600, help="seconds for one suite")
    options = parser.parse_args()
    found = [plugin for plugin in environments.find_plugins(options.suites) if plugin.tests is not None]
    suites = [plugin for plugin in found if not options.only or plugin.name in options.only]
    if not suites:
        raise SystemExit(f"no checkout with tests in {options.suites}: clone plugins' repositories there")
    where = options.environments.absolute()
    lost = 0
    print(f"{'suite':<30} {'ours':<42} aiida-core", flush=True)
    for plugin in suites:
        outcomes = {}
        for side in environments.SIDES:
            python, trouble = environments.make(where, plugin, side)
            if not trouble:
                plugin = environments.at_release(plugin, where, environments.installed_version(python, plugin))
            home = where / "homes" / side / plugin.name
            outcomes[side] = (
                Outcome(trouble=trouble) if trouble else run_suite(python, plugin, home, options.timeout, options.limit)
            )
        ours, reference = outcomes["ours"], outcomes["aiida-core"]
        print(f"{plugin.requirement:<30} {describe(ours):<42} {describe(reference)}", flush=True)
        print("\n".join(differences(ours, reference)) or "  no difference", flush=True)
        lost += len(find_lost(ours, reference))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
