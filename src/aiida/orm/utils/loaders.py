"""Finding an entity by what a user types: its key, its UUID or the beginning of it, its label."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import UUID

from aiida.common.escaping import escape_for_sql_like
from aiida.common.exceptions import MultipleObjectsError, NotExistent
from aiida.common.lang import classproperty
from aiida.graph.records import NodeRow
from aiida.orm import hydrate
from aiida.orm.computers import Computer
from aiida.orm.groups import Group
from aiida.orm.nodes.data.code.abstract import AbstractCode
from aiida.orm.nodes.data.code.legacy import Code
from aiida.orm.nodes.data.data import Data
from aiida.orm.nodes.node import Node
from aiida.orm.nodes.process.process import ProcessNode
from aiida.orm.querybuilder import QueryBuilder
from aiida.orm.session import get_store

if TYPE_CHECKING:
    from aiida.orm.entities import Entity

__all__ = (
    "CalculationEntityLoader",
    "CodeEntityLoader",
    "ComputerEntityLoader",
    "GroupEntityLoader",
    "IdentifierType",
    "NodeEntityLoader",
    "OrmEntityLoader",
    "get_loader",
    "load_code",
    "load_computer",
    "load_entity",
    "load_group",
    "load_node",
)


class IdentifierType(Enum):
    """What an identifier is."""

    ID = "ID"
    UUID = "UUID"
    LABEL = "LABEL"


class OrmEntityLoader:
    """Finds entities of one base class."""

    label_ambiguity_breaker: ClassVar[str] = "!"

    _base_class: ClassVar[type[Entity]]

    @classproperty
    def orm_base_class(cls: Any) -> type[Entity]:
        """The class whose entities are found."""
        return cls._base_class  # type: ignore[no-any-return]

    @classmethod
    def get_query_classes(cls, sub_classes: tuple[type[Entity], ...] | None = None) -> tuple[type[Entity], ...]:
        """Return the classes to look for; each has to be a subclass of the base."""
        base = cls.orm_base_class
        if sub_classes is None:
            return (base,)
        for one in sub_classes:
            if not issubclass(one, base):
                raise ValueError(f"the sub class '{one}' is not a sub class of '{base}'")
        return tuple(sub_classes)

    @classmethod
    def infer_identifier_type(cls, value: str | int) -> tuple[Any, IdentifierType]:
        """Return the value to look for, and what it is: a whole number is a key, hexadecimal digits are a UUID."""
        text = str(value)
        if not text:
            raise ValueError("the value for the identifier cannot be empty")
        if text.endswith(cls.label_ambiguity_breaker):
            return text.removesuffix(cls.label_ambiguity_breaker), IdentifierType.LABEL
        try:
            return int(text), IdentifierType.ID
        except ValueError:
            pass
        digits = text.replace("-", "")
        if digits and len(digits) <= 32 and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            return text, IdentifierType.UUID
        return text, IdentifierType.LABEL

    @classmethod
    def get_query_builder(
        cls,
        identifier: Any,
        identifier_type: IdentifierType | None = None,
        sub_classes: tuple[type[Entity], ...] | None = None,
        query_with_dashes: bool = True,
        operator: str = "==",
        project: Any = "*",
    ) -> tuple[QueryBuilder, dict[str, Any]]:
        """Return a query for what the identifier means, and the parameters that were understood."""
        classes = cls.get_query_classes(sub_classes)
        if identifier_type is None:
            identifier, identifier_type = cls.infer_identifier_type(identifier)
        builder = QueryBuilder()
        if identifier_type is IdentifierType.ID:
            condition = {operator: f"{identifier}%"} if operator == "like" else {"==": int(identifier)}
            builder.append(cls=classes, tag="entity", project=project, filters={"id": condition})
        elif identifier_type is IdentifierType.UUID:
            condition = _uuid_condition(str(identifier), query_with_dashes)
            builder.append(cls=classes, tag="entity", project=project, filters={"uuid": condition})
        else:
            cls._append_label(builder, str(identifier), classes, operator, project)
        return builder, {"classes": classes, "identifier": identifier, "identifier_type": identifier_type}

    @classmethod
    def _append_label(cls, builder: QueryBuilder, label: str, classes: Any, operator: str, project: Any) -> None:
        value = f"{escape_for_sql_like(label)}%" if operator == "like" else label
        builder.append(cls=classes, tag="entity", project=project, filters={"label": {operator: value}})

    @classmethod
    def load_entity(
        cls,
        identifier: Any,
        identifier_type: IdentifierType | None = None,
        sub_classes: tuple[type[Entity], ...] | None = None,
        query_with_dashes: bool = True,
    ) -> Any:
        """Return the entity; `NotExistent` or `MultipleObjectsError` if it is not exactly one."""
        builder, parameters = cls.get_query_builder(identifier, identifier_type, sub_classes, query_with_dashes)
        found = builder.limit(2).all(flat=True)
        kind = parameters["identifier_type"]
        if not found and kind is IdentifierType.UUID and identifier_type is None:
            # A label may read like the beginning of a UUID: `add`, `fe`, `cafe`.
            found = cls.get_query_builder(identifier, IdentifierType.LABEL, sub_classes)[0].limit(2).all(flat=True)
        if len(found) == 1:
            return found[0]
        names = " or ".join(one.__name__ for one in parameters["classes"])
        what = f"{kind.value}<{parameters['identifier']}>"
        if not found:
            raise NotExistent(f"no {names} found with {what}: No result was found")
        raise MultipleObjectsError(f"multiple {names} entries found with {what}")

    @classmethod
    def get_options(cls, incomplete: str, project: Any = "*") -> list[list[Any]]:
        """Return what may be meant by the beginning of an identifier: for completion on the command line."""
        kind = cls.infer_identifier_type(incomplete)[1] if incomplete else IdentifierType.LABEL
        builder, _ = cls.get_query_builder(incomplete, kind, operator="like", project=project)
        return cast("list[list[Any]]", builder.all())


def _uuid_condition(text: str, with_dashes: bool) -> dict[str, Any]:
    """Return the filter for a UUID or the beginning of one, with dashes where they belong."""
    digits = text.replace("-", "").lower()
    if len(digits) == 32:
        return {"==": str(UUID(digits))}
    if not with_dashes:
        return {"like": f"{text}%"}
    parts = [digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]]
    return {"like": "-".join(part for part in parts if part) + "%"}


class ProcessEntityLoader(OrmEntityLoader):
    """Finds process nodes."""

    _base_class = ProcessNode


class CalculationEntityLoader(ProcessEntityLoader):
    """Finds process nodes, by the name it has of old."""


class WorkflowEntityLoader(ProcessEntityLoader):
    """Finds process nodes, by the name it has of old."""


class CodeEntityLoader(OrmEntityLoader):
    """Finds codes, also by `label@computer`."""

    _base_class = Code

    @classmethod
    def get_query_classes(cls, sub_classes: tuple[type[Entity], ...] | None = None) -> tuple[type[Entity], ...]:
        """Return the classes to look for."""
        if sub_classes is not None and all(issubclass(one, AbstractCode) for one in sub_classes):
            return tuple(sub_classes)
        return super().get_query_classes(sub_classes)

    @classmethod
    def _append_label(cls, builder: QueryBuilder, label: str, classes: Any, operator: str, project: Any) -> None:
        name, at, computer = label.partition("@")
        super()._append_label(builder, name, classes, "==" if at else operator, project)
        if at:
            value = f"{escape_for_sql_like(computer)}%" if operator == "like" else computer
            builder.append(Computer, filters={"label": {operator: value}}, with_node="entity")


class ComputerEntityLoader(OrmEntityLoader):
    """Finds computers."""

    _base_class = Computer


class DataEntityLoader(OrmEntityLoader):
    """Finds data nodes."""

    _base_class = Data


class GroupEntityLoader(OrmEntityLoader):
    """Finds groups."""

    _base_class = Group


class NodeEntityLoader(OrmEntityLoader):
    """Finds nodes."""

    _base_class = Node

    @classmethod
    def load_entity(
        cls,
        identifier: Any,
        identifier_type: IdentifierType | None = None,
        sub_classes: tuple[type[Entity], ...] | None = None,
        query_with_dashes: bool = True,
    ) -> Any:
        """Return the node; by its key, as the engine does for every process, without a query to be built and compiled."""
        if sub_classes is None and type(identifier) is int and identifier_type in (None, IdentifierType.ID):
            store = get_store()
            for row in store.find(NodeRow, id=identifier):
                return hydrate.to_entity(row, store)
        return super().load_entity(identifier, identifier_type, sub_classes, query_with_dashes)


def get_loader(orm_class: type[Entity]) -> type[OrmEntityLoader]:
    """Return the loader for a class of entities."""
    for base, loader in _LOADERS:
        if issubclass(orm_class, base):
            return loader
    raise ValueError(f"no OrmEntityLoader available for {orm_class}")


_LOADERS: tuple[tuple[type[Entity], type[OrmEntityLoader]], ...] = (
    (AbstractCode, CodeEntityLoader),
    (ProcessNode, ProcessEntityLoader),
    (Node, NodeEntityLoader),
    (Group, GroupEntityLoader),
    (Computer, ComputerEntityLoader),
)


def load_entity(
    entity_loader: type[OrmEntityLoader] | None = None,
    identifier: Any = None,
    pk: int | None = None,
    uuid: str | None = None,
    label: str | None = None,
    sub_classes: Any = None,
    query_with_dashes: bool = True,
) -> Any:
    """Return the entity by its key, its UUID (or the beginning of it), its label, or whatever of these `identifier` is."""
    if entity_loader is None or not issubclass(entity_loader, OrmEntityLoader):
        raise TypeError(f"entity_loader should be a sub class of {OrmEntityLoader}")
    given = [one for one in (identifier, pk, uuid, label) if one is not None]
    if not given:
        raise ValueError("one of the parameters 'identifier', pk', 'uuid' or 'label' has to be specified")
    if len(given) > 1:
        raise ValueError("only one of parameters 'identifier', pk', 'uuid' or 'label' has to be specified")
    kind = None
    if pk is not None:
        if not isinstance(pk, int):
            raise TypeError("a pk has to be an integer")
        kind = IdentifierType.ID
    elif uuid is not None:
        if not isinstance(uuid, (str, UUID)):
            raise TypeError("uuid has to be a string type")
        kind = IdentifierType.UUID
    elif label is not None:
        if not isinstance(label, str):
            raise TypeError("label has to be a string type")
        kind = IdentifierType.LABEL
    return entity_loader.load_entity(given[0], kind, sub_classes, query_with_dashes)


def load_code(
    identifier: Any = None,
    pk: int | None = None,
    uuid: str | None = None,
    label: str | None = None,
    sub_classes: Any = None,
    query_with_dashes: bool = True,
) -> Code:
    """Return a code, by key, UUID, label, or `label@computer`."""
    return cast("Code", load_entity(CodeEntityLoader, identifier, pk, uuid, label, sub_classes, query_with_dashes))


def load_computer(
    identifier: Any = None,
    pk: int | None = None,
    uuid: str | None = None,
    label: str | None = None,
    sub_classes: Any = None,
    query_with_dashes: bool = True,
) -> Computer:
    """Return a computer, by key, UUID or label."""
    return cast(Computer, load_entity(ComputerEntityLoader, identifier, pk, uuid, label, sub_classes, query_with_dashes))


def load_group(
    identifier: Any = None,
    pk: int | None = None,
    uuid: str | None = None,
    label: str | None = None,
    sub_classes: Any = None,
    query_with_dashes: bool = True,
) -> Group:
    """Return a group, by key, UUID or label."""
    return cast(Group, load_entity(GroupEntityLoader, identifier, pk, uuid, label, sub_classes, query_with_dashes))


def load_node(
    identifier: Any = None,
    pk: int | None = None,
    uuid: str | None = None,
    label: str | None = None,
    sub_classes: Any = None,
    query_with_dashes: bool = True,
) -> Node:
    """Return a node, by key, UUID or label."""
    return cast(Node, load_entity(NodeEntityLoader, identifier, pk, uuid, label, sub_classes, query_with_dashes))
