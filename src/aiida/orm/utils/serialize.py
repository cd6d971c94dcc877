"""Values as YAML text, with nodes, groups and computers by UUID: a public helper for plugins. Process state is not kept like this.

Reading builds plain values, entities by UUID, and members of enumerations and dataclasses that the text names; no tag
calls anything. (Where aiida-core's texts hold Python object tags, those are refused with the tag's name.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from functools import partial
from importlib import import_module
from typing import Any, TypeVar, cast

import yaml

from aiida.common.exceptions import DbContentError
from aiida.common.extendeddicts import AttributeDict, AttributesFrozendict
from aiida.common.links import LinkType
from aiida.orm.computers import Computer
from aiida.orm.groups import Group
from aiida.orm.nodes.node import Node
from aiida.orm.utils.loaders import load_computer, load_group, load_node
from aiida.orm.utils.managers import NodeLinksManager

__all__ = ("AiiDADumper", "AiiDALoader", "deserialize_safe", "deserialize_unsafe", "serialize")

_ENUM_TAG = "!enum"
_DATACLASS_TAG = "!dataclass"
_NODE_TAG = "!aiida_node"
_NODE_LINKS_MANAGER_TAG = "!aiida_node_links_manager"
_GROUP_TAG = "!aiida_group"
_COMPUTER_TAG = "!aiida_computer"
_ATTRIBUTE_DICT_TAG = "!aiida_attributedict"
_PLUMPY_ATTRIBUTES_FROZENDICT_TAG = "!plumpy:attributes_frozendict"
_PLUMPY_BUNDLE = "!plumpy:bundle"
_TUPLE_TAG = "tag:yaml.org,2002:python/tuple"
_APPLY_TAG = "tag:yaml.org,2002:python/object/apply:"

_MappingType = TypeVar("_MappingType", bound=Mapping[Any, Any])


class AiiDADumper(yaml.SafeDumper):
    """Writes plain values and what the functions below add."""

    def represent_data(self, data: Any) -> Any:
        """Return the YAML node for a value; classes are looked at before what they are made of (`List` is a sequence)."""
        if isinstance(data, Node):
            return represent_node(self, data)
        if isinstance(data, Computer):
            return represent_computer(self, data)
        if isinstance(data, Group):
            return represent_group(self, data)
        if isinstance(data, NodeLinksManager):
            return represent_node_links_manager(self, data)
        if isinstance(data, Enum):
            return represent_enum(self, data)
        if dataclasses.is_dataclass(data) and not isinstance(data, type):
            return represent_dataclass(self, data)
        if type(data) is tuple:
            return self.represent_sequence(_TUPLE_TAG, data)
        return super().represent_data(data)


class AiiDALoader(yaml.SafeLoader):
    """Reads plain values and what the functions below add."""


# -- entities -----------------------------------------------------------------------------------------------------------


def represent_node(dumper: yaml.SafeDumper, node: Node) -> yaml.ScalarNode:
    """Return the YAML node for a stored node."""
    _check_stored(node, "node")
    return dumper.represent_scalar(_NODE_TAG, node.uuid)


def node_constructor(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Node:
    """Return the node of a YAML node."""
    return load_node(uuid=_text(loader, node))


def represent_group(dumper: yaml.SafeDumper, group: Group) -> yaml.ScalarNode:
    """Return the YAML node for a stored group."""
    _check_stored(group, "group")
    return dumper.represent_scalar(_GROUP_TAG, group.uuid)


def group_constructor(loader: yaml.SafeLoader, group: yaml.ScalarNode) -> Group:
    """Return the group of a YAML node."""
    return load_group(uuid=_text(loader, group))


def represent_computer(dumper: yaml.SafeDumper, computer: Computer) -> yaml.ScalarNode:
    """Return the YAML node for a stored computer."""
    _check_stored(computer, "computer")
    return dumper.represent_scalar(_COMPUTER_TAG, computer.uuid)


def computer_constructor(loader: yaml.SafeLoader, computer: yaml.ScalarNode) -> Computer:
    """Return the computer of a YAML node."""
    return load_computer(uuid=_text(loader, computer))


def represent_node_links_manager(dumper: yaml.SafeDumper, node_links_manager: NodeLinksManager) -> yaml.MappingNode:
    """Return the YAML node for `node.inputs` or `node.outputs`."""
    facts = {
        "incoming": node_links_manager._incoming,
        "link_type": node_links_manager._link_type.value,
        "node": node_links_manager._node.uuid,
    }
    return dumper.represent_mapping(_NODE_LINKS_MANAGER_TAG, facts)


def node_links_manager_constructor(loader: yaml.SafeLoader, node_links_manager: yaml.MappingNode) -> NodeLinksManager:
    """Return `node.inputs` or `node.outputs`."""
    facts = loader.construct_mapping(node_links_manager)
    return NodeLinksManager(load_node(uuid=facts["node"]), LinkType(facts["link_type"]), facts["incoming"])


def _check_stored(entity: Any, what: str) -> None:
    if not entity.is_stored:
        raise ValueError(f"{what} {type(entity)}<{entity.uuid}> cannot be represented because it is not stored")


def _text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


# -- mappings -----------------------------------------------------------------------------------------------------------


def represent_mapping(tag: str, dumper: yaml.SafeDumper, mapping: Any) -> yaml.MappingNode:
    """Return the YAML node for a kind of mapping."""
    return dumper.represent_mapping(tag, dict(mapping))


def mapping_constructor(mapping_type: type[_MappingType], loader: yaml.SafeLoader, mapping: yaml.MappingNode) -> Any:
    """Return a mapping of the type."""
    return cast(Any, mapping_type)(loader.construct_mapping(mapping, deep=True))


def represent_bundle(dumper: yaml.SafeDumper, bundle: Any) -> yaml.MappingNode:
    """Return the YAML node for what a process's save hook put together."""
    return represent_mapping(_PLUMPY_BUNDLE, dumper, bundle)


