"""Lists of a node's files."""

from __future__ import annotations

from typing import Any

import click

__all__ = ("list_repository_contents",)


def list_repository_contents(node: Any, path: str, color: bool) -> None:
    """Print the names in a folder of a node; folders in bold blue if asked for."""
    for entry in sorted(node.base.repository.list_objects(path or None), key=lambda item: item.name):
        is_folder = entry.file_type.name == "DIRECTORY"
        click.secho(entry.name, bold=is_folder and color, fg="blue" if is_folder and color else None)
