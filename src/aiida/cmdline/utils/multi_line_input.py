"""Text of several lines, written in the user's editor."""

from __future__ import annotations

from typing import Any

import click

__all__ = ("edit_comment", "edit_multiline_template")

_HEADS = {
    "new_comment.txt": "Write the comment below; lines that begin with {marker} are left out.",
    "prepend_append.sh": "Shell lines to run {place} the executable; lines that begin with {marker} are left out.",
}


def edit_multiline_template(template_name: str, comment_marker: str = "#=", extension: str = "", **kwargs: Any) -> str:
    """Return what the user wrote in the editor, without the lines that begin with the marker.

    `default` is the text to begin with; `header` and `footer` are explanations put before and after it.
    """
    head = kwargs.get("header") or _HEADS.get(template_name, "Lines that begin with {marker} are left out.")
    first = "\n".join(f"{comment_marker} {line}" for line in head.format(marker=comment_marker, place="around").splitlines())
    last = "\n".join(f"{comment_marker} {line}" for line in str(kwargs.get("footer", "")).splitlines())
    text = f"{first}\n{kwargs.get('default', '')}\n{last}".rstrip() + "\n"
    written = click.edit(text, extension=extension or ".sh")
    lines = (text if written is None else written).splitlines()
    return "\n".join(line for line in lines if not line.startswith(comment_marker)).strip()


def edit_comment(old_cmt: str = "") -> str:
    """Return the text of a comment, written in the editor."""
    return edit_multiline_template("new_comment.txt", default=old_cmt)
