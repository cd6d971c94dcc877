"""The models of entity classes: one schema per class, made from the tables that the query fields come from.

For a class there are: what is read (`ReadModel`: all columns), what is written (`WriteModel`: what a user may set), and for nodes
the attributes (`AttributesModel`), what the constructor takes (`ConstructorModel`) and the same flat for a command line
(`CliModel`). A class that declares an `AttributesModel` of its own, as plugins do, is taken at its word. Models are built at
the first look at them, as pydantic costs more to import than all of `aiida.orm`.
"""

from __future__ import annotations

import types
import typing as t
from functools import cache
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, create_model

from aiida.common.exceptions import UnsupportedSchemaError
from aiida.common.pydantic import MetadataField, get_metadata
from aiida.graph.records import ComputerRow, NodeRow, UserRow
from aiida.orm import hydrate
from aiida.orm.entity_fields import collect_fields
from aiida.orm.fields import QbField
from aiida.orm.pydantic import OrmModel
from aiida.orm.session import get_store

__all__ = ("build", "dump", "make_entity", "make_model")

# Columns that a user sets, by the kind of entity; the others follow from where and when it is made.
_WRITABLE: dict[str, tuple[str, ...]] = {
    "node": ("label", "description", "extras", "node_type", "attributes", "repository_metadata"),
    "group": ("label", "description", "extras"),
    "user": ("email", "first_name", "last_name", "institution"),
    "computer": ("label", "description", "hostname", "transport_type", "scheduler_type", "metadata"),
    "authinfo": ("computer", "user", "enabled", "auth_params", "metadata"),
    "comment": ("node", "user", "content"),
    "log": ("loggername", "levelname", "message", "time", "metadata", "node"),
}
_LARGE = ("extras", "attributes", "repository_metadata", "metadata")
_OPTIONAL: dict[str, t.Any] = {
    "label": "",
    "description": "",
    "first_name": "",
    "last_name": "",
    "institution": "",
    "enabled": True,
}
_EMPTY = ("extras", "repository_metadata", "metadata", "auth_params")
# The label is what identifies these: it has no default.
_LABELLED = ("computer", "group")


@cache
def build(cls: t.Any, kind: str) -> type[BaseModel]:
    """Return a model of an entity class: `read`, `write`, `attributes`, `constructor` or `cli`."""
    return _BUILDERS[kind](cls)


def _base(cls: t.Any) -> str:
    return t.cast(str, cls._row_type.__name__.removesuffix("Row").lower())


def _title(cls: t.Any, what: str) -> ConfigDict:
    return ConfigDict(
        title=f"{cls.__name__}{what}",
        extra="forbid",
        arbitrary_types_allowed=True,
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )


def _make(cls: t.Any, what: str, fields: dict[str, t.Any], base: type[BaseModel] = OrmModel) -> type[BaseModel]:
    model = create_model(what, __base__=base, __module__=cls.__module__, **fields)
    model.__qualname__ = f"{cls.__qualname__}.{what}"
    model.model_config = {**base.model_config, **_title(cls, what), "extra": base.model_config.get("extra", "forbid")}
    model.model_rebuild(force=True)
    return model


# -- columns ------------------------------------------------------------------------------------------------------------


def _columns(cls: t.Any, names: t.Sequence[str] | None, attributes: t.Any) -> dict[str, t.Any]:
    """Return the model fields for columns (all, if `names` is `None`)."""
    base = _base(cls)
    writable = _writable(cls)
    fields: dict[str, t.Any] = {}
    for name, field in collect_fields(cls)._dict.items():
        if field.is_attribute or (names is not None and name not in names):
            continue
        dtype = attributes if name == "attributes" else field._dtype
        if name == "node_type" and cls.__name__ in ("Node", "Data", "ProcessNode"):
            dtype = str  # what stands for many classes
        options: dict[str, t.Any] = {
            "description": field.doc,
            "may_be_large": name in _LARGE,
            "read_only": name not in writable,
        }
        if options["read_only"]:
            options["json_schema_extra"] = {"readOnly": True}
        if name == "attributes":
            pass
        elif name in _EMPTY:
            options["default_factory"] = dict
        elif name in _OPTIONAL and not (name == "label" and base in _LABELLED):
            options["default"] = _OPTIONAL[name]
        elif _allows_none(dtype):
            options["default"] = None
        fields[name] = (dtype, MetadataField(**options))
    return fields


def _writable(cls: t.Any) -> tuple[str, ...]:
    names = _WRITABLE[_base(cls)]
    return (*names, "computer") if getattr(cls, "_computer_is_written", False) else names


def _allows_none(dtype: t.Any) -> bool:
    return t.get_origin(dtype) in (t.Union, types.UnionType) and type(None) in t.get_args(dtype)


def _read_model(cls: t.Any) -> type[BaseModel]:
    attributes = cls.AttributesModel if _base(cls) == "node" else None
    parents = [klass for klass in cls.__mro__[1:] if getattr(klass, "_row_type", None) is cls._row_type]
    base = build(parents[0], "read") if parents else OrmModel
    return _make(cls, "ReadModel", _columns(cls, None, attributes), base)


