"""Folders of jobs on their computers: finding them, and emptying them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiida.common import timezone
from aiida.common.log import AIIDA_LOGGER
from aiida.orm.computers import Computer
from aiida.orm.nodes.process.calculation.calcjob import CalcJobNode
from aiida.orm.querybuilder import QueryBuilder
from aiida.orm.session import get_store
from aiida.orm.users import User, default_user

if TYPE_CHECKING:
    from aiida.storage.store import Store
    from aiida.transports import Transport

__all__ = ("clean_mapping_remote_paths", "clean_remote", "get_calcjob_remote_paths")

_CLEANED = "cleaned"


def clean_remote(transport: Transport, path: str) -> None:
    """Remove a folder on the computer of an open transport; one that is gone already is none the worse."""
    if not isinstance(path, str):
        raise ValueError("the path has to be a string type")
    if not os.path.isabs(path):
        raise ValueError("the path should be absolute")
    if not transport.is_open:
        raise ValueError("the transport has to be open")
    if transport.path_exists(path):
        transport.rmtree(path)


def clean_mapping_remote_paths(path_mapping: Mapping[str, Iterable[Any]], silent: bool = False) -> None:
    """Empty the folders that `get_calcjob_remote_paths` found."""
    store = get_store()
    user = default_user(store)
    for computer_uuid, folders in path_mapping.items():
        computer = Computer.get_collection(store).get(uuid=computer_uuid)
        count = 0
        with computer.get_authinfo(user).get_transport() as transport:
            for folder in folders:
                folder._clean(transport=transport)
                count += 1
        if not silent:
            AIIDA_LOGGER.report("%d remote folders cleaned on %s", count, computer.label)


def get_calcjob_remote_paths(
    pks: list[int] | None = None,
    past_days: int | None = None,
    older_than: int | None = None,
    computers: Sequence[Computer] | None = None,
    user: User | None = None,
    backend: Store | None = None,
    exit_status: int | None = None,
    only_not_cleaned: bool = False,
) -> dict[str, list[Any]] | None:
    """Return the remote folders of jobs by the UUID of their computer, `None` if there are none."""
    filters: dict[str, Any] = {"attributes.process_state": {"in": ["finished", "excepted", "killed"]}}
    if pks:
        filters["id"] = {"in": pks}
    moments = {
        operator: timezone.now() - timedelta(days=days)
        for operator, days in ((">", past_days), ("<", older_than))
        if days is not None
    }
    if moments:
        filters["mtime"] = {"and": [{operator: moment} for operator, moment in moments.items()]}
    if exit_status is not None:
        filters["attributes.exit_status"] = exit_status
    query = QueryBuilder(backend=backend).append(CalcJobNode, tag="job", filters=filters)
    query.append(entity_type="data.core.remote.RemoteData.", tag="folder", project="*", edge_filters={"label": "remote_folder"}, with_incoming="job")
    where = {"uuid": {"in": [computer.uuid for computer in computers]}} if computers else None
    query.append(Computer, with_node="folder", project="uuid", filters=where)
    owner = user or default_user(get_store(backend))
    query.append(User, with_node="job", filters={"email": owner.email})
    found: dict[str, list[Any]] = defaultdict(list)
    for folder, computer_uuid in query.iterall():
        if only_not_cleaned and folder.base.extras.get(_CLEANED, False):
            continue
        found[computer_uuid].append(folder)
    return dict(found) or None
