"""Exposing: a process takes over ports of another, and later asks which of its values belong to whom."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from aiida.common.extendeddicts import AttributeDict
from aiida.common.links import LinkType
from aiida.engine.processes.ports import PORT_NAMESPACE_SEPARATOR, PortNamespace

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process
    from aiida.engine.processes.process_spec import ProcessSpec
    from aiida.orm import ProcessNode

__all__ = ("Exposed", "collect_inputs", "collect_outputs", "expose")

#: Namespace (None is the top) → process class → names of its ports that were taken there.
Exposed = dict[str | None, dict[type["Process"], list[str]]]


def expose(
    memory: Exposed,
    process_class: type[Process],
    source: PortNamespace,
    destination: PortNamespace,
    *,
    namespace: str | None,
    exclude: Sequence[str] | None,
    include: Sequence[str] | None,
    namespace_options: Mapping[str, t.Any] | None,
) -> None:
    """Copy ports of `source` into `destination` and remember whose they are."""
    if exclude is not None and include is not None:
        raise ValueError("exclude and include are mutually exclusive")
    if namespace:
        destination = destination.create_port_namespace(namespace)
    taken = destination.absorb(source, exclude, include, namespace_options)
    remembered = memory[namespace].setdefault(process_class, [])
    remembered.extend(name for name in taken if name not in remembered)


def collect_inputs(
    spec: ProcessSpec, inputs: Mapping[str, t.Any], process_class: type[Process], namespace: str | None, agglomerate: bool
) -> AttributeDict:
    """Return the inputs that were exposed from `process_class` in `namespace`, those of outer namespaces included if asked."""
    exposed: dict[str, t.Any] = {}
    for level in namespaces_above(namespace) if agglomerate else [namespace]:
        values = inputs
        if level is not None:
            for name in level.split("."):
                values = values[name]
            ports = t.cast(PortNamespace, spec.inputs.get_port(level))
        else:
            ports = spec.inputs
        for name in spec._exposed_inputs.get(level, {}).get(process_class, ()):
            if name in ports and name in values:
                exposed[name] = values[name]
    return AttributeDict(exposed)


def collect_outputs(
    spec: ProcessSpec, node: ProcessNode, process_class: type[Process], namespace: str | None, agglomerate: bool
) -> AttributeDict:
    """Return the outputs of `node` for which there is an exposed port, under dotted names as `out_many` takes them."""
    outputs = outputs_of(node)
    result: dict[str, t.Any] = {}
    for level in namespaces_above(namespace) if agglomerate else [namespace]:
        names = spec._exposed_outputs.get(level, {}).get(process_class, ())
        prefix = "" if level is None else f"{level}."
        result.update({f"{prefix}{name}": outputs[name] for name in names if name in outputs})
    return AttributeDict(result)


def outputs_of(node: ProcessNode) -> dict[str, t.Any]:
    """Return the outputs of a process as a nested dictionary."""
    result: dict[str, t.Any] = {}
    for entry in node.base.links.get_outgoing(link_type=(LinkType.CREATE, LinkType.RETURN)).all():
        *path, last = entry.link_label.split(PORT_NAMESPACE_SEPARATOR)
        place = result
        for part in path:
            place = place.setdefault(part, {})
        place[last] = entry.node
    return result


def namespaces_above(namespace: str | None) -> list[str | None]:
    """Return None, `a`, `a.b` … for the namespace `a.b…`: inner levels come last and win."""
    levels: list[str | None] = [None]
    if namespace:
        parts = namespace.split(".")
        levels += [".".join(parts[: n + 1]) for n in range(len(parts))]
    return levels