def bundle_constructor(loader: yaml.SafeLoader, bundle: yaml.MappingNode) -> Any:
    """Return what a process's save hook put together, as a dictionary."""
    return mapping_constructor(dict, loader, bundle)


# -- members and records ------------------------------------------------------------------------------------------------


def represent_enum(dumper: yaml.SafeDumper, enum: Enum) -> yaml.ScalarNode:
    """Return the YAML node for a member of an enumeration: where its class is, and its name."""
    cls = type(enum)
    return dumper.represent_scalar(_ENUM_TAG, f"{cls.__module__}:{cls.__qualname__}|{enum.name}")


def enum_constructor(loader: yaml.SafeLoader, serialized: yaml.ScalarNode) -> Enum:
    """Return the member of an enumeration."""
    place, _, name = _text(loader, serialized).partition("|")
    return cast(Enum, _find_enum(place)[name])


def _applied_constructor(loader: yaml.SafeLoader, suffix: str, node: yaml.SequenceNode) -> Enum:
    """Read members of enumerations as aiida-core wrote them: class and value; any other call is refused."""
    module, _, name = suffix.rpartition(".")
    return cast(Enum, _find_enum(f"{module}:{name}")(*loader.construct_sequence(node)))


def represent_dataclass(dumper: yaml.SafeDumper, obj: Any) -> yaml.MappingNode:
    """Return the YAML node for an instance of a dataclass: where its class is, and its fields."""
    cls = type(obj)
    fields = {field.name: getattr(obj, field.name) for field in dataclasses.fields(obj)}
    return dumper.represent_mapping(
        _DATACLASS_TAG, {"__type__": f"{cls.__module__}:{cls.__qualname__}", "__fields__": fields}
    )


def dataclass_constructor(loader: yaml.SafeLoader, serialized: yaml.MappingNode) -> Any:
    """Return the instance of a dataclass; its fields are set, its constructor is not run."""
    facts = loader.construct_mapping(serialized, deep=True)
    cls = _find(facts["__type__"])
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        raise DbContentError(f"`{facts['__type__']}` is no dataclass (any more)")
    instance = object.__new__(cls)
    for name, value in facts["__fields__"].items():
        object.__setattr__(instance, name, value)
    return instance


def _find(place: str) -> Any:
    module, _, qualname = place.partition(":")
    found: Any = import_module(module)
    for name in qualname.split("."):
        found = getattr(found, name)
    return found


def _find_enum(place: str) -> Any:
    found = _find(place)
    if not (isinstance(found, type) and issubclass(found, Enum)):
        raise DbContentError(f"`{place}` is no enumeration: nothing else may be named there")
    return found


def _tuple_constructor(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> tuple[Any, ...]:
    return tuple(loader.construct_sequence(node, deep=True))


for _kind, _tag in ((AttributeDict, _ATTRIBUTE_DICT_TAG), (AttributesFrozendict, _PLUMPY_ATTRIBUTES_FROZENDICT_TAG)):
    yaml.add_representer(_kind, partial(represent_mapping, _tag), Dumper=AiiDADumper)
    yaml.add_constructor(_tag, partial(mapping_constructor, cast(Any, _kind)), Loader=AiiDALoader)

for _tag, _constructor in (
    (_NODE_TAG, node_constructor),
    (_GROUP_TAG, group_constructor),
    (_COMPUTER_TAG, computer_constructor),
    (_NODE_LINKS_MANAGER_TAG, node_links_manager_constructor),
    (_PLUMPY_BUNDLE, bundle_constructor),
    (_ENUM_TAG, enum_constructor),
    (_DATACLASS_TAG, dataclass_constructor),
    (_TUPLE_TAG, _tuple_constructor),
):
    yaml.add_constructor(_tag, cast(Any, _constructor), Loader=AiiDALoader)
yaml.add_multi_constructor(_APPLY_TAG, cast(Any, _applied_constructor), Loader=AiiDALoader)


def serialize(data: Any, encoding: str | None = None) -> str | bytes:
    """Return a value as YAML text, or as bytes in an encoding."""
    text: str | bytes = yaml.dump(data, Dumper=AiiDADumper, encoding=encoding)
    return text


def deserialize_safe(serialized: str | bytes) -> Any:
    """Return the value of a YAML text."""
    return yaml.load(serialized, Loader=AiiDALoader)  # a subclass of the safe loader


def deserialize_unsafe(serialized: str | bytes) -> Any:
    """Return the value of a YAML text. The name is of old: there is nothing unsafe in it any more."""
    return deserialize_safe(serialized)
