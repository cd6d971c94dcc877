"""Front doors that open a room only when someone enters.

A package's `__init__` says where each public name lives; the module behind it is imported at the first use (PEP 562). So
`import aiida` costs nothing, and the arrow of imports is about what code does, not about what happens to be exported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ("front_door",)

FrontDoor = tuple[Callable[[str], Any], Callable[[], list[str]], tuple[str, ...]]


def front_door(package: str, homes: Mapping[str, str]) -> FrontDoor:
    """Return `__getattr__`, `__dir__` and `__all__` for `package`, given the table public name → module.

    A home `some.module:other` means that the name stands for `other` of that module; a home that ends with `.` plus the
    name itself (`"orm": "aiida.orm"`) stands for the module.
    """

    def __getattr__(name: str) -> Any:
        try:
            home = homes[name]
        except KeyError:
            # `import aiida.x` style sub-modules may be reached by attribute too, as users do after `import aiida`.
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        path, _, attribute = home.partition(":")
        module = import_module(path)
        value = module if path == f"{package}.{name}" and not attribute and not hasattr(module, name) else getattr(module, attribute or name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    # Sub-modules can be reached, but `from package import *` does not load them.
    return __getattr__, __dir__, tuple(name for name, home in homes.items() if home != f"{package}.{name}")
