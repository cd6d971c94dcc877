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

    A home `some.module:other` means that the name stands for `other` of that module. A home that is the package's own sub-module
    of this name (`"orm": "aiida.orm"` in `aiida`), or one with nothing after the colon, means the module itself.
    """

    def __getattr__(name: str) -> Any:
        try:
            home = homes[name]
        except KeyError:
            # `import aiida.x` style sub-modules may be reached by attribute too, as users do after `import aiida`.
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        path, separator, attribute = home.partition(":")
        value: Any = import_module(path)
        if path != f"{package}.{name}" and not (separator and not attribute):
            value = getattr(value, attribute or name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    # Sub-modules can be reached, but `from package import *` does not load them.
    return __getattr__, __dir__, tuple(name for name, home in homes.items() if home != f"{package}.{name}")
