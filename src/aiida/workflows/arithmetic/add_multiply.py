"""A sum, then a product: the smallest work function."""

from __future__ import annotations

from aiida.engine.processes.functions import calcfunction, workfunction
from aiida.orm import Int

__all__ = ("add", "add_multiply", "multiply")


@calcfunction
def add(x: Int, y: Int) -> Int:
    """Add two numbers."""
    return x + y


@calcfunction
def multiply(x: Int, y: Int) -> Int:
    """Multiply two numbers."""
    return x * y


@workfunction
def add_multiply(x: Int, y: Int, z: Int) -> Int:
    """Add two numbers and multiply the sum with a third."""
    return multiply(add(x, y), z)
