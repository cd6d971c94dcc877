"""RemoteStashFolderData: a folder that the files were copied to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from aiida.common.datastructures import StashMode
from aiida.orm.fields import QbField
from aiida.orm.nodes.data.remote.stash.base import (
    FAIL_ON_MISSING,
    SOURCE_LIST,
    TARGET_BASEPATH,
    HasTarget,
    MayMiss,
    RemoteStashData,
)

__all__ = ("RemoteStashFolderData",)


class RemoteStashFolderData(HasTarget, MayMiss, RemoteStashData):
    """A folder that the files were copied to."""

    _known_node_type = "data.core.remote.stash.folder.RemoteStashFolderData."
    _storable = True
    _modes = (StashMode.COPY,)

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        TARGET_BASEPATH,
        SOURCE_LIST,
        FAIL_ON_MISSING,
    )

    def __init__(
        self,
        stash_mode: StashMode,
        target_basepath: str,
        source_list: Sequence[str],
        fail_on_missing: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(stash_mode, **kwargs)
        self.target_basepath = target_basepath
        self.source_list = source_list
        self.fail_on_missing = fail_on_missing
