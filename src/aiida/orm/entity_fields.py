"""The fields of a class: the columns of its base, and what it declares in the attributes.

Each class of entity says what it adds in `__qb_fields__`; a plugin's `AttributesModel` is read as well.
"""

from __future__ import annotations

import datetime
import typing as t
from functools import cache
from uuid import UUID

from aiida.graph.records import Row
from aiida.graph.relations import ROWS
from aiida.orm.fields import QbAttributesField, QbField, QbFields, add_field

__all__ = ("collect_fields",)

# The columns under the names that users know: base → (name, type, what it holds).
_D = dict[str, t.Any]
_M = datetime.datetime
_PK = ("pk", int, "key of the row")
_UUID = ("uuid", UUID, "universally unique identifier")
_COLUMNS: dict[str, tuple[tuple[str, t.Any, str], ...]] = {
    "node": (
        _PK,
        ("label", str, "short name"),
        ("description", str, "free text"),
        ("extras", _D, "what users attach, changeable at any time"),
        ("node_type", str, "type string"),
        ("attributes", _D, "the content, fixed once stored"),
        ("repository_metadata", _D, "tree of the files, with the key of each"),
        _UUID,
        ("process_type", str | None, "entry point or import path of the process class"),
        ("ctime", _M, "when it was made"),
        ("mtime", _M, "when it was last changed"),
        ("computer", int | None, "pk of the computer"),
        ("user", int, "pk of the owner"),
    ),
    "group": (
        _PK,
        _UUID,
        ("type_string", str, "type string"),
        ("user", int, "pk of the owner"),
        ("time", _M, "when it was made"),
        ("label", str, "name, unique per type"),
        ("description", str, "free text"),
        ("extras", _D, "what users attach"),
    ),
    "user": (
        _PK,
        ("email", str, "address, unique"),
        ("first_name", str, "given name"),
        ("last_name", str, "family name"),
        ("institution", str, "where they work"),
    ),
    "computer": (
        _PK,
        _UUID,
        ("label", str, "name, unique"),
        ("description", str, "free text"),
        ("hostname", str, "network name"),
        ("transport_type", str, "entry point of the transport"),
        ("scheduler_type", str, "entry point of the scheduler"),
        ("metadata", _D, "settings of the computer"),
    ),
    "authinfo": (
        _PK,
        ("computer", int, "pk of the computer"),
        ("user", int, "pk of the user"),
        ("enabled", bool, "may be used"),
        ("auth_params", _D, "how to log in"),
        ("metadata", _D, "settings of this user there"),
    ),
    "comment": (
        _PK,
        _UUID,
        ("ctime", _M, "when it was made"),
        ("mtime", _M, "when it was last changed"),
        ("node", int, "pk of the node"),
        ("user", int, "pk of the author"),
        ("content", str, "the text"),
    ),
    "log": (
        _PK,
        _UUID,
        ("loggername", str, "logger"),
        ("levelname", str, "level"),
        ("message", str, "the text"),
        ("time", _M, "when it was logged"),
        ("metadata", _D, "further facts"),
        ("node", int, "pk of the node"),
    ),
}


@cache
def collect_fields(cls: type[t.Any]) -> QbFields:
    """Return the fields of an entity class: its columns, and what it and its bases declare in the attributes."""
    row: type[Row] | None = getattr(cls, "_row_type", None)
    base = next((name for name, kind in ROWS.items() if kind is row), None)
    if base is None:
        return QbFields({})
    fields: dict[str, QbField] = {key: add_field(key, dtype=dtype, doc=doc) for key, dtype, doc in _COLUMNS[base]}
    declared = _declared_fields(cls)
    if base == "node":
        node_type = getattr(cls, "class_node_type", "")
        one_type: t.Any = str if cls.__name__ in ("Node", "Data", "ProcessNode") else t.Literal[node_type]  # what stands for many classes
        fields["node_type"] = add_field("node_type", dtype=one_type, doc="type string")
        model = getattr(cls, "AttributesModel", None)
        attributes = QbAttributesField("attributes", dtype=model or _D, doc="the content, fixed once stored", is_attribute=False)
        fields["attributes"] = attributes.bind({key: one for key, one in declared.items() if one.is_attribute})
    for key, field in declared.items():
        # A column is never hidden by an attribute of the same name: that is reached as `fields.attributes.name`.
        fields.setdefault(key, field)
    return QbFields(fields)


def _declared_fields(cls: type[t.Any]) -> dict[str, QbField]:
    declared: dict[str, QbField] = {}
    for klass in reversed(cls.__mro__):
        own = vars(klass)
        model = own.get("AttributesModel")
        for name, info in getattr(model, "model_fields", {}).items():
            doc = info.description or ""
            declared[name] = add_field(name, info.alias, dtype=info.annotation, doc=doc, is_attribute=True)
        for field in own.get("__qb_fields__", ()):
            declared[field.key] = field
    return declared
