"""Delete nodes with what depends on them, asking first."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import click

from aiida.cmdline.utils import echo
from aiida.tools import graph

__all__ = ("delete",)


def delete(pks: Iterable[int], *, dry_run: bool, force: bool, **traversal_rules: bool) -> set[int]:
    """Delete nodes; return the pks of what was deleted."""

    def stop(found: Collection[int]) -> bool:
        """Return whether nothing is to be deleted."""
        echo.echo_report(f"{len(found)} Node(s) marked for deletion")
        if found and not force:
            echo.echo_report(f"That is {graph.deletions.preview(found)}")
        if dry_run or not found:
            return True
        if force:
            return False
        echo.echo_warning(f"YOU ARE ABOUT TO DELETE {len(found)} NODES! THIS CANNOT BE UNDONE!")
        echo.echo_info(f"pks: {' '.join(map(str, sorted(found)))}")
        return not click.confirm("Shall I continue?", abort=True)

    deleted, was_done = graph.delete_nodes(pks, dry_run=stop, **traversal_rules)
    if dry_run:
        echo.echo_report("This was a dry run, exiting without deleting anything")
    elif was_done:
        echo.echo_success(f"{len(deleted)} Node(s) deleted")
    return set(deleted) if was_done else set()
