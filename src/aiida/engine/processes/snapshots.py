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
from aiida.engine.processes.outcome import Snapshot

__all__ = ("merge_frozen", "overwrite", "overwritten", "take_snapshot")

Sections = Mapping[str, Mapping[str, t.Any]]


def take_snapshot(sections: Sections) -> Snapshot:
    """Encode the sections; name and leave out what cannot be kept."""
    filled = {name: dict(values) for name, values in sections.items() if values}
    if not filled:
        return Snapshot({})
    try:
        return Snapshot(serial.encode(filled))
    except UnstorableValue:
        return _take_what_can_be_kept(filled)


def _take_what_can_be_kept(sections: dict[str, dict[str, t.Any]]) -> Snapshot:
    lost: dict[str, str] = {}
    kept: dict[str, dict[str, t.Any]] = {}
    for section, values in sections.items():
        for name, value in values.items():
            try:
                serial.encode({name: value})
            except UnstorableValue as refusal:
                lost[name if section == "ctx" else f"{section}.{name}"] = str(refusal)
            else:
                kept.setdefault(section, {})[name] = value
    return Snapshot(serial.encode(kept) if kept else {}, lost=lost, sticky=True)


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


def merge_frozen(inputs: AttributesFrozendict, extra: Mapping[str, t.Any]) -> AttributesFrozendict:
    """Return the inputs with those of `extra` added at every level."""
    values = dict(inputs)
    for name, value in extra.items():
        present = values.get(name)
        if isinstance(present, AttributesFrozendict) and isinstance(value, Mapping):
            values[name] = merge_frozen(present, value)
        else:
            values[name] = value
    return AttributesFrozendict(values)
