"""What a work chain waits for, and what it will do with it."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from enum import Enum

from aiida.common.extendeddicts import AttributeDict
from aiida.orm import Group, ProcessNode

__all__ = ("Awaitable", "AwaitableAction", "AwaitableTarget", "construct_awaitable")


class AwaitableTarget(Enum):
    """What kind of thing is awaited."""

    PROCESS = "process"
    GROUP = "group"


class AwaitableAction(Enum):
    """What is done with it when it has ended."""

    ASSIGN = "assign"
    APPEND = "append"


class Awaitable(AttributeDict):
    """A process to wait for, or a group of them: `pk`, `action`, `target`, `outputs` (whether its outputs are wanted instead of its node), `key`."""

    def __init__(self, dictionary: Mapping[str, t.Any] | None = None, **kwargs: t.Any) -> None:
        super().__init__({**(dictionary or {}), **kwargs})

    @property
    def processes(self) -> list[int]:
        """Which processes must have ended: of a group those that were in it when the step asked for it."""
        return t.cast("list[int]", self.get("members", [self["pk"]]))

    @property
    def identity(self) -> tuple[str, int]:
        """What tells it from others, also after a recovery."""
        return self["target"].value, self["pk"]

    @property
    def path(self) -> list[str]:
        """The places in the context that the dotted key names."""
        return t.cast(str, self["key"]).split(".")


def construct_awaitable(target: t.Any) -> Awaitable:
    """Return an awaitable for a process node, or for all processes of a group; an awaitable stays what it is."""
    if isinstance(target, Awaitable):
        return target
    if isinstance(target, ProcessNode):
        return Awaitable(pk=target.pk, action=AwaitableAction.ASSIGN, target=AwaitableTarget.PROCESS, outputs=False)
    if isinstance(target, Group):
        members = [node.pk for node in target.nodes if isinstance(node, ProcessNode)]
        return Awaitable(pk=target.pk, action=AwaitableAction.ASSIGN, target=AwaitableTarget.GROUP, outputs=False, members=members)
    raise ValueError(f"invalid class for awaitable target: {type(target)}")
