"""What is "current": the store, the engine and the settings, as three places that a higher layer fills.

Lower layers ask the slot and never import `manage`. A slot holds a provider, not a value, so that loading a profile opens
no database: the provider is called at the first use. (Touches the world: process-global state.)
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from aiida.common.exceptions import ConfigurationError

if TYPE_CHECKING:
    from aiida.common.profile import Profile
    from aiida.engine.current import Engine
    from aiida.orm.autogroup import AutogroupManager
    from aiida.storage.store import Store

__all__ = ("Settings", "Slot", "current_engine", "current_settings", "current_store", "find_autogroup")

T = TypeVar("T")


class Settings(Protocol):
    """Values of configuration options for the current profile; defaults of the option table when no profile is loaded."""

    def get(self, option_name: str) -> Any: ...

    def get_profile(self, name: str | None = None) -> Profile:
        """Return the profile of this name, or the loaded one; `ConfigurationError` if there is none."""
        ...

    def use_cache(self, identifier: str | None) -> bool:
        """Whether caching is switched on for this process type identifier."""
        ...


class Slot(Generic[T]):
    """Holds a provider of something; `get` asks it."""

    def __init__(self, what: str, advice: str) -> None:
        self._what = what
        self._advice = advice
        self._provider: Callable[[], T] | None = None
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<Slot for {self._what}: {'empty' if self._provider is None else 'filled'}>"

    def __reduce__(self) -> str:
        # A function that is sent to another interpreter by value takes its globals along: there, the slot is that one's own.
        return next(name for name, value in globals().items() if value is self)

    @property
    def is_filled(self) -> bool:
        """Whether there is a provider."""
        return self._provider is not None

    def fill(self, provider: Callable[[], T]) -> None:
        """Set the provider. It decides itself whether to remember what it made."""
        with self._lock:
            self._provider = provider

    def clear(self) -> None:
        """Forget the provider."""
        with self._lock:
            self._provider = None

    def get(self) -> T:
        """Return what the provider gives; `ConfigurationError` if the slot is empty."""
        provider = self._provider
        if provider is None:
            raise ConfigurationError(f"there is no {self._what}: {self._advice}")
        return provider()

    def get_or_none(self) -> T | None:
        """Return what the provider gives, or `None` if the slot is empty."""
        provider = self._provider
        return None if provider is None else provider()

    @contextmanager
    def override(self, value: T) -> Iterator[T]:
        """Within the context, `get` gives `value`."""
        with self._lock:
            before = self._provider
            self._provider = lambda: value
        try:
            yield value
        finally:
            with self._lock:
                self._provider = before


_LOAD = "no profile is loaded. Call `aiida.load_profile()` first, or use `verdi shell` or `verdi run`"

current_store: Slot[Store] = Slot("current store", _LOAD)
current_engine: Slot[Engine] = Slot("current engine", _LOAD)
current_settings: Slot[Settings] = Slot("current settings", "import `aiida.manage` first, which provides them")
# Gives the manager of the automatic group of a store: for storages, which lie below it.
find_autogroup: Slot[Callable[[Store], AutogroupManager]] = Slot("automatic group", "import `aiida.manage` first, which provides it")
