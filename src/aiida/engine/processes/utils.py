"""Mappings of inputs."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from aiida.orm import Node

__all__ = ("prune_mapping",)


def prune_mapping(value: t.Any) -> t.Any:
    """Return the mapping without empty mappings, at every level."""
    if not isinstance(value, Mapping) or isinstance(value, Node):
        return value
    pruned = {}
    for key, inner in value.items():
        cleaned = prune_mapping(inner)
        if isinstance(cleaned, Mapping) and not isinstance(cleaned, Node) and not cleaned:
            continue
        pruned[key] = cleaned
    return pruned
