"""What of a live instance survives the loss of its worker: sections of values, encoded together by the closed codec.

Together, because two names for one list are one list after a recovery too. What the codec cannot keep is named and left out; the process goes on
(BEHAVIOUR E4), and its instance counts as *sticky*: it holds more than the database does.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from aiida.common import serial
from aiida.common.exceptions import UnstorableValue
from aiida.common.extendeddicts import AttributesFrozendict
from aiida.engine.processes import recorder
from aiida.engine.processes.outcome import Snapshot
from aiida.engine.processes.ports import PortNamespace

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process

__all__ = ("collect_sections", "merge_frozen", "overwrite", "overwritten", "restore_sections", "take_snapshot")

Sections = Mapping[str, Mapping[str, t.Any]]


def take_snapshot(sections: Sections) -> Snapshot:
    """Encode the sections; name and leave out what cannot be kept."""
    filled = {name: dict(values) for name, values in sections.items() if values}
    if not filled:
        return Snapshot({})
    try:
        return Snapshot(serial.encode_and_read_back(filled))
    except UnstorableValue:
        return _take_what_can_be_kept(filled)


def _take_what_can_be_kept(sections: dict[str, dict[str, t.Any]]) -> Snapshot:
    lost: dict[str, str] = {}
    kept: dict[str, dict[str, t.Any]] = {}
    for section, values in sections.items():
        for name, value in values.items():
            try:
                serial.encode_and_read_back({name: value})
            except UnstorableValue as refusal:
                # What a class keeps on `self` was never promised to survive: it makes the instance sticky, and is no news.
                if section != "attributes":
                    lost[name if section == "ctx" else f"{section}.{name}"] = str(refusal)
            else:
                kept.setdefault(section, {})[name] = value
    return Snapshot(serial.encode(kept) if kept else {}, lost=lost, sticky=True)


def collect_sections(process: Process) -> dict[str, dict[str, t.Any]]:
    """Return everything of an instance that outlives a step, by section."""
    own = process._ENGINE_ATTRIBUTES
    bundle: dict[str, t.Any] = {}
    process.save_instance_state(bundle, None)
    return {
        "inputs": recorder.collect_unlinked(process.spec().inputs, process._parsed_inputs),
        "overwritten": dict(overwritten(process._parsed_inputs)),
        "attributes": {name: value for name, value in vars(process).items() if name not in own},
        "bundle": bundle,
    }


def restore_sections(process: Process, sections: Sections) -> None:
    """Give an instance back what its snapshot held."""
    if sections.get("inputs"):
        process._parsed_inputs = merge_frozen(process._parsed_inputs, sections["inputs"], process.spec().inputs)
    overwrite(process._parsed_inputs, sections.get("overwritten", {}))
    for name, value in sections.get("attributes", {}).items():
        setattr(process, name, value)
    process.load_instance_state(dict(sections.get("bundle", {})), None)


def overwritten(inputs: AttributesFrozendict, prefix: str = "") -> Iterator[tuple[str, t.Any]]:
    """Yield the inputs that user code wrote over (BEHAVIOUR B4), by dotted path."""
    if len(own := vars(inputs)) > 2:
        yield from ((f"{prefix}{name}", value) for name, value in own.items() if name not in ("_dict", "_hash"))
    for name, value in inputs.items():
        if isinstance(value, AttributesFrozendict):
            yield from overwritten(value, f"{prefix}{name}.")


def overwrite(inputs: AttributesFrozendict, values: Mapping[str, t.Any]) -> None:
    """Write over inputs again, as `overwritten` found them."""
    for path, value in values.items():
        *parents, name = path.split(".")
        target: t.Any = inputs
        for parent in parents:
            target = target[parent]
        setattr(target, name, value)


def merge_frozen(
    inputs: AttributesFrozendict, extra: Mapping[str, t.Any], namespace: PortNamespace | None = None
) -> AttributesFrozendict:
    """Return the inputs with those of `extra` added at every level; what fills a namespace has its type, also if nothing of it was there."""
    values = dict(inputs)
    for name, value in extra.items():
        present = values.get(name)
        port = None if namespace is None else namespace.get(name)
        below = port if isinstance(port, PortNamespace) else None
        if isinstance(value, Mapping) and (isinstance(present, AttributesFrozendict) or (below is not None and not present)):
            values[name] = merge_frozen(AttributesFrozendict(present or {}), value, below)
        else:
            values[name] = value
    return AttributesFrozendict(values)
