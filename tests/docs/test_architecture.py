"""docs/ARCHITECTURE.md is true: its layers are those of the contract, its folders those of the code, its files exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.made import DOCS, ROOT, load_script

TEXT = (DOCS / "ARCHITECTURE.md").read_text()
SOURCE = ROOT / "src" / "aiida"


def block(name: str) -> list[str]:
    """The lines of a made part that is one block of text."""
    _, _, rest = TEXT.partition(f"<!-- {name}: made by docs/reference.py -->\n```text\n")
    return rest.partition("\n```")[0].splitlines()


def test_layers_are_those_of_the_contract() -> None:
    """One line a layer, in the order of `.importlinter`."""
    contract = (ROOT / ".importlinter").read_text().partition("layers =\n")[2].partition("exhaustive_ignores")[0]
    named = [re.findall(r"\w+", line) for line in contract.splitlines() if line.strip()]
    assert [re.findall(r"\w+", line) for line in block("layers")] == named
    modules = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert modules - {"__init__"} <= {name for line in named for name in line}


def test_every_folder_is_named_and_every_named_folder_exists() -> None:
    """Two levels of packages, each with its sentence."""
    named, parent = set(), ""
    for line in block("folders"):
        name, _, sentence = line.strip().partition("/")
        parent = parent if line.startswith(" ") else name
        named.add(f"{parent}/{name}" if line.startswith(" ") else name)
        assert sentence.strip(), f"{name} says nothing about itself"
    found = {path.parent.relative_to(SOURCE) for path in SOURCE.rglob("__init__.py")}
    assert named == {str(path) for path in found if 1 <= len(path.parts) <= 2}, "run `python docs/reference.py`"


def test_made_parts_are_up_to_date() -> None:
    """`python docs/reference.py` would change nothing: folders' sentences and the drawings of the tables too."""
    assert load_script("reference").render_architecture(TEXT) == TEXT, "run `python docs/reference.py`"


def test_every_file_that_is_named_exists() -> None:
    """Paths in backquotes, from the root or from the package."""
    places = [ROOT, SOURCE, DOCS, SOURCE / "engine", SOURCE / "engine" / "processes", SOURCE / "journal", SOURCE / "schedulers" / "plugins"]
    named = {name for name in re.findall(r"`([\w./]+(?:\.py|/))`", TEXT) if not name.startswith(".")}
    missing = {name for name in named if not any((place / name).exists() for place in places)} - {"cmdline/commands/cmd_GROUP.py"}
    assert len(named) > 30
    assert not missing


def test_every_table_of_ours_is_named() -> None:
    """The data model lists them all."""
    from aiida.storage.schema import engine_metadata

    rows = TEXT.partition("| table |")[2].partition("\n\n")[0]
    named = {name for line in rows.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named == set(engine_metadata.tables)


def test_contracts_are_kept() -> None:
    """import-linter says so."""
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent)) or shutil.which("lint-imports")
    assert program, "import-linter is not installed: pip install -e '.[dev]'"
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
