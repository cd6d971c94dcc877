"""Old import paths: ONE TABLE, old module → where its names live now.

Only for modules that have no file at their classic path. A finder at the end of `sys.meta_path` makes the alias when somebody
imports it: the *same* module object, so classes and monkeypatching are shared. Rejected: a shim file per path (each one a
place to forget), and copies of names (patching would miss).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ("ALIASES", "install")

ALIASES: dict[str, str] = {
    "aiida.engine.processes.exit_code": "aiida.common.exit_code",
    "aiida.manage.configuration.profile": "aiida.common.profile",
    "aiida.manage.configuration.settings": "aiida.common.paths",
    "aiida.manage.tests.pytest_fixtures": "aiida.tools.pytest_fixtures.classic",
    "aiida.transports.cli": "aiida.cmdline.utils.transport_options",
}


# Neither class derives from `importlib.abc`: importing that costs more than the rest of this package's start-up.
class _AliasLoader:
    """Puts the real module under the old name."""

    def __init__(self, target: str) -> None:
        self._target = target

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._target)
        self._spec, self._loader, self._name = module.__spec__, module.__loader__, module.__name__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import machinery has written its own data into the module: give it back its own.
        module.__spec__, module.__loader__, module.__name__ = self._spec, self._loader, self._name


class AliasFinder:
    """Answers for the names in the table."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        home = ALIASES.get(fullname)
        return None if home is None else ModuleSpec(fullname, _AliasLoader(home), is_package=False)  # type: ignore[arg-type]


def install() -> None:
    """Add the finder, once; it is asked after all ordinary ones."""
    if not any(type(finder).__name__ == AliasFinder.__name__ for finder in sys.meta_path):
        sys.meta_path.append(AliasFinder())
