"""Suites of published plugins, run on Radames and on aiida-core, side by side: `make interop SUITES=<folder of checkouts>`.

The tests are the plugins' own and stay in their checkouts. Each sub-folder of SUITES that has tests is run twice, in two environments
that this script makes once: one with aiida-core from the package index, one with this work tree and `compat/aiida-core`. In both,
the plugin is the *released* one of the index; a checkout should be of the same version. What differs is listed test by test.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
import venv
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = "aiida-core==2.9.4"
TOOLS = ("pytest<10", "pytest-regressions", "pytest-timeout", "pytest-cov", "pgtest")
SIDES = ("ours", "aiida-core")
LEVELS = {"passed": "passed", "failure": "failed", "error": "failed", "skipped": "skipped"}


@dataclass
class Suite:
    """One checkout: what to install, where its tests are."""

    folder: Path
    name: str
    version: str | None

    @property
    def tests(self) -> Path | None:
        """The folder of the tests, as most projects have it, or None."""
        own = self.name.replace("-", "_")
        places = ("tests", "test", f"{own}/tests", f"src/{own}/tests")
        return next((self.folder / place for place in places if (self.folder / place).is_dir()), None)

    @property
    def requirement(self) -> str:
        """The release that the index has for this checkout."""
        return f"{self.name}=={self.version}" if self.version else self.name


@dataclass
class Outcome:
    """What became of the tests of a suite on one side."""

    results: dict[str, str] = field(default_factory=dict)
    trouble: str = ""

    def count(self, result: str) -> int:
        """How many tests ended so."""
        return sum(1 for value in self.results.values() if value == result)


def find_suites(folder: Path) -> list[Suite]:
    """Return the checkouts in a folder, by name."""
    projects = sorted(path.parent for path in folder.glob("*/pyproject.toml"))
    suites = [read_suite(project) for project in projects]
    return [suite for suite in suites if suite is not None and suite.tests is not None]


def read_suite(folder: Path) -> Suite | None:
    """Read name and version of a project; None for what is no Python distribution."""
    project = tomllib.loads((folder / "pyproject.toml").read_text()).get("project")
    if not project:
        return None
    return Suite(folder, str(project["name"]), project.get("version") or find_version(folder))


def find_version(folder: Path) -> str | None:
    """Return the `__version__` that the package itself states."""
    for path in (*folder.glob("*/__init__.py"), *folder.glob("src/*/__init__.py")):
        if found := re.search(r"""^__version__ = ['"]([^'"]+)""", path.read_text(), re.MULTILINE):
            return found[1]
    return None


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, keeping what it prints."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


def make_environment(where: Path, side: str) -> Path:
    """Return the interpreter of the environment of a side, made if it is not there."""
    folder = where / side
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"Making the environment {folder} …", flush=True)
        venv.create(folder, with_pip=True)
        packages = (
            [REFERENCE]
            if side == "aiida-core"
            else ["-e", f"{ROOT}[tests,atomic-tools]", "-e", str(ROOT / "compat" / "aiida-core")]
        )
        done = run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages, *TOOLS)
        if done.returncode:
            raise SystemExit(f"The environment for {side} could not be made:\n{done.stderr[-3000:]}")
    return python


def install(python: Path, suite: Suite) -> str:
    """Install the release of a plugin with what its tests need; return what went wrong."""
    if run(python, "-m", "pip", "show", "-q", suite.name).returncode == 0:
        return ""
    pip = (python, "-m", "pip", "install", "-q", "--disable-pip-version-check")
    extras = {extra for extra in declared_extras(suite) if extra in ("tests", "testing", "test")}
    names = [f"{suite.name}[{','.join(sorted(extras))}]" + suite.requirement[len(suite.name) :]] if extras else []
    for requirement in (*names, suite.requirement, suite.name, str(suite.folder)):
        done = run(*pip, requirement)
        if done.returncode == 0:
            return ""
    return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip failed"


def declared_extras(suite: Suite) -> set[str]:
    """Return the names of the optional parts of a project."""
    project = tomllib.loads((suite.folder / "pyproject.toml").read_text())["project"]
    return set(project.get("optional-dependencies", {}))


def run_suite(python: Path, suite: Suite, home: Path, timeout: int) -> Outcome:
    """Run the tests of a suite in an environment, with a home of its own."""
    outcome = Outcome(trouble=install(python, suite))
    if outcome.trouble:
        return outcome
    home.mkdir(parents=True, exist_ok=True)
    report = home / "report.xml"
    report.unlink(missing_ok=True)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "HOME": str(home), "AIIDA_PATH": str(home), "PATH": path}
    if not (home / ".aiida" / "config.json").exists():
        subprocess.run([python.parent / "verdi", "presto"], env=environment, capture_output=True, check=False)
    command = [
        python,
        "-m",
        "pytest",
        suite.tests,
        "-q",
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore",
        "--tb=no",
        f"--timeout={timeout}",
    ]
    done = subprocess.run(
        [*command, f"--junitxml={report}"],
        cwd=suite.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.exists():
        outcome.trouble = (done.stderr or done.stdout).strip().splitlines()[-1]
        return outcome
    outcome.results = read_report(report)
    return outcome


def read_report(report: Path) -> dict[str, str]:
    """Return how each test ended, by its name."""
    results = {}
    for case in ElementTree.parse(report).iter("testcase"):
        ended = next((LEVELS[child.tag] for child in case if child.tag in LEVELS), "passed")
        results[f"{case.get('classname')}::{case.get('name')}"] = ended
    return results


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
    return ", ".join(
        f"{outcome.count(result)} {result}" for result in ("passed", "failed", "skipped") if outcome.count(result)
    )


def main() -> int:
    """Run all suites; the exit status says whether ours passes everything that aiida-core passes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suites", type=Path, help="the folder of checkouts")
    parser.add_argument(
        "--environments", type=Path, default=ROOT / ".interop", help="where the two environments are kept"
    )
    parser.add_argument("--only", action="append", default=[], help="run this suite only (may be given again)")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one test")
    options = parser.parse_args()
    suites = [suite for suite in find_suites(options.suites) if not options.only or suite.name in options.only]
    if not suites:
        raise SystemExit(
            f"no checkout with a pyproject.toml and tests in {options.suites}: clone plugins' repositories there"
        )
    pythons = {side: make_environment(options.environments, side) for side in SIDES}
    print(f"{'suite':<28} {'ours':<40} aiida-core", flush=True)
    worse = 0
    for suite in suites:
        homes = options.environments / "homes"
        outcomes = {side: run_suite(pythons[side], suite, homes / side / suite.name, options.timeout) for side in SIDES}
        ours, reference = outcomes["ours"], outcomes["aiida-core"]
        print(f"{suite.requirement:<28} {describe(ours):<40} {describe(reference)}", flush=True)
        print("\n".join(differences(ours, reference)) or "  no difference", flush=True)
        worse += sum(
            1 for name, result in reference.results.items() if result == "passed" and ours.results.get(name) != "passed"
        )
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
