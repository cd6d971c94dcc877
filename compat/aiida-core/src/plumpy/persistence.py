"""What plugins name in annotations and decorators. The engine keeps what an instance holds by itself, with every step."""

from collections.abc import Callable
from typing import Any, TypeVar

from aiida.engine.persistence import ObjectLoader as DefaultObjectLoader

T = TypeVar("T", bound=type)


class Bundle(dict[str, Any]):
    """What `save_instance_state` writes into."""


class LoadSaveContext:
    """What `save_instance_state` and `load_instance_state` are given beside it."""

    def __init__(self, loader: Any = None, **values: Any) -> None:
        self.loader = loader
        self.__dict__.update(values)


class Persister:
    """The type of something that keeps checkpoints, for annotations."""


def auto_persist(*members: str) -> Callable[[T], T]:
    """Note on a class which of its attributes it wants kept; the engine keeps all that can be kept."""

    def decorate(cls: T) -> T:
        cls._auto_persist = {*getattr(cls, "_auto_persist", ()), *members}  # type: ignore[attr-defined]
        return cls

    return decorate


__all__ = ("Bundle", "DefaultObjectLoader", "LoadSaveContext", "Persister", "auto_persist")
