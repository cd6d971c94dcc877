"""Interactive Python with the profile at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from aiida.cmdline.utils import echo
from aiida.manage import configuration

__all__ = ("AVAILABLE_SHELLS", "DEFAULT_MODULES_LIST", "bpython", "get_start_namespace", "ipython", "run_shell")

# (module, name, name in the shell)
DEFAULT_MODULES_LIST = [
    ("aiida.orm", "Node", "Node"),
    ("aiida.orm.utils", "load_node", "load_node"),
    ("aiida.orm", "load_entity", "load_entity"),
    ("aiida.orm", "load_code", "load_code"),
    ("aiida.orm", "load_computer", "load_computer"),
    ("aiida.orm", "load_group", "load_group"),
    ("aiida.orm", "CalculationNode", "CalculationNode"),
    ("aiida.orm", "CalcJobNode", "CalcJobNode"),
    ("aiida.orm", "CalcFunctionNode", "CalcFunctionNode"),
    ("aiida.orm", "WorkflowNode", "WorkflowNode"),
    ("aiida.orm", "WorkChainNode", "WorkChainNode"),
    ("aiida.orm", "WorkFunctionNode", "WorkFunctionNode"),
    ("aiida.orm", "Code", "Code"),
    ("aiida.orm", "Computer", "Computer"),
    ("aiida.orm", "Data", "Data"),
    ("aiida.orm", "Group", "Group"),
    ("aiida.orm", "QueryBuilder", "QueryBuilder"),
    ("aiida.orm", "User", "User"),
    ("aiida", "orm", "orm"),
    ("aiida.plugins", "CalculationFactory", "CalculationFactory"),
    ("aiida.plugins", "DataFactory", "DataFactory"),
    ("aiida.plugins", "WorkflowFactory", "WorkflowFactory"),
]


def get_start_namespace() -> dict[str, Any]:
    """Return the names that a shell begins with: ours, and those of the option `verdi.shell.auto_import`."""
    namespace = {alias: getattr(import_module(module), name) for module, name, alias in DEFAULT_MODULES_LIST}
    for entry in filter(None, str(configuration.get_config_option("verdi.shell.auto_import") or "").split(":")):
        module, _, name = entry.rpartition(".")
        try:
            namespace[name] = getattr(import_module(module), name) if module else import_module(name)
        except (ImportError, AttributeError):
            try:
                namespace[name] = import_module(entry)
            except ImportError as error:
                echo.echo_warning(f"`{entry}` of the option `verdi.shell.auto_import` cannot be imported: {error}")
    return namespace


def ipython() -> None:
    """Start IPython."""
    from IPython import start_ipython

    start_ipython(argv=[], user_ns=get_start_namespace())


def bpython() -> None:
    """Start bpython."""
    from bpython import embed  # type: ignore[import-not-found]

    embed(locals_=get_start_namespace())


def plain(no_startup: bool = False) -> None:
    """Start Python's own shell."""
    import code
    import contextlib
    import rlcompleter

    namespace = get_start_namespace()
    with contextlib.suppress(ImportError):
        import readline

        readline.set_completer(rlcompleter.Completer(namespace).complete)
        readline.parse_and_bind("tab:complete")
    startup = os.environ.get("PYTHONSTARTUP")
    if startup and not no_startup and os.path.isfile(startup):
        with open(startup, "rb") as handle:
            exec(compile(handle.read(), startup, "exec"), namespace)
    code.interact(local=namespace)


AVAILABLE_SHELLS: Mapping[str, Callable[[], None]] = {"ipython": ipython, "bpython": bpython}


def run_shell(interface: str | None = None) -> None:
    """Start the shell that was asked for, else the first that is installed."""
    for name in [interface] if interface else list(AVAILABLE_SHELLS):
        try:
            return AVAILABLE_SHELLS[name]()
        except ImportError:
            continue
    raise ImportError(f"no shell is installed: `pip install {interface or 'ipython'}`, or use `verdi shell --plain`")