def _write_model(cls: t.Any) -> type[BaseModel]:
    attributes = _make(cls, "AttributesWriteModel", {}, cls.AttributesModel) if _base(cls) == "node" else None
    return _make(cls, "WriteModel", _columns(cls, _writable(cls), attributes))


# -- attributes ---------------------------------------------------------------------------------------------------------


def _attributes_model(cls: t.Any) -> type[BaseModel]:
    """Build on the model that the nearest base declares itself, else on that of the next base."""
    parent: type[BaseModel] = OrmModel
    for klass in cls.__mro__[1:]:
        declared = vars(klass).get("AttributesModel")
        if isinstance(declared, type):
            parent = declared
            break
        if hasattr(klass, "_row_type") and klass.__name__ != "Entity" and "_is_node" not in vars(klass):
            parent = build(klass, "attributes")
            break
    own = {
        field.key: _attribute(field, cls._attribute_defaults)
        for field in vars(cls).get("__qb_fields__", ())
        if field.is_attribute
    }
    model = _make(cls, "AttributesModel", own, parent)
    if getattr(cls, "_open_attributes", False):
        model.model_config = {**model.model_config, "extra": "allow"}
        model.model_rebuild(force=True)
    return model


def _attribute(field: QbField, defaults: dict[str, t.Any]) -> t.Any:
    alias = field.backend_key.removeprefix("attributes.")
    options: dict[str, t.Any] = {"description": field.doc}
    if alias != field.key:
        options["alias"] = alias
    if _allows_none(field._dtype):
        options["default"] = None
    elif field.key in defaults:
        options["default"] = defaults[field.key]
    elif field._dtype is bool:
        options["default"] = False
    return (field._dtype, MetadataField(**options))


# -- constructors -------------------------------------------------------------------------------------------------------


def _arguments(cls: t.Any) -> dict[str, t.Any]:
    """Return what the constructor takes beside the columns: what the class says, and the attributes where they are arguments."""
    arguments: dict[str, t.Any] = {}
    if cls._attributes_are_arguments:
        for name, info in cls.AttributesModel.model_fields.items():
            if name != "source":
                arguments[name] = (info.annotation, Field(**_default_of(info), description=info.description))
    for klass in reversed(cls.__mro__):
        for name, (dtype, description, *default) in vars(klass).get("__constructor_arguments__", {}).items():
            options = {"default": default[0]} if default else {}
            arguments[name] = (dtype, MetadataField(**options, description=description, write_only=not default))
    return arguments


def _default_of(info: t.Any) -> dict[str, t.Any]:
    return {} if info.is_required() else {"default": info.get_default(call_default_factory=True)}


def _arguments_model(cls: t.Any) -> type[BaseModel]:
    return _make(cls, "ConstructorArgsModel", _arguments(cls))


def _constructor_model(cls: t.Any) -> type[BaseModel]:
    arguments = build(cls, "arguments")
    fields = _columns(cls, ("label", "description", "extras", "node_type"), None)
    return _make(
        cls,
        "ConstructorModel",
        {**fields, "args": (arguments, MetadataField(description="The arguments of the class"))},
    )


def _some_columns(what: str, *names: str) -> t.Callable[[t.Any], type[BaseModel]]:
    def make(cls: t.Any) -> type[BaseModel]:
        return _make(cls, what, _columns(cls, names, dict[str, t.Any]))

    return make


def _cli_model(cls: t.Any) -> type[BaseModel]:
    return _make(cls, "CliModel", {**_columns(cls, ("label", "description"), None), **_arguments(cls)})


_BUILDERS: dict[str, t.Callable[[t.Any], type[BaseModel]]] = {
    "read": _read_model,
    "write": _write_model,
    "attributes": _attributes_model,
    "constructor": _constructor_model,
    "arguments": _arguments_model,
    "mutable": _some_columns("MutableNodeFields", "label", "description", "extras"),
    "writable": _some_columns("WritableFields", "attributes", "repository_metadata"),
    "base": _some_columns("BaseNodeModel", "label", "description", "extras", "node_type"),
    "cli": _cli_model,
}


# -- entities to models and back ----------------------------------------------------------------------------------------


def values_of(
    entity: t.Any, model: type[BaseModel], minimal: bool, context: dict[str, t.Any] | None
) -> dict[str, t.Any]:
    """Return the values of an entity for the fields of a model."""
    values: dict[str, t.Any] = {}
    for name, info in model.model_fields.items():
        if minimal and get_metadata(info, "may_be_large", False):
            continue
        values[name] = _value_of(entity, name)
    return values


def _value_of(entity: t.Any, name: str) -> t.Any:
    row = entity._fresh_row()
    if name == "attributes":
        return entity._attributes_for_model()
    if name in ("user", "computer", "node"):
        columns = {"user": ("user_id", "aiidauser_id"), "computer": ("dbcomputer_id",), "node": ("dbnode_id",)}[name]
        return next((getattr(row, column) for column in columns if hasattr(row, column)), None)
    if name == "pk":
        return row.id
    if name == "uuid":
        return UUID(row.uuid)
    return getattr(row, name)


