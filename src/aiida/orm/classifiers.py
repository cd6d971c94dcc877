"""What a class stands for in a query: its base, its type string, and the filters by which its rows are found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from aiida.common.exceptions import DbContentError
from aiida.graph.relations import BASES, ROWS

__all__ = ("Classifier", "classify", "classify_text", "find_tag_stem", "find_type_filters")

_BASE_OF_ROW = {row: base for base, row in ROWS.items() if base in BASES}


class Classifier(Struct, frozen=True):
    """What a class stands for; `process_type` is set for a class of process."""

    orm_base: str
    entity_type: str
    process_type: str | None = None
    query_type: str | None = None  # for a class whose subclasses do not have its own type string as a prefix


def classify(cls: Any) -> Classifier:
    """Return what an entity class or process class stands for."""
    base = _BASE_OF_ROW.get(getattr(cls, "_row_type", None))  # type: ignore[arg-type]
    if base == "node":
        return Classifier("node", cls.class_node_type, query_type=getattr(cls, "_query_type_string", None))
    if base == "group":
        return Classifier("group", f"group.{cls._type_string or ''}")
    if base is not None:
        return Classifier(base, base)
    node_class = getattr(cls, "_node_class", None)
    if node_class is not None:
        return Classifier("node", node_class.class_node_type, process_type=cls.build_process_type())
    raise ValueError(f"I do not know what to do with {cls}: give a class of nodes, groups, other entities, or processes")


def classify_text(entity_type: str, orm_base: str | None = None) -> Classifier:
    """Return what the text of an entity type stands for."""
    if entity_type in BASES and entity_type not in ("node", "group"):
        return Classifier(entity_type, entity_type)
    if entity_type.startswith("group."):
        # Old scripts write a dot at the end, as for nodes; `group.` alone stands for a class without entry point.
        return Classifier("group", entity_type if entity_type == "group." else entity_type.rstrip("."))
    is_node = entity_type in ("", "node") or (entity_type.endswith(".") and (entity_type.count(".") > 1 or orm_base == "node"))
    if is_node:
        return Classifier("node", "" if entity_type == "node" else entity_type)
    raise DbContentError(
        f"The type string {entity_type} is invalid: one of a node ends with a dot ('data.core.int.Int.'), one of a group begins "
        f"with 'group.', others are {', '.join(one for one in BASES if one not in ('node', 'group'))}"
    )


def find_tag_stem(classifiers: Iterable[Classifier]) -> str:
    """Return the text that a tag begins with if the user names none."""
    return "-".join(one.entity_type.rstrip(".").split(".")[-1] or one.orm_base for one in classifiers)


def find_type_filters(classifiers: list[Classifier], subclassing: bool) -> dict[str, Any]:
    """Return the filters by which the rows of these classes are found."""
    filters: dict[str, Any] = {}
    base = classifiers[0].orm_base
    if base == "group":
        filters["type_string"] = _either([_group_type(one, subclassing) for one in classifiers])
    elif base == "node":
        filters["node_type"] = _either([_node_type(one, subclassing) for one in classifiers])
        if any(one.process_type is not None for one in classifiers):
            filters["process_type"] = _either([_process_type(one, subclassing) for one in classifiers])
    return filters


def _either(conditions: list[dict[str, Any]]) -> dict[str, Any]:
    return conditions[0] if len(conditions) == 1 else {"or": conditions}


def _node_type(one: Classifier, subclassing: bool) -> dict[str, Any]:
    if not subclassing:
        return {"==": one.entity_type}
    prefix = one.query_type
    if prefix is None:
        prefix = ".".join(one.entity_type.rstrip(".").split(".")[:-1])
    # The abstract base in `x.abstract` stands for its siblings in `x`.
    prefix = prefix.removesuffix(".").removesuffix(".abstract")
    return {"like": f"{_escape(prefix)}.%" if prefix else "%"}


def _group_type(one: Classifier, subclassing: bool) -> dict[str, Any]:
    type_string = one.entity_type.removeprefix("group.")
    if not subclassing:
        return {"==": type_string}
    # Every group is a `core` one, also those of classes whose type string begins otherwise.
    if not type_string:
        return {"==": ""}  # a class without entry point has no rows
    return {"like": "%" if type_string == "core" else f"{_escape(type_string)}%"}


def _process_type(one: Classifier, subclassing: bool) -> dict[str, Any]:
    process_type = one.process_type
    if process_type is None:
        return {"like": "%"}
    if not subclassing:
        return {"==": process_type}
    if process_type.startswith("aiida.engine."):
        return {"like": "%"}  # the base classes
    return {"or": [{"==": process_type}, {"like": f"{_escape(process_type)}.%"}]}


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def find_named_classes(cls: Any) -> list[Any]:
    """Return the classes that the argument of `append` names, or raise."""
    classes = list(cls) if isinstance(cls, list | tuple | set) else [cls]
    for one in classes:
        if not isinstance(one, type):
            raise TypeError(f"{one} was passed with kw 'cls', but is not a class")
    if not classes:
        raise ValueError("an empty list of classes was passed with kw 'cls'")
    return classes


def check_one_base(classifiers: list[Classifier]) -> str:
    """Return the base that all have in common."""
    bases = {one.orm_base for one in classifiers}
    if len(bases) > 1:
        raise ValueError(f"Non-matching types have been passed as list/tuple/set: {', '.join(sorted(bases))}")
    return classifiers[0].orm_base
