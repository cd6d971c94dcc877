"""Which versions of plugins made a result: recorded on each process node."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import PackageNotFoundError, version
from types import FunctionType
from typing import Any

from aiida.common.exceptions import EntryPointError
from aiida.common.log import AIIDA_LOGGER
from aiida.plugins.entry_point import load_entry_point_from_string

__all__ = ("PluginVersionProvider",)

KEY_VERSION_ROOT = "version"
KEY_VERSION_CORE = "core"
KEY_VERSION_PLUGIN = "plugin"


class PluginVersionProvider:
    """Finds the version of the package that a plugin comes from; remembers what it found."""

    def __init__(self) -> None:
        self._cache: dict[Any, dict[Any, dict[Any, Any]]] = {}
        self._logger: logging.Logger = AIIDA_LOGGER.getChild("plugin_version_provider")

    @property
    def logger(self) -> logging.Logger:
        """Where it says what it could not find."""
        return self._logger

    def get_version_info(self, plugin: str | Any) -> dict[Any, dict[Any, Any]]:
        """Return `{"version": {"core": …, "plugin": …}}` for a class, a function or an entry point string."""
        if isinstance(plugin, str):
            try:
                plugin = load_entry_point_from_string(plugin)
            except EntryPointError as exc:
                raise EntryPointError(f"got string `{plugin}` but could not load corresponding entry point") from exc
        if plugin not in self._cache:
            self._cache[plugin] = {KEY_VERSION_ROOT: self._find_versions(plugin)}
        return self._cache[plugin]

    def _find_versions(self, plugin: Any) -> dict[str, Any]:
        versions: dict[str, Any] = {KEY_VERSION_CORE: getattr(sys.modules["aiida"], "__version__", None)}
        # A function defined by a user in a script belongs to no package whose version would mean anything.
        if isinstance(plugin, FunctionType) and plugin.__module__ == "__main__":
            return versions
        found = self._find_version(plugin.__module__.split(".")[0])
        if found is None:
            self.logger.debug(f"could not find the version of the package that provides {plugin}")
        else:
            versions[KEY_VERSION_PLUGIN] = found
        return versions

    @staticmethod
    def _find_version(package: str) -> Any:
        # A plugin may be importable without being installed, so the module itself is asked first.
        found = getattr(sys.modules.get(package), "__version__", None)
        if found is None:
            try:
                found = version(package)
            except (PackageNotFoundError, ValueError):
                return None
        return found
