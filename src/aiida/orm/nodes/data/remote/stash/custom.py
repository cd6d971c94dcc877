"""RemoteStashCustomData: what a code of the user made of the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from aiida.common.datastructures import StashMode
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.remote.stash.base import RemoteStashData

__all__ = ("RemoteStashCustomData",)

_MODES = (StashMode.SUBMIT_CUSTOM_CODE,)


class RemoteStashCustomData(RemoteStashData):
    """What a code of the user made of the files."""

    _known_node_type = "data.core.remote.stash.custom.RemoteStashCustomData."
    _storable = True

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("target_basepath", dtype=str, doc="The target basepath", is_attribute=True),
        add_field("source_list", dtype=list[str], doc="The list of source files that were stashed", is_attribute=True),
    )

    def __init__(
        self,
        stash_mode: StashMode,
        target_basepath: str,
        source_list: Sequence[str],
        **kwargs: Any,
    ) -> None:
        if stash_mode not in _MODES:
            raise ValueError(
                f"a RemoteStashCustomData is made with one of {[mode.name for mode in _MODES]}, not with {stash_mode}"
            )
        super().__init__(stash_mode, **kwargs)
        self.target_basepath = target_basepath
        self.source_list = source_list

    @property
    def target_basepath(self) -> str:
        """Where on the computer the files are."""
        return self._get_text("target_basepath")

    @target_basepath.setter
    def target_basepath(self, value: str) -> None:
        self._set_text("target_basepath", value)

    @property
    def source_list(self) -> Sequence[str]:
        """Which files were put aside."""
        return self.base.attributes.get("source_list")  # type: ignore[no-any-return]

    @source_list.setter
    def source_list(self, value: Sequence[str]) -> None:
        self._set_list("source_list", value)
