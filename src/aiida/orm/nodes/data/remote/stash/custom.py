"""RemoteStashCustomData: what a code of the user made of the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from aiida.common.datastructures import StashMode
from aiida.orm.fields import QbField
from aiida.orm.nodes.data.remote.stash.base import SOURCE_LIST, TARGET_BASEPATH, HasTarget, RemoteStashData

__all__ = ("RemoteStashCustomData",)


class RemoteStashCustomData(HasTarget, RemoteStashData):
    """What a code of the user made of the files."""

    _known_node_type = "data.core.remote.stash.custom.RemoteStashCustomData."
    _storable = True
    _modes = (StashMode.SUBMIT_CUSTOM_CODE,)

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        TARGET_BASEPATH,
        SOURCE_LIST,
    )

    def __init__(
        self,
        stash_mode: StashMode,
        target_basepath: str,
        source_list: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(stash_mode, **kwargs)
        self.target_basepath = target_basepath
        self.source_list = source_list
