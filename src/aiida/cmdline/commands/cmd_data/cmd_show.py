"""Show data nodes with programs for it."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiida import orm
from aiida.cmdline.params import options, types
from aiida.cmdline.utils import echo

__all__ = ("has_executable", "show_with", "viewer_options")

# Program: the format it reads, its arguments before the files.
VIEWERS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "jmol": ("cif", "jmol", ()),
    "vesta": ("cif", "VESTA", ()),
    "vmd": ("xsf", "vmd", ("-xsf",)),
    "xcrysden": ("xsf", "xcrysden", ("--xsf",)),
    "xmgrace": ("agr", "xmgrace", ()),
}


def has_executable(name: str) -> bool:
    """Return whether a program can be found."""
    return shutil.which(name) is not None


def viewer_options(names: Sequence[str], default: str) -> Callable[[Any], Any]:
    """Return the option that chooses a program."""
    return options.VISUALIZATION_FORMAT(type=types.LazyChoice(lambda: tuple(names)), default=default)


def show_with(name: str, nodes: Sequence[orm.Data], **kwargs: Any) -> None:
    """Write nodes to files and open a program on them, until it is closed."""
    fmt, program, arguments = VIEWERS[name]
    if not has_executable(program):
        echo.echo_critical(f"No executable '{program}' found: install it, or choose another program with `--format`.")
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for node in nodes:
            content, _ = node._exportcontent(fmt, **kwargs)
            path = pathlib.Path(folder, f"{node.pk}.{fmt}")
            path.write_bytes(content)
            paths.append(str(path))
        try:
            subprocess.run([program, *arguments, *paths], check=True)
        except subprocess.CalledProcessError as error:
            echo.echo_critical(f"the program `{program}` ended with exit code {error.returncode}")
        except KeyboardInterrupt:
            echo.echo_report("closed")
