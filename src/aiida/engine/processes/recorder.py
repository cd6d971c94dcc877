"""What a process takes and gives becomes attributes and links of its node; and back again when it is revived.

Nothing here writes to the database: links wait with the unstored node, outputs are handed to whoever stores them.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence

from aiida.common.exceptions import InvalidOperation
from aiida.common.extendeddicts import AttributesFrozendict
from aiida.common.links import LinkType
from aiida.engine.processes.checks import PortValidationError
from aiida.engine.processes.ports import PORT_NAMESPACE_SEPARATOR, PortNamespace
from aiida.orm import CalculationNode, Computer, Node
from aiida.orm.utils.links import LinkTriple

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process
    from aiida.orm import ProcessNode

CYCLE = "the link you are attempting to create would generate a cycle in the graph"


# -- inputs -------------------------------------------------------------------------------------------------------------
def iterate_linked_inputs(
    namespace: PortNamespace | None, values: Mapping[str, t.Any], prefix: str = ""
) -> Iterator[tuple[str, Node]]:
    """Yield (link label, node) for every input that provenance records."""
    for name, value in values.items():
        port = None if namespace is None else namespace.get(name)
        if value is None or (port is not None and (port.non_db or port.is_metadata)):
            continue
        label = f"{prefix}{name}"
        if isinstance(value, Node):
            yield label, value
        elif isinstance(value, Mapping):
            below = port if isinstance(port, PortNamespace) else None
            yield from iterate_linked_inputs(below, value, f"{label}{PORT_NAMESPACE_SEPARATOR}")
        # A plain value where any value is taken makes no link: it lives in the snapshot alone (`collect_unlinked`).


def link_inputs(process: Process) -> None:
    """Let the INPUT links wait with the node."""
    node = process.node
    link_type = LinkType.INPUT_CALC if isinstance(node, CalculationNode) else LinkType.INPUT_WORK
    ports = process.spec().inputs
    for label, value in iterate_linked_inputs(ports, process.inputs):
        # The hot path: a fresh node has no links yet, labels are distinct names of ports, and what may link to what is a fact about two
        # classes that is looked up once. Everything unusual goes through the front door, which checks all and says what is wrong.
        if label in ports and (type(value), type(node)) in _LINKED_BEFORE and value.backend is node.backend:
            node._pending.append(LinkTriple(value, link_type, label))
        else:
            node.base.links.add_incoming(value, link_type, label)
            _LINKED_BEFORE.add((type(value), type(node)))


#: Pairs of classes (input, process) of which a link has passed all checks.
_LINKED_BEFORE: set[tuple[type, type]] = set()


def link_caller(process: Process, label: str) -> None:
    """Let the CALL link wait with the node, if a process with a node launched this one."""
    caller = process.get_parent_calc()
    if caller is None:
        return
    if isinstance(caller, CalculationNode):
        raise InvalidOperation("calling processes from a calculation type process is forbidden.")
    link_type = LinkType.CALL_CALC if isinstance(process.node, CalculationNode) else LinkType.CALL_WORK
    process.node.base.links.add_incoming(caller, link_type, label)


def collect_metadata(namespace: PortNamespace, values: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the metadata inputs as the user gave them, in plain form: a restart is built from them."""
    found: dict[str, t.Any] = {}
    for name, value in values.items():
        port = namespace.get(name)
        if isinstance(port, PortNamespace) and isinstance(value, Mapping):
            if below := collect_metadata(port, value):
                found[name] = below
        elif port is not None and port.is_metadata and not isinstance(value, Node):
            found[name] = value.label if isinstance(value, Computer) else _plain(value)
    return found


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def collect_unlinked(namespace: PortNamespace | None, values: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the inputs of which the graph keeps nothing: `non_db` ones, and plain values in a namespace that takes anything."""
    found: dict[str, t.Any] = {}
    for name, value in values.items():
        port = None if namespace is None else namespace.get(name)
        if port is not None and port.is_metadata:
            continue
        if port is not None and port.non_db:
            found[name] = value
        elif isinstance(value, Mapping) and not isinstance(value, Node):
            if below := collect_unlinked(port if isinstance(port, PortNamespace) else None, value):
                found[name] = below
        elif value is None or not isinstance(value, Node):
            found[name] = value
    return found


def rebuild_inputs(process_class: type[Process], node: ProcessNode) -> AttributesFrozendict:
    """Return the inputs of a stored process: nodes from its links, metadata from its attributes, plain defaults from the spec."""
    values: dict[str, t.Any] = {}
    for triple in node.base.links.get_incoming(link_type=(LinkType.INPUT_CALC, LinkType.INPUT_WORK)).all():
        put_nested(values, triple.link_label.split(PORT_NAMESPACE_SEPARATOR), triple.node)
    merge_nested(values, node.get_metadata_inputs() or {})
    if node.computer is not None and "computer" in values.get("metadata", {}):
        values["metadata"]["computer"] = node.computer
    return _fill_plain_defaults(process_class.spec().inputs, values)


def _fill_plain_defaults(namespace: PortNamespace, values: Mapping[str, t.Any]) -> AttributesFrozendict:
    """Fill in what is not a node. A default that was a node has a link, and one that had none was given as None."""
    result = dict(values)
    for name, port in namespace.items():
        if isinstance(port, PortNamespace):
            if name in result or (port.populate_defaults and len(port)):
                result[name] = _fill_plain_defaults(port, result.get(name, {}))
        elif name not in result and port.has_default() and (port.is_metadata or port.non_db):
            result[name] = port.default() if callable(port.default) else port.default
    return AttributesFrozendict(result)


# -- outputs ------------------------------------------------------------------------------------------------------------
def flatten_outputs(values: Mapping[str, t.Any], prefix: str = "") -> Iterator[tuple[str, t.Any]]:
    """Yield (link label, node) for nested outputs."""
    for name, value in values.items():
        label = f"{prefix}{name}"
        if isinstance(value, Mapping) and not isinstance(value, Node):
            yield from flatten_outputs(value, f"{label}{PORT_NAMESPACE_SEPARATOR}")
        else:
            yield label, value


def is_declared(namespace: PortNamespace, label: str) -> bool:
    """Tell whether an output, given by its link label, has a port of its own."""
    port: t.Any = namespace
    for name in label.split(PORT_NAMESPACE_SEPARATOR):
        if not isinstance(port, PortNamespace):
            return True
        if name not in port:
            return False
        port = port[name]
    return True


def check_output(process: Process, label: str, value: t.Any) -> LinkType:
    """Return the type of the link that an output will have; refuse what would break provenance."""
    if not isinstance(value, Node):
        raise TypeError(f"output `{label}` of {process.get_name()} is a {type(value)} and no node")
    if isinstance(process.node, CalculationNode):
        if value.is_stored and any(value is given for _, given in _inputs_of(process)):
            raise ValueError(CYCLE)
        return LinkType.CREATE
    if not value.is_stored and process._has_provenance:
        raise ValueError(
            f"Workflow<{process.get_name()}> tried returning an unstored `Data` node. This likely means new `Data` is being created "
            "inside the workflow. In order to preserve data provenance, use a `calcfunction` to create this node and return its "
            "output from the workflow"
        )
    return LinkType.RETURN


def check_output_port(root: PortNamespace, path: Sequence[str], value: t.Any) -> PortValidationError | None:
    """Hold an output against the port of a dotted name; below a dynamic namespace the names are free."""
    namespace, crumbs = root, []
    for name in path[:-1]:
        port = namespace.get(name)
        if not isinstance(port, PortNamespace):
            break
        namespace = port
        crumbs.append(name)
    name, *below = path[len(crumbs) :]
    if not below and name in namespace:
        return t.cast("PortValidationError | None", namespace[name].validate(value, crumbs))
    for inner in reversed(below):
        value = {inner: value}
    if name in namespace:
        return PortValidationError(f"it holds no ports, so '{below[0]}' is not below it", ".".join([*crumbs, name]))
    return namespace.validate_dynamic_ports({name: value}, crumbs or [root.name])


def _inputs_of(process: Process) -> Iterator[tuple[str, Node]]:
    return iterate_linked_inputs(process.spec().inputs, process.inputs)


def put_nested(target: dict[str, t.Any], path: list[str], value: t.Any) -> None:
    """Set a value in nested dictionaries."""
    for name in path[:-1]:
        target = target.setdefault(name, {})
    target[path[-1]] = value


def remove_nested(target: dict[str, t.Any], path: list[str]) -> None:
    """Remove a value from nested dictionaries."""
    for name in path[:-1]:
        target = target[name]
    del target[path[-1]]


def merge_nested(target: dict[str, t.Any], other: Mapping[str, t.Any]) -> None:
    """Merge a nested mapping into another; the other wins."""
    for name, value in other.items():
        if isinstance(value, Mapping) and isinstance(target.get(name), dict):
            merge_nested(target[name], value)
        else:
            target[name] = dict(value) if isinstance(value, Mapping) else value
