"""Sphinx extension that documents processes from their specification; a plugin names it in its configuration of Sphinx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiida.sphinxext import directives

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ("setup",)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives and the hook of autodoc; Sphinx calls this."""
    return directives.setup_extension(app)
