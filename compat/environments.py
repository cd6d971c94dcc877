"""Environments for plugins: one pair for each plugin, ours and aiida-core's, so that no two plugins have to agree about anything.

`uv` makes them (seconds each, files are shared between them); where it is not on the PATH, pip brings it into a folder of ours.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = "aiida-core==2.9.4"
OURS = ("-e", f"{ROOT}[tests,atomic-tools]", "-e", str(ROOT / "compat" / "aiida-core"))
TOOLS = ("pytest<10", "pytest-regressions", "pytest-timeout", "pytest-cov", "pgtest", "setuptools<81")
SIDES = ("ours", "aiida-core")
EXTRAS = ("tests", "testing", "test", "dev")
#: what an override does about a plugin whose requirement names a release of aiida-core that this interface is not
OVERRIDE = "aiida-core"


@dataclass
class Plugin:
    """A checkout of a plugin: its names, its version, where its tests are."""

    folder: Path
    name: str
    version: str | None = None
    extras: tuple[str, ...] = ()

    @property
    def tests(self) -> Path | None:
        """The folder of the tests, as most projects have it, or None."""
        own = self.name.replace("-", "_")
        places = ("tests", "test", f"{own}/tests", f"src/{own}/tests")
        found = next((self.folder / place for place in places if (self.folder / place).is_dir()), None)
        if found is None:  # beside the modules that they test
            found = next(
                (self.folder / place for place in ("src", own) if any((self.folder / place).rglob("test_*.py"))), None
            )
        return found

    @property
    def requirement(self) -> str:
        """The release that the index has for this checkout."""
        return f"{self.name}=={self.version}" if self.version else self.name

    def sources(self, checkout_only: bool) -> list[str]:
        """What to install, in the order in which it is tried: the release with what its tests need, the release, the checkout."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        release = [self.requirement.replace(self.name, self.name + extras, 1), self.requirement]
        checkout = [f"{self.folder}{extras}", str(self.folder)]
        return list(dict.fromkeys(checkout if checkout_only else [*release, *checkout]))


def find_plugins(folder: Path) -> list[Plugin]:
    """Return the checkouts in a folder, by name."""
    projects = sorted({path.parent for name in ("pyproject.toml", "setup.py") for path in folder.glob(f"*/{name}")})
    return [read_plugin(project) for project in projects]


def read_plugin(folder: Path) -> Plugin:
    """Read name, version and extras of a project from `pyproject.toml`, `setup.json` or, failing both, the name of its folder."""
    path = folder / "pyproject.toml"
    table: dict[str, Any] = tomllib.loads(path.read_text()) if path.exists() else {}
    poetry = table.get("tool", {}).get("poetry", {})
    project = table.get("project") or poetry
    name = str(project.get("name", folder.name)).replace("_", "-").lower()
    declared = {*project.get("optional-dependencies", {}), *project.get("extras", {})}
    if not declared and (folder / "setup.json").exists():
        declared = set(re.findall(r'"(tests|testing|test|dev)"\s*:\s*\[', (folder / "setup.json").read_text()))
    extras = tuple(extra for extra in EXTRAS if extra in declared)[:1]
    return Plugin(folder, name, project.get("version") or find_version(folder), extras)


def at_release(plugin: Plugin, where: Path, version: str) -> Plugin:
    """Return the checkout at the tag of a version, as a clone below `where`; the checkout itself if it has no such tag."""
    tags = run("git", "-C", plugin.folder, "tag", "--list", f"v{version}", version).stdout.split()
    if not tags or run("git", "-C", plugin.folder, "describe", "--exact-match", "--tags").stdout.strip() in tags:
        return plugin
    folder = where / plugin.name / f"tests-{version}"
    if not folder.exists() and run("git", "clone", "-q", "--shared", "-b", tags[0], plugin.folder, folder).returncode:
        return plugin
    return dataclasses.replace(plugin, folder=folder)


def installed_version(python: Path, plugin: Plugin) -> str:
    """Return the version of a plugin in an environment."""
    code = f"from importlib.metadata import version; print(version({plugin.name!r}))"
    return run(python, "-c", code).stdout.strip()


def find_version(folder: Path) -> str | None:
    """Return the `__version__` that the package itself states."""
    for path in (*folder.glob("*/__init__.py"), *folder.glob("src/*/__init__.py")):
        if found := re.search(r"""^__version__ = ['"]([^'"]+)""", path.read_text(), re.MULTILINE):
            return found[1]
    return None


def run(*command: str | Path, timeout: int = 1800) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, keeping what it prints."""
    words = [str(word) for word in command]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=timeout)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 1, "", f"no end after {timeout} s")


def find_uv(where: Path) -> Path:
    """Return the program `uv`: the one on the PATH, else one that is put below `where`."""
    if found := shutil.which("uv"):
        return Path(found)
    folder = where / "uv"
    program = folder / "bin" / "uv"
    if not program.exists():
        print(f"Bringing uv to {folder} …", flush=True)
        venv.create(folder, with_pip=True)
        done = run(folder / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "uv")
        if done.returncode:
            raise SystemExit(f"uv could not be installed:\n{done.stderr[-2000:]}")
    return program


def make(where: Path, plugin: Plugin, side: str, checkout_only: bool = False) -> tuple[Path, str]:
    """Return the interpreter of the environment of a plugin on a side, made if it is not there, and what went wrong."""
    folder = where / plugin.name / side
    python = folder / "bin" / "python"
    if (folder / "made").exists():
        return python, ""
    uv = find_uv(where)
    run(uv, "venv", "-q", "--clear", "--seed", "--python", sys.executable, folder)
    base = OURS if side == "ours" else (REFERENCE,)
    trouble = ""
    attempts: list[tuple[str, tuple[str | Path, ...]]] = [(source, ()) for source in plugin.sources(checkout_only)]
    loose = folder / "override.txt"
    loose.write_text(f"{OVERRIDE}\n" if side == "ours" else f"{REFERENCE}\n")
    attempts += [(source, ("--override", loose)) for source in plugin.sources(checkout_only)[-1:]]
    for source, flags in attempts:
        done = run(uv, "pip", "install", "-q", "--python", python, *flags, *base, source, *TOOLS)
        if done.returncode == 0:
            note = "the requirement of another aiida-core was set aside" if flags else ""
            (folder / "made").write_text(note)
            return python, ""
        trouble = trouble or " ".join(done.stderr.split())
    shutil.rmtree(folder, ignore_errors=True)
    return python, f"not installable: {trouble}"


def is_forced(where: Path, plugin: Plugin, side: str) -> bool:
    """Return whether the plugin asks for a release of aiida-core that does not go with 2.9.4."""
    made = where / plugin.name / side / "made"
    return made.exists() and bool(made.read_text())
