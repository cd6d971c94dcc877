"""RemoteStashCompressedData: an archive that the files were packed into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from aiida.common.datastructures import StashMode
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.remote.stash.base import (
    FAIL_ON_MISSING,
    SOURCE_LIST,
    TARGET_BASEPATH,
    HasTarget,
    MayMiss,
    RemoteStashData,
)

__all__ = ("RemoteStashCompressedData",)


class RemoteStashCompressedData(HasTarget, MayMiss, RemoteStashData):
    """An archive that the files were packed into."""

    _known_node_type = "data.core.remote.stash.compress.RemoteStashCompressedData."
    _storable = True
    _modes = (
        StashMode.COMPRESS_TAR,
        StashMode.COMPRESS_TARBZ2,
        StashMode.COMPRESS_TARGZ,
        StashMode.COMPRESS_TARXZ,
    )

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        TARGET_BASEPATH,
        SOURCE_LIST,
        add_field("dereference", dtype=bool, doc="Whether symbolic links were followed", is_attribute=True),
        FAIL_ON_MISSING,
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
        super().__init__(stash_mode, **kwargs)
        self.target_basepath = target_basepath
        self.source_list = source_list
        self.dereference = dereference
        self.fail_on_missing = fail_on_missing

    @property
    def dereference(self) -> bool:
        """Whether symbolic links were followed."""
        return bool(self.base.attributes.get("dereference"))

    @dereference.setter
    def dereference(self, value: bool) -> None:
        self._set("dereference", value, bool)
