"""The magics: `%aiida` loads a profile and brings names that one needs, `%verdi` runs a command in this interpreter.

The command is reached by its entry point: this layer lies below the command line, and a plugin's name is the honest way up.
"""

from __future__ import annotations

import shlex
from importlib import import_module, metadata
from typing import Any

import click
from IPython import get_ipython
from IPython.core.magic import Magics, line_magic, magics_class, needs_local_scope

from aiida.common.exceptions import MissingConfigurationError
from aiida.manage import configuration

__all__ = ("AiiDALoaderMagics", "add_to_ns", "load_ipython_extension", "register_ipython_extension")

# module -> what `%aiida` brings of it
_NAMES = {
    "aiida": ("orm",),
    "aiida.orm": (
        "CalcFunctionNode", "CalcJobNode", "CalculationNode", "Code", "Computer", "Data", "Group", "Node", "QueryBuilder", "User",
        "WorkChainNode", "WorkFunctionNode", "WorkflowNode", "load_code", "load_computer", "load_entity", "load_group", "load_node",
    ),
    "aiida.plugins": ("CalculationFactory", "DataFactory", "WorkflowFactory"),
}  # fmt: skip


def add_to_ns(local_ns: dict[str, Any] | None, name: str, obj: Any) -> None:
    """Put an object under a name into the namespace of the cell."""
    if local_ns is not None:
        local_ns[name] = obj


def _load_verdi() -> click.Command:
    (point,) = metadata.entry_points(group="console_scripts", name="verdi")
    command = point.load()
    assert isinstance(command, click.Command)
    return command


@magics_class
class AiiDALoaderMagics(Magics):
    """`%aiida [PROFILE]` and `%verdi COMMAND …`."""

    @needs_local_scope
    @line_magic
    def aiida(self, line: str = "", local_ns: dict[str, Any] | None = None) -> str:
        """Load a profile, the default one unless named, and bring the names that a session begins with."""
        profile = configuration.load_profile(line.strip() or None)
        for module, names in _NAMES.items():
            for name in names:
                add_to_ns(local_ns, name, getattr(import_module(module), name))
        return f"Loaded profile `{profile.name}`. At hand: {', '.join(name for names in _NAMES.values() for name in names)}."

    @needs_local_scope
    @line_magic
    def verdi(self, line: str = "", local_ns: dict[str, Any] | None = None) -> Any:
        """Run a command of `verdi` with the loaded profile."""
        words = shlex.split(line)
        named = [] if words[:1] in (["-p"], ["--profile"]) else _name_profile()
        return _load_verdi()(args=[*named, *words], prog_name="%verdi", standalone_mode=False)


def _name_profile() -> list[str]:
    """Return the option for the loaded profile; a temporary one is in no configuration, and found because it is loaded."""
    profile = configuration.get_profile()
    try:
        known = profile is not None and profile.name in configuration.get_config().profile_names
    except MissingConfigurationError:
        known = False
    return ["--profile", profile.name] if profile is not None and known else []


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics: what `%load_ext aiida` calls."""
    ipython.register_magics(AiiDALoaderMagics)


def register_ipython_extension(ipython: Any = None) -> None:
    """Register the magics with the shell that is running: a line for IPython's start-up files."""
    shell = ipython if ipython is not None else get_ipython()
    if shell is not None:
        load_ipython_extension(shell)
