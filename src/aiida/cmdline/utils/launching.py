"""Run and submit, reached by commands when they need it."""

from aiida.engine.launch import run_get_node, submit

__all__ = ("run_get_node", "submit")
