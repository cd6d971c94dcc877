"""What a piece of user code leaves behind, as plain values that the runtime turns into events."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from aiida.common.exit_code import ExitCode
    from aiida.common.links import LinkType
    from aiida.engine.processes.workchains.awaitable import Awaitable
    from aiida.orm import Node

__all__ = ("Continue", "Finish", "Outcome", "PendingOutput", "Pointer", "Snapshot")

#: Where an outline goes on: a JSON list of ints. `None` is the beginning.
Pointer = list[int]


@dataclasses.dataclass(frozen=True, slots=True)
class Continue:
    """More is to come at `pointer`, once what `awaitables` name has ended."""

    pointer: Pointer
    awaitables: tuple[Awaitable, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Finish:
    """The user code is done and says how it went; outputs are still to be checked (`Process._finish`)."""

    exit_code: ExitCode


Outcome = Continue | Finish


class PendingOutput(t.NamedTuple):
    """An output whose link the runtime has yet to write: process node → node."""

    node: Node
    link_type: LinkType
    label: str


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """What the codec keeps of a live instance between two steps.

    `lost` names what it cannot keep and why; `sticky` says that the instance holds more than `data` does, so that it must not be evicted.
    """

    data: dict[str, t.Any]
    lost: dict[str, str] = dataclasses.field(default_factory=dict)
    sticky: bool = False
