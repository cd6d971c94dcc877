"""BEHAVIOUR L: fixtures, as the test suites of plugins meet them.

Each suite of `suites/` is run once, in an interpreter and a folder of its own, with a conftest that only names our fixtures; the tests
here say which statement each of its tests stands for.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

SUITES = Path(__file__).parent / "suites"


class Outcome:
    """What became of each test of a suite."""

    def __init__(self, folder: Path, result: subprocess.CompletedProcess[str]) -> None:
        self.output = result.stdout + result.stderr
        report = folder / "report.xml"
        assert report.exists(), self.output
        self.tests: dict[str, bool] = {}
        for case in ElementTree.parse(report).iter("testcase"):
            failed = any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
            self.tests[case.attrib["name"]] = not failed and self.tests.get(case.attrib["name"], True)

    def check(self, *prefixes: str) -> None:
        """Every test whose name begins so has passed, and there is one."""
        for prefix in prefixes:
            found = {name: passed for name, passed in self.tests.items() if name.startswith(prefix)}
            assert found and all(found.values()), f"{prefix}: {found}\n{self.output}"


def run_suite(name: str, folder: Path, *plugins: str) -> Outcome:
    """Run a suite as a plugin's developer would."""
    (folder / "conftest.py").write_text(f"pytest_plugins = {list(plugins)!r}\n")
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "plugin_module.py").write_text((SUITES / "plugin_module.py").read_text())
    (folder / "test_suite.py").write_text((SUITES / f"{name}.py").read_text())
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AIIDA_", "PYTEST_"))}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        "--junitxml=report.xml",
    ]
    environment["PYTHONPATH"] = str(folder)  # for the daemon, too
    environment["HOME"] = str(folder)  # nothing may be read from or written to the user's own folder
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert not (folder / ".aiida").exists(), "the user's own configuration was touched"
    return Outcome(folder, result)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_suite("new_fixtures", tmp_path_factory.mktemp("new"), "aiida.tools.pytest_fixtures")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_suite("old_fixtures", tmp_path_factory.mktemp("old"), "aiida.manage.tests.pytest_fixtures")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    plugins = ("aiida.manage.tests.pytest_fixtures", "aiida.tools.pytest_fixtures")
    return run_suite("new_fixtures", tmp_path_factory.mktemp("both"), *plugins)


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_suite("process_fixtures", tmp_path_factory.mktemp("processes"), "aiida.tools.pytest_fixtures")


def test_l01_each_module_alone_and_both_together(new: Outcome, old: Outcome, both: Outcome) -> None:
    for outcome in (new, old, both):
        outcome.check("test_")


def test_l02_session_profile_and_cleaning(new: Outcome) -> None:
    new.check("test_l02")


def test_l03_localhost_is_one_computer(new: Outcome) -> None:
    new.check("test_l03")


def test_l04_codes_by_label(new: Outcome, old: Outcome) -> None:
    new.check("test_l04")
    old.check("test_l04")


def test_l05_plugins_ask_for_another_profile(new: Outcome, old: Outcome) -> None:
    new.check("test_l05")
    old.check("test_l05")


def test_l06_old_names_and_cleaning(old: Outcome) -> None:
    old.check("test_l06", "test_before_and_after", "test_clean")


def test_l07_entry_points_of_a_test(new: Outcome) -> None:
    new.check("test_l07")


def test_l08_nodes_of_the_session_stay_usable(new: Outcome) -> None:
    new.check("test_l08")


def test_l09_caplog_sees_what_is_logged(new: Outcome, old: Outcome) -> None:
    new.check("test_l09")
    old.check("test_l09")


def test_l10_warnings_can_be_filtered(new: Outcome) -> None:
    new.check("test_l10")


def test_l11_load_profile_is_repeatable(new: Outcome) -> None:
    new.check("test_l11")


def test_l05_the_daemon_runs_what_a_test_submits(processes: Outcome) -> None:
    processes.check("test_by_the_daemon", "test_stopped")


def test_l06_processes_after_the_storage_was_emptied(processes: Outcome) -> None:
    processes.check("test_clean")


def test_l12_no_tasks_are_left(new: Outcome) -> None:
    new.check("test_l12")
    assert "never awaited" not in new.output and "Task was destroyed" not in new.output


def test_l13_a_running_event_loop_is_no_obstacle(processes: Outcome) -> None:
    processes.check("test_l13")
