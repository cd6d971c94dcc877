"""RemoteStashData: files of a job that were put aside on the computer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from aiida.common.datastructures import StashMode
from aiida.common.lang import type_check
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.data import Data

__all__ = ("RemoteStashData",)


class RemoteStashData(Data):
    """Base of all kinds of stash; one of them has to be chosen."""

    _known_node_type = "data.core.remote.stash.RemoteStashData."
    _storable = False
    _computer_is_written = True

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("stash_mode", dtype=StashMode, doc="The mode with which the data was stashed", is_attribute=True),
    )

    def __init__(self, stash_mode: StashMode, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stash_mode = stash_mode

    @property
    def stash_mode(self) -> StashMode:
        """How the files were put aside."""
        return StashMode(self.base.attributes.get("stash_mode"))

    @stash_mode.setter
    def stash_mode(self, value: StashMode) -> None:
        type_check(value, StashMode)
        self.base.attributes.set("stash_mode", value.value)

    def _get_text(self, key: str) -> str:
        return cast(str, self.base.attributes.get(key))

    def _set_text(self, key: str, value: str) -> None:
        type_check(value, str)
        self.base.attributes.set(key, value)

    def _set_flag(self, key: str, value: bool) -> None:
        type_check(value, bool)
        self.base.attributes.set(key, value)

    def _set_list(self, key: str, value: Sequence[str]) -> None:
        type_check(value, (list, tuple))
        self.base.attributes.set(key, list(value))
