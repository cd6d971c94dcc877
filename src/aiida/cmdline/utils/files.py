"""Files that commands read and write, and shells that take the place of a command."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import click

__all__ = ("become", "check_output", "copy_to_stdout", "read_remote", "temporary_text", "write_yaml")


def check_output(path: pathlib.Path, overwrite: bool) -> None:
    """Check that a file may be written."""
    if path.is_dir():
        raise click.BadParameter(f"A directory with the name `{path.absolute()}` already exists. Remove manually and try again.", param_hint="OUTPUT_FILE")
    if path.is_file() and not overwrite:
        raise click.BadParameter(f"File `{path}` already exists, use `--overwrite` to overwrite.", param_hint="OUTPUT_FILE")
    if path.parent != pathlib.Path() and not path.parent.is_dir():
        raise click.BadParameter(f"The folder `{path.parent}` does not exist.", param_hint="OUTPUT_FILE")


def write_yaml(path: pathlib.Path, values: Any, sort: bool) -> None:
    """Write values as YAML."""
    import yaml  # here, since few commands write YAML

    path.write_text(yaml.safe_dump(values, sort_keys=sort, allow_unicode=True, indent=4))


@contextmanager
def temporary_text(content: str) -> Iterator[str]:
    """Give the path of a file with some text, for as long as the context lasts."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as handle:
        handle.write(content)
        handle.flush()
        yield handle.name


def read_remote(transport: Any, path: str) -> bytes:
    """Return the content of a file on a computer."""
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "file")
        transport.get(path, target)
        return pathlib.Path(target).read_bytes()


def copy_to_stdout(handle: BinaryIO) -> None:
    """Copy bytes as they are to the standard output."""
    stream = sys.stdout.buffer
    shutil.copyfileobj(handle, stream)
    stream.flush()


def become(command: str) -> None:
    """Run a command line in the place of this one, on the same terminal."""
    sys.stdout.flush()
    status = os.system(command)
    if status:
        sys.exit(os.waitstatus_to_exitcode(status) or 1)
