"""JsonableData: an object of any class that can be made a dictionary and made again from one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, Protocol, cast, runtime_checkable

from aiida.common.exceptions import ValidationError
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.data import Data

__all__ = ("JsonSerializableProtocol", "JsonableData")

_FLOATS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


@runtime_checkable
class JsonSerializableProtocol(Protocol):
    """What an object must offer: `as_dict`; and a class method `from_dict`, to be made again."""

    def as_dict(self) -> Mapping[str, Any]: ...


class JsonableData(Data):
    """An object of any class that can be made a dictionary and made again from one.

    Loading it imports the module that the node names, when the object is asked for and not before.
    """

    _known_node_type = "data.core.jsonable.JsonableData."
    _open_attributes = True

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("the_class", "@class", dtype=str, doc="The class name of the wrapped object", is_attribute=True),
        add_field("the_module", "@module", dtype=str, doc="The module name of the wrapped object", is_attribute=True),
    )

    def __init__(self, obj: Any, *args: Any, **kwargs: Any) -> None:
        if not callable(getattr(obj, "as_dict", None)):
            raise TypeError("the `obj` argument does not have the required `as_dict` method.")
        super().__init__(*args, **kwargs)
        self._obj = obj
        content = dict(obj.as_dict())
        content.setdefault("@class", obj.__class__.__name__)
        content.setdefault("@module", obj.__class__.__module__)
        # nan and inf cannot be stored as numbers: they are kept as the words that JSON dialects use for them.
        try:
            text = json.dumps(content, default=_to_plain)
        except TypeError as exception:
            raise TypeError(
                f"the object `{obj}` is not JSON-serializable and therefore cannot be stored: {exception}"
            ) from exception
        self.base.attributes.set_many(json.loads(text, parse_constant=lambda word: word))

    @property
    def the_class(self) -> str:
        """The name of the class."""
        return cast(str, self.base.attributes.get("@class"))

    @property
    def the_module(self) -> str:
        """The module of the class."""
        return cast(str, self.base.attributes.get("@module"))

    @property
    def obj(self) -> Any:
        """The object."""
        return self._get_object()

    def _get_object(self) -> Any:
        known = self.__dict__.get("_obj")
        if known is None:
            known = self._obj = self._make_object()
        return known

    def _make_object(self) -> Any:
        attributes = self.base.attributes.all
        class_name, module_name = attributes.pop("@class"), attributes.pop("@module")
        try:
            cls: Any = import_module(module_name)
            for name in class_name.split("."):
                cls = getattr(cls, name)
        except (ImportError, AttributeError) as exception:
            raise ImportError(
                f"the object `{class_name}` could not be loaded from module `{module_name}`."
            ) from exception
        if not hasattr(cls, "from_dict"):
            raise ValidationError(f"`{module_name}:{class_name}` has no `from_dict`: the class has changed since")
        return cls.from_dict(_with_floats(attributes))


def _to_plain(value: Any) -> Any:
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"objects of type {type(value)} are not JSON-serializable")


def _with_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_floats(item) for item in value]
    return _FLOATS.get(value, value) if isinstance(value, str) else value
