"""RemoteStashCompressedData: an archive that the files were packed into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from aiida.common.datastructures import StashMode
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.remote.stash.base import RemoteStashData

__all__ = ("RemoteStashCompressedData",)

_MODES = (
    StashMode.COMPRESS_TAR,
    StashMode.COMPRESS_TARBZ2,
    StashMode.COMPRESS_TARGZ,
    StashMode.COMPRESS_TARXZ,
)


class RemoteStashCompressedData(RemoteStashData):
    """An archive that the files were packed into."""

    _known_node_type = "data.core.remote.stash.compress.RemoteStashCompressedData."
    _storable = True

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("target_basepath", dtype=str, doc="The target basepath", is_attribute=True),
        add_field("source_list", dtype=list[str], doc="The list of source files that were stashed", is_attribute=True),
        add_field("dereference", dtype=bool, doc="Whether symbolic links were followed", is_attribute=True),
        add_field(
            "fail_on_missing", dtype=bool, doc="Whether stashing fails when a file is missing", is_attribute=True
        ),
    )

    def __init__(
        self,
        stash_mode: StashMode,
        target_basepath: str,
        source_list: Sequence[str],
        dereference: bool,
        fail_on_missing: bool = False,
        **kwargs: Any,
    ) -> None:
        if stash_mode not in _MODES:
            raise ValueError(
                f"a RemoteStashCompressedData is made with one of {[mode.name for mode in _MODES]}, not with {stash_mode}"
            )
        super().__init__(stash_mode, **kwargs)
        self.target_basepath = target_basepath
        self.source_list = source_list
        self.dereference = dereference
        self.fail_on_missing = fail_on_missing

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

    @property
    def dereference(self) -> bool:
        """Whether symbolic links were followed."""
        return bool(self.base.attributes.get("dereference"))

    @dereference.setter
    def dereference(self, value: bool) -> None:
        self._set_flag("dereference", value)

    @property
    def fail_on_missing(self) -> bool:
        """Whether stashing fails when a file is missing."""
        return bool(self.base.attributes.get("fail_on_missing"))

    @fail_on_missing.setter
    def fail_on_missing(self, value: bool) -> None:
        self._set_flag("fail_on_missing", value)
