"""RemoteStashData: files of a job that were put aside on the computer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from aiida.common.datastructures import StashMode
from aiida.common.lang import type_check
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.data import Data

__all__ = ("RemoteStashData",)


class _Attributes:
    """For mixins of nodes: attributes of one type."""

    base: Any

    def _set(self, key: str, value: Any, of_type: type) -> None:
        type_check(value, of_type)
        self.base.attributes.set(key, value)


class RemoteStashData(Data):
    """Base of all kinds of stash; one of them has to be chosen."""

    _known_node_type = "data.core.remote.stash.RemoteStashData."
    _storable = False
    _modes: ClassVar[tuple[StashMode, ...]] = tuple(StashMode)
    _computer_is_written = True

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("stash_mode", dtype=StashMode, doc="The mode with which the data was stashed", is_attribute=True),
    )

    def __init__(self, stash_mode: StashMode, **kwargs: Any) -> None:
        if isinstance(stash_mode, StashMode) and stash_mode not in self._modes:
            raise ValueError(f"a {type(self).__name__} is made with one of {[mode.name for mode in self._modes]}, not with {stash_mode}")
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


TARGET_BASEPATH = add_field("target_basepath", dtype=str, doc="The target basepath", is_attribute=True)
SOURCE_LIST = add_field("source_list", dtype=list[str], doc="The list of source files that were stashed", is_attribute=True)
FAIL_ON_MISSING = add_field("fail_on_missing", dtype=bool, doc="Whether stashing fails when a file is missing", is_attribute=True)


class HasTarget(_Attributes):
    """What all kinds of stash say: which files, and where they are now."""

    @property
    def target_basepath(self) -> str:
        """Where on the computer the files are."""
        return cast(str, self.base.attributes.get("target_basepath"))

    @target_basepath.setter
    def target_basepath(self, value: str) -> None:
        self._set("target_basepath", value, str)

    @property
    def source_list(self) -> Sequence[str]:
        """Which files were put aside."""
        return cast("Sequence[str]", self.base.attributes.get("source_list"))

    @source_list.setter
    def source_list(self, value: Sequence[str]) -> None:
        type_check(value, (list, tuple))
        self._set("source_list", list(value), list)


class MayMiss(_Attributes):
    """A file that should be put aside may be missing."""

    @property
    def fail_on_missing(self) -> bool:
        """Whether stashing fails when a file is missing."""
        return bool(self.base.attributes.get("fail_on_missing"))

    @fail_on_missing.setter
    def fail_on_missing(self, value: bool) -> None:
        self._set("fail_on_missing", value, bool)
