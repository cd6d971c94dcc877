"""What lies in this environment beside us: another package `aiida`, and the distribution that meets the requirement `aiida-core`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import aiida

__all__ = ("CONFLICT", "find_compat", "find_rival", "install_command")

CONFLICT = (
    "this environment holds aiida-core {version} as well: two packages called `aiida`, of which whichever was installed last has won, "
    "file by file. Keep one: `pip uninstall aiida-core radames`, then install Radames again, and plugins by `verdi plugin install NAME`."
)
_PACKAGE = Path(aiida.__file__).parent


def find_rival() -> str | None:
    """Return the version of a real aiida-core in this environment, None if there is none. Two looks at folders: cheap enough for every start."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folders = {
        _PACKAGE.parent,
        Path(sys.prefix, "lib", version, "site-packages"),
        Path(sys.prefix, "Lib", "site-packages"),
    }
    for folder in folders:
        try:
            names = [
                name for name in os.listdir(folder) if name.startswith("aiida_core-") and name.endswith(".dist-info")
            ]
        except OSError:
            continue
        for name in names:
            if _brings_aiida(folder / name / "RECORD"):
                return name.removeprefix("aiida_core-").removesuffix(".dist-info")
    return None


def _brings_aiida(record: Path) -> bool:
    """Return whether a distribution holds the package `aiida`; the one that stands for aiida-core beside us does not."""
    try:
        return "\naiida/__init__.py," in "\n" + record.read_text(encoding="utf-8")
    except OSError:
        return False


def find_compat() -> Path | None:
    """Return the folder of that distribution: inside an installed Radames, or in the checkout that an editable one is."""
    places = (_PACKAGE / "_compat" / "aiida-core", _PACKAGE.parents[1] / "compat" / "aiida-core")
    return next((place for place in places if (place / "pyproject.toml").is_file()), None)


def install_command() -> list[str] | None:
    """Return the words that install packages into this environment: by pip if it has one, else by uv; None if there is neither."""
    # The environment's own pip, not one that happens to be importable from elsewhere.
    if any(Path(folder, "pip", "__main__.py").is_file() for folder in sys.path):
        return [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    uv = shutil.which("uv")
    return None if uv is None else [uv, "pip", "install", "--python", sys.executable]
