"""The base of the models of entities."""

from __future__ import annotations

from typing import Any

from aiida.common.pydantic import AiiDABaseModel

__all__ = ("OrmModel",)


class OrmModel(AiiDABaseModel):
    """What an entity is, as fields with types: for forms, for validation, for the network."""

    def __init__(self, **data: Any) -> None:
        super().__init__(**data)
