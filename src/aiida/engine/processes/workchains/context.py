"""How a step says what it waits for and under which names the results shall appear in the context."""

from __future__ import annotations

import typing as t

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


def resolve(context: AttributeDict, awaitable: Awaitable, value: t.Any) -> None:
    """Replace the awaitable by what it stood for."""
    place, name = _place(context, awaitable)
    if awaitable["action"] is AwaitableAction.ASSIGN:
        place[name] = value
        return
    values = place.setdefault(name, [])
    for index, present in enumerate(values):
        if present is awaitable or (isinstance(present, Awaitable) and present["pk"] == awaitable["pk"]):
            values[index] = value
            return
    values.append(value)


def _place(context: AttributeDict, awaitable: Awaitable) -> tuple[AttributeDict, str]:
    """Walk down a dotted key, making the dictionaries between."""
    place: t.Any = context
    *between, name = awaitable.path
    for part in between:
        if part not in place:
            place[part] = AttributeDict()
        place = place[part]
    return place, name
