"""Radames: an independent implementation of the AiiDA system.

Workflows for computational science that survive every crash, with full provenance.
"""

from __future__ import annotations

from typing import Any

from aiida import _aliases
from aiida._lazy import front_door

__copyright__ = "Copyright (c) the Radames developers. All rights reserved."
__license__ = "MIT license, see LICENSE file."
# The level of the programming interface that this release offers: plugins and archives ask for it.
__version__ = "2.9.4"
radames_version = "0.1.0"
__authors__ = "The Radames developers."

_HOMES = {
    "configure_logging": "aiida.common.log",
    **dict.fromkeys("get_config_option get_profile load_profile profile_context".split(), "aiida.manage.configuration"),
}
# Sub-packages that users reach as attributes after a bare `import aiida`.
_PACKAGES = """brokers calculations cmdline common engine graph manage orm parsers plugins repository schedulers storage
tools transports workflows""".split()

_lazy_getattr, __dir__, _ = front_door(__name__, {**_HOMES, **{name: f"aiida.{name}" for name in _PACKAGES}})

__all__ = (*_HOMES, "get_file_header", "get_strict_version", "get_version", "load_ipython_extension")  # noqa: PLE0604 - keys of the table are text

_aliases.install()


def __getattr__(name: str) -> Any:
    return _lazy_getattr(name)


def get_version() -> str:
    """Return the level of the programming interface."""
    return __version__


def get_strict_version() -> Any:
    """Return the same as a `packaging` version that can be compared."""
    from packaging.version import parse

    return parse(__version__)


def get_file_header(comment_char: str = "# ") -> str:
    """Return the lines that say which program wrote a file."""
    return f"{comment_char}This file has been created with AiiDA v. {__version__} (Radames {radames_version})"


def load_ipython_extension(ipython: Any) -> None:
    """Register the IPython magics: `%load_ext aiida`."""
    from importlib import import_module

    import_module("aiida.tools.ipython.ipython_magics").load_ipython_extension(ipython)
