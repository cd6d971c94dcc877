"""Entities as models: what a form, a command line or the network sees of them. `aiida.orm.models` makes the models."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from aiida.common.exceptions import UnsupportedSchemaError
from aiida.common.lang import classproperty
from aiida.common.warnings import warn_deprecation

if TYPE_CHECKING:
    from typing import Self

    from aiida.orm.pydantic import OrmModel

__all__ = ("LazyModel", "Modelled", "ModelledNode")


class LazyModel:
    """A model of a class, built at the first look: pydantic costs more to import than all of `aiida.orm`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __get__(self, instance: Any, owner: Any) -> Any:
        return _models().build(owner, self.kind)


def _models() -> Any:
    # A door that opens at the first use, as those of packages do (`aiida._lazy`).
    return import_module("aiida.orm.models")


class Modelled:
    """What every entity can do with the models of its class."""

    if not TYPE_CHECKING:
        ReadModel = LazyModel("read")
        WriteModel = LazyModel("write")

    @classproperty
    def Model(cls: Any) -> Any:
        """Old name of the model that is read."""
        warn_deprecation(
            f"`{cls.__name__}.Model` is deprecated, use `{cls.__name__}.ReadModel` and `{cls.__name__}.WriteModel` instead.",
            version=3,
            stacklevel=4,
        )
        return cls.ReadModel

    def to_model_field_values(
        self, *, context: dict[str, Any] | None = None, minimal: bool = False, schema: Any = None
    ) -> dict[str, Any]:
        """Return the values for the fields of a model; classes that know better extend it."""
        model = schema if schema is not None else _models().build(type(self), "read")
        return cast("dict[str, Any]", _models().values_of(self, model, minimal, context))

    def to_model(
        self, *, context: dict[str, Any] | None = None, minimal: bool = False, schema: str | None = None
    ) -> OrmModel:
        """Return the entity as a model: `read` if it is stored, else `write`; `minimal` leaves out what may be large."""
        return cast("OrmModel", _models().make_model(self, schema, minimal, context))

    @classmethod
    def from_model(cls, model: OrmModel, **kwargs: Any) -> Self:
        """Return an unstored entity for a model."""
        return cast("Self", _models().make_entity(cls, model, **kwargs))

    @classmethod
    def model_to_orm_fields(cls) -> dict[str, Any]:
        """Old way to the fields of `WriteModel`."""
        warn_deprecation("`Entity.model_to_orm_fields()` is deprecated, use `WriteModel.model_fields` instead.", version=3)
        return dict(_models().build(cls, "write").model_fields)

    @classmethod
    def model_to_orm_field_values(cls, model: OrmModel) -> dict[str, Any]:
        """Return the values of a model as an entity has them: entities in the place of their keys."""
        return cast("dict[str, Any]", _models().orm_values_of(model))

    def serialize(
        self,
        *,
        context: dict[str, Any] | None = None,
        minimal: bool = False,
        schema: str | None = None,
        mode: Literal["json", "python"] = "python",
        exclude_none: bool = False,
    ) -> dict[str, Any]:
        """Return the entity as a dictionary."""
        model = self.to_model(context=context, minimal=minimal, schema=schema)
        return cast("dict[str, Any]", _models().dump(model, mode, exclude_none))

    @classmethod
    def from_serialized(cls, serialized: dict[str, Any], **kwargs: Any) -> Self:
        """Return an unstored entity for a dictionary as `serialize` gives it."""
        return cls.from_model(cls._model_for(serialized)(**serialized), **kwargs)

    @classmethod
    def _model_for(cls, serialized: dict[str, Any]) -> Any:
        """Return the model that a dictionary fits."""
        return _models().build(cls, "write")

    @classmethod
    def _resolve_keys(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Turn keys of other entities into the entities, for the constructor."""
        return values


class ModelledNode(Modelled):
    """What nodes can besides: their attributes and the arguments of their constructors have models."""

    # Whether attributes beside the declared ones are part of the model.
    _open_attributes: ClassVar[bool] = False

    if not TYPE_CHECKING:
        AttributesModel = LazyModel("attributes")
        ConstructorArgsModel = LazyModel("arguments")
        MutableNodeFields = LazyModel("mutable")
        WritableFields = LazyModel("writable")
        BaseNodeModel = LazyModel("base")

    # Arguments of the constructor that are no attributes: name → (type, what it is[, default]). Each class says its own.
    __constructor_arguments__: ClassVar[dict[str, tuple[Any, ...]]] = {}
    # What attributes are when nobody says; each class says its own.
    _attribute_defaults: ClassVar[dict[str, Any]] = {}
    # Whether the attributes are arguments of the constructor too, so that a command line can ask for them one by one.
    _attributes_are_arguments: ClassVar[bool] = False
    # Whether who writes a node says which computer it belongs to.
    _computer_is_written: ClassVar[bool] = False

    @classproperty
    def supports_constructor_model(cls: Any) -> bool:
        """Whether instances can be made from the arguments of the constructor given as a model."""
        return any(vars(klass).get("__constructor_arguments__") for klass in cls.__mro__)

    @classproperty
    def supports_cli_model(cls: Any) -> bool:
        """Whether the arguments of the constructor can be asked for one by one."""
        return cast(bool, cls.supports_constructor_model and cls._attributes_are_arguments)

    @classproperty
    def ConstructorModel(cls: Any) -> Any:
        """The arguments of the constructor as a model, `None` if the class has none."""
        return LazyModel("constructor").__get__(None, cls) if cls.supports_constructor_model else None

    @classproperty
    def CliModel(cls: Any) -> Any:
        """The arguments of the constructor as a flat model, `None` if the class has none."""
        return LazyModel("cli").__get__(None, cls) if cls.supports_cli_model else None

    def serialize(
        self, *, exclude_none: bool = False, repository_dump_path: Path | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Return the node as a dictionary; its files are copied below `repository_dump_path`, in a folder named by the UUID."""
        if repository_dump_path is not None:
            node = cast(Any, self)
            node.base.repository.copy_tree(Path(repository_dump_path).absolute() / node.uuid)
        return super().serialize(exclude_none=exclude_none, **kwargs)

    @classmethod
    def _model_for(cls, serialized: dict[str, Any]) -> Any:
        """Return the model that a dictionary fits."""
        if "args" in serialized:
            if cls.ConstructorModel is None:
                raise UnsupportedSchemaError(f"{cls.__name__} cannot be made from the arguments of its constructor: give `attributes`")
            return cls.ConstructorModel
        if "attributes" not in serialized:
            raise ValueError("missing required `attributes` or `args` field")
        return super()._model_for(serialized)

    def _attributes_for_model(self) -> dict[str, Any]:
        """Return the attributes as their model has them; undeclared ones of a closed model are left out."""
        model = cast(Any, type(self)).AttributesModel
        known = {info.alias or name for name, info in model.model_fields.items()}
        attributes: dict[str, Any] = cast(Any, self)._attributes()
        if model.model_config.get("extra") == "allow":
            return {"source": None, **attributes} if "source" in model.model_fields else dict(attributes)
        return {key: value for key, value in attributes.items() if key in known}
