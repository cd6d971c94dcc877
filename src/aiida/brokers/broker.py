"""The public interface of a broker, for profiles that name one; here it is the maker of a bell and nothing more."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from aiida.brokers.doorbell import Doorbell
    from aiida.common.profile import Profile


class BrokerServiceStatus(msgspec.Struct, frozen=True):
    """Whether the broker's service answers, and what it says of itself."""

    reachable: bool
    message: str

    def __bool__(self) -> bool:
        return self.reachable


class Broker(abc.ABC):
    """A service that carries hints between processes."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def __str__(self) -> str:
        return f"{type(self).__name__} of profile `{self._profile.name}`"

    @classmethod
    def get_default_config(cls) -> dict[str, Any]:
        """Return the settings that a new profile gets."""
        return {}

    @classmethod
    def get_detected_config(cls, get_value: Callable[[str], Any]) -> dict[str, Any]:
        """Return the settings found on this machine, given values asked of the user by name."""
        return cls.get_default_config()

    @abc.abstractmethod
    def make_bell(self) -> Doorbell:
        """Return the bell that this broker carries."""

    @abc.abstractmethod
    def probe_service_status(self) -> BrokerServiceStatus:
        """Ask the service whether it is there."""

    def check_service_reachable(self) -> bool:
        """Return whether the service answers."""
        return self.probe_service_status().reachable

    def get_communicator(self) -> Any:
        """Return None: no message is needed here; kill, pause and play are rows in the database."""
        return None

    def iterate_tasks(self) -> Iterator[Any]:
        """Yield nothing: the database is the queue."""
        return iter(())

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of the service."""