def orm_values_of(model: BaseModel) -> dict[str, t.Any]:
    """Return the values of a model, with entities in the place of their keys."""
    store = get_store()
    values = {name: _plain(getattr(model, name)) for name in type(model).model_fields}
    for name, row in (("user", UserRow), ("computer", ComputerRow), ("node", NodeRow)):
        if isinstance(values.get(name), int):
            values[name] = hydrate.to_entity(store.get(row, values[name]), store)
    return values


def _plain(value: t.Any) -> t.Any:
    return value.model_dump(by_alias=True, exclude_unset=True) if isinstance(value, BaseModel) else value


def make_model(entity: t.Any, schema: str | None, minimal: bool, context: dict[str, t.Any] | None) -> BaseModel:
    """Return an entity as a model: what is read of a stored one, what would be written of an unstored one."""
    kind = schema or ("read" if entity.is_stored else "write")
    if kind not in ("read", "write", "constructor", "cli"):
        raise UnsupportedSchemaError(f"unknown schema `{schema}`: one of read, write, constructor, cli")
    if kind in ("read",) and not entity.is_stored:
        raise ValueError(f"{entity!r} has not been stored: only its schema `write` can be filled")
    cls: t.Any = type(entity)
    if (kind == "constructor" and not cls.supports_constructor_model) or (kind == "cli" and not cls.supports_cli_model):
        raise UnsupportedSchemaError(f"{cls.__name__} has no schema `{kind}`: `read` and `write` it has")
    model = build(cls, kind)
    if kind in ("constructor", "cli"):
        return _constructed(entity, model, kind)
    values = entity.to_model_field_values(context=context, minimal=minimal, schema=model)
    if minimal:
        return model.model_construct(**values)
    return model(**values)


def _constructed(entity: t.Any, model: type[BaseModel], kind: str) -> BaseModel:
    arguments: dict[str, t.Any] = {}
    attributes = entity._attributes()
    source = model if kind == "cli" else t.cast(t.Any, model.model_fields["args"].annotation)
    aliases = {name: info.alias or name for name, info in type(entity).AttributesModel.model_fields.items()}
    for name in source.model_fields:
        if name in aliases:
            if aliases[name] in attributes:
                arguments[name] = attributes[aliases[name]]
        elif name == "computer" and entity.computer is not None:
            arguments[name] = entity.computer.label
    if kind == "cli":
        return model(label=entity.label, description=entity.description, **arguments)
    columns = {name: _value_of(entity, name) for name in ("label", "description", "extras", "node_type")}
    return model(**columns, args=arguments)


def dump(model: BaseModel, mode: str, exclude_none: bool) -> dict[str, t.Any]:
    """Return a model as a dictionary, fields named as they are stored."""
    fields_set = set(model.model_fields_set)
    include = None if fields_set >= set(type(model).model_fields) else fields_set
    dumped: dict[str, t.Any] = model.model_dump(
        mode=t.cast(t.Any, mode), by_alias=True, exclude_none=exclude_none, include=include, warnings=False
    )
    return dumped


def make_entity(cls: t.Any, model: BaseModel, files: t.Mapping[str, t.Callable[[], t.Any]] | None = None) -> t.Any:
    """Return an unstored entity of a class for a model of it."""
    fields = type(model).model_fields
    if "args" in fields:
        columns = {name: getattr(model, name) for name in ("label", "description", "extras")}
        return _by_constructor(cls, dict(t.cast(t.Any, model).args), columns)
    if "attributes" in fields:
        return _by_attributes(cls, model, files or {})
    values = {name: getattr(model, name) for name in fields if name in _writable(cls)}
    return _by_constructor(cls, values, {})


def _by_constructor(cls: t.Any, arguments: dict[str, t.Any], columns: dict[str, t.Any]) -> t.Any:
    made = cls._resolve_keys({name: value for name, value in arguments.items() if value is not None})
    return cls(**made, **{name: value for name, value in columns.items() if value})


def _by_attributes(cls: t.Any, model: t.Any, files: t.Mapping[str, t.Callable[[], t.Any]]) -> t.Any:
    node = cls._blank()
    for name in ("label", "description"):
        if getattr(model, name, ""):
            setattr(node, name, getattr(model, name))
    given = model.attributes.model_dump(by_alias=True, exclude_unset=False)
    node._row.attributes = {key: value for key, value in given.items() if not (key == "source" and value is None)}
    extras = {key: value for key, value in (model.extras or {}).items() if not key.startswith("_aiida_")}
    if extras:
        node.base.extras.set_many(extras)
    if getattr(model, "computer", None) is not None:
        node._row.dbcomputer_id = model.computer
    for path, open_file in files.items():
        stream = open_file()
        if stream is not None:
            node.attach_file(path, stream)
    return node
