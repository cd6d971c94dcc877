"""What both builders have in common: settings by name."""

from __future__ import annotations

from typing import Any


class Settings:
    """Plain settings of something that is not there yet, to be read as attributes."""

    def __init__(self, **kwargs: Any) -> None:
        self._settings: dict[str, Any] = dict(kwargs)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_settings"][name]
        except KeyError:
            raise AttributeError(name) from None
