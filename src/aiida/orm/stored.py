"""Nodes, groups and computers inside stored process state: by UUID, so that what comes back is the object of the database."""

from __future__ import annotations

from typing import Any

from aiida.common import serial
from aiida.common.exceptions import UnstorableValue
from aiida.orm.computers import Computer
from aiida.orm.groups import Group
from aiida.orm.nodes.node import Node
from aiida.orm.users import User

__all__ = ("register_all",)


def _uuid(entity: Any) -> str:
    if not entity.is_stored:
        raise UnstorableValue("value", type(entity))
    return str(entity.uuid)


def register_all() -> None:
    """Let the codec of process state know the entities."""
    serial.register("node", Node, _uuid, lambda uuid: Node.collection.get(uuid=uuid))
    serial.register("group", Group, _uuid, lambda uuid: Group.collection.get(uuid=uuid))
    serial.register("computer", Computer, _uuid, lambda uuid: Computer.collection.get(uuid=uuid))
    serial.register("user", User, lambda user: user.email, lambda email: User.collection.get(email=email))


register_all()
