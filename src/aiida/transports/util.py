"""Small values and functions around transports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiida.common.extendeddicts import FixedFieldsAttributeDict

if TYPE_CHECKING:
    from aiida.transports.transport import Transport, TransportPath

__all__ = ("FileAttribute", "StrPath", "copy_from_remote_to_remote", "copy_from_remote_to_remote_async")

StrPath = str


class FileAttribute(FixedFieldsAttributeDict):
    """What `stat` says about a file: size, owner, group, mode, times."""

    _valid_fields = ("st_size", "st_uid", "st_gid", "st_mode", "st_atime", "st_mtime")


def copy_from_remote_to_remote(
    transportsource: Transport,
    transportdestination: Transport,
    remotesource: TransportPath,
    remotedestination: TransportPath,
    **kwargs: Any,
) -> None:
    """Copy files or folders from one remote machine to another, over this one."""
    transportsource.copy_from_remote_to_remote(transportdestination, remotesource, remotedestination, **kwargs)


async def copy_from_remote_to_remote_async(
    transportsource: Transport,
    transportdestination: Transport,
    remotesource: TransportPath,
    remotedestination: TransportPath,
    **kwargs: Any,
) -> None:
    """Copy files or folders from one remote machine to another, over this one."""
    await transportsource.copy_from_remote_to_remote_async(transportdestination, remotesource, remotedestination, **kwargs)
