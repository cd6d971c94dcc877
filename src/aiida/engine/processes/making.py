"""How an instance comes to be: inputs are checked, a node is made and described, links wait with it. Nothing is written.

The order in which the hooks of a class are called is relied on by packages that subclass `Process` (BEHAVIOUR O): label, metadata, record,
`on_create`, all before the node is stored.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from aiida.common.extendeddicts import AttributesFrozendict
from aiida.common.process_state import ProcessState
from aiida.engine.processes import exposing, recorder

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process
    from aiida.orm import Node, ProcessNode

#: Metadata that steers how a process is made and run, and is no property of its node.
STEERING = frozenset({"store_provenance", "dry_run", "call_link_label", "disable_cache"})


def initialise(process: Process) -> None:
    """Check the inputs and make the node."""
    if process._parent is None:
        process._parent = process.current()
    process._parsed_inputs = parse_inputs(type(process), process._raw_inputs)
    process._node = process.get_or_create_db_record()
    process._setup_db_record()
    process.on_create()
    if process._parsed_inputs.get("metadata", {}).get("disable_cache"):
        process._node._cachable = False


def parse_inputs(process_class: type[Process], raw: Mapping[str, t.Any]) -> AttributesFrozendict:
    """Serialise, fill in defaults, validate; `ValueError` names the port."""
    ports = process_class.spec().inputs
    parsed = ports.pre_process(ports.serialize(raw) or {})
    refusal = ports.validate(parsed)
    if refusal is not None:
        raise ValueError(str(refusal))
    return parsed


def describe(process: Process) -> None:
    """Set everything on the unstored node that is known now."""
    node = process._node
    node.process_type = process.build_process_type()
    node._project(
        {
            "process_state": ProcessState.CREATED.value,
            "process_label": process._build_process_label(),
            "metadata_inputs": recorder.collect_metadata(process.spec().inputs, process._raw_inputs) or None,
            "version": process._version_info(),
        }
    )
    metadata = dict(process._parsed_inputs.get("metadata", {}))
    recorder.link_caller(process, metadata.pop("call_link_label", "CALL"))
    process._setup_metadata(metadata)
    recorder.link_inputs(process)


def apply_metadata(node: t.Any, metadata: Mapping[str, t.Any]) -> None:
    """Put metadata on the node."""
    for name, value in metadata.items():
        if name in STEERING:
            continue
        if name not in ("label", "description", "computer"):
            raise RuntimeError(f"unsupported metadata key: {name}")
        setattr(node, name, value)


def list_unstored(process: Process) -> list[Node]:
    """Return unstored inputs, then the node: what the first transaction stores. Nothing without provenance."""
    if not process._has_provenance:
        return []
    linked = recorder.iterate_linked_inputs(process.spec().inputs, process._parsed_inputs)
    nodes = {id(node): node for _, node in linked if not node.is_stored}
    return [*nodes.values(), *([] if process._node.is_stored else [process._node])]


def take_up(process: Process, node: ProcessNode) -> None:
    """Give an empty instance what the graph knows of its process."""
    process._node = node
    process._parsed_inputs = recorder.rebuild_inputs(type(process), node)
    process._raw_inputs = AttributesFrozendict(node.get_metadata_inputs() or {})
    process._outputs = exposing.outputs_of(node)
    process._taken_outputs = dict(recorder.flatten_outputs(process._outputs))
