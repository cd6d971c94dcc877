"""What an earlier run of a step launched is given back to its re-run: by class, then content of inputs, then order.

Not keyed by outline pointer: a loop comes to the same pointer again. Not by ordinal alone: one extra launch in front would shift
all the rest. Digests are computed only here, on a re-run; the undisturbed path pays nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiida import orm
from aiida.common.links import LinkType
from aiida.journal.fold import Launch

if TYPE_CHECKING:
    from aiida.engine.processes.process import Process

_INPUTS = (LinkType.INPUT_CALC, LinkType.INPUT_WORK)


def digest_node(node: Any) -> str:
    """What an input is: who made it if a process did, else its content."""
    creator = _creator(node)
    if creator is not None:
        return f"made by {creator}"
    if isinstance(node, orm.ProcessNode):
        return str(node.uuid)
    content = (
        node.base.caching.compute_hash() if hasattr(node.base.caching, "compute_hash") else node.base.caching.get_hash()
    )
    return f"{node.node_type} {content or node.uuid}"


def _creator(node: Any) -> str | None:
    if not node.is_stored:
        return None
    found = node.base.links.get_incoming(link_type=LinkType.CREATE).all()
    return f"{found[0].node.uuid} as {found[0].link_label}" if found else None


def digest_inputs(node: Any) -> str:
    """All inputs of a process node, stored or not."""
    triples = node.base.links.get_incoming(link_type=_INPUTS).all()
    lines = sorted(f"{triple.link_label}: {digest_node(triple.node)}" for triple in triples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Memo:
    """The children of an earlier run that nobody has asked for yet."""

    def __init__(self, launched: Sequence[Launch]) -> None:
        self._left = list(launched)
        self._digests: dict[int, str] = {}

    def __bool__(self) -> bool:
        return bool(self._left)

    @property
    def unclaimed(self) -> list[Launch]:
        """What the re-run did not ask for."""
        return list(self._left)

    def match(self, process: Process, *, rides: bool) -> tuple[Launch, Any] | None:
        """The recorded child that this new process would repeat, and its node; it is handed out once."""
        process_type = process.node.process_type or ""
        candidates = [launch for launch in self._left if launch.process_type == process_type and launch.rides == rides]
        if not candidates:
            return None
        wanted = digest_inputs(process.node)
        equal = [(launch, orm.load_node(launch.child)) for launch in candidates]
        equal = [(launch, node) for launch, node in equal if self._digest(launch, node) == wanted]
        if not equal:
            return None
        # a call that failed is made again: so first those that need not be, among them what an earlier re-run had made for it
        launch, node = next((pair for pair in equal if not rides or not (pair[1].is_excepted or pair[1].is_killed)), equal[0])
        self._left.remove(launch)
        return launch, node

    def _digest(self, launch: Launch, node: Any) -> str:
        if launch.child not in self._digests:
            self._digests[launch.child] = digest_inputs(node)
        return self._digests[launch.child]
