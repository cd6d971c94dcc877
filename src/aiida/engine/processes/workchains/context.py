"""How a step says what it waits for and under which names the results shall appear in the context."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from aiida.common.extendeddicts import AttributeDict
from aiida.engine.processes.workchains.awaitable import Awaitable, AwaitableAction, construct_awaitable

if t.TYPE_CHECKING:
    from aiida.orm import ProcessNode

__all__ = ("ToContext", "append_", "assign_")

#: What a step returns to wait for processes: context names and processes.
ToContext = dict


def assign_(target: Awaitable | ProcessNode) -> Awaitable:
    """Wait for a process and put it under its name."""
    return _with_action(target, AwaitableAction.ASSIGN)


def append_(target: Awaitable | ProcessNode) -> Awaitable:
    """Wait for a process and append it to the list of that name."""
    return _with_action(target, AwaitableAction.APPEND)


def _with_action(target: Awaitable | ProcessNode, action: AwaitableAction) -> Awaitable:
    awaitable = construct_awaitable(target)
    awaitable["action"] = action
    return awaitable


def insert(context: AttributeDict, awaitable: Awaitable) -> None:
    """Put the awaitable itself where its process will be; lists thereby keep the order of registration."""
    place, name = _place(context, awaitable)
    if awaitable["action"] is AwaitableAction.ASSIGN:
        place[name] = awaitable
    else:
        place.setdefault(name, []).append(awaitable)


def resolve(context: AttributeDict, ended: Sequence[tuple[Awaitable, t.Any]]) -> None:
    """Replace awaitables by what they stood for. A list is walked once, however many of its places are filled."""
    lists: dict[str, list[tuple[Awaitable, t.Any]]] = {}
    for awaitable, value in ended:
        if awaitable["action"] is AwaitableAction.ASSIGN:
            place, name = _place(context, awaitable)
            place[name] = value
        else:
            lists.setdefault(awaitable["key"], []).append((awaitable, value))
    for members in lists.values():
        _fill(context, members)


def _fill(context: AttributeDict, members: list[tuple[Awaitable, t.Any]]) -> None:
    """Fill the places of one list. Awaitables are told by their process: after a recovery they are equal, not identical."""
    place, name = _place(context, members[0][0])
    values = place.setdefault(name, [])
    waiting: dict[t.Any, list[t.Any]] = {}
    for awaitable, value in members:
        waiting.setdefault(awaitable.identity, []).append(value)
    for index, present in enumerate(values):
        if isinstance(present, Awaitable) and waiting.get(present.identity):
            values[index] = waiting[present.identity].pop()
    # A step may have replaced the list meanwhile; what was awaited for it comes all the same.
    values.extend(value for left in waiting.values() for value in left)


def _place(context: AttributeDict, awaitable: Awaitable) -> tuple[AttributeDict, str]:
    """Walk down a dotted key, making the dictionaries between."""
    place: t.Any = context
    *between, name = awaitable.path
    for part in between:
        if part not in place:
            place[part] = AttributeDict()
        place = place[part]
    return place, name
