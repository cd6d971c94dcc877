"""One port: a named place for one value, with the flags and the serialiser that some ports have.

The small mixins (`WithNonDb`, `WithSerialize`, `WithMetadata`) exist because plugins test for them by name; they carry nothing but their flag. All are
known by the path `aiida.engine.processes.ports`.
"""

from __future__ import annotations

import json
import typing as t
import warnings
from collections.abc import Callable

from aiida.engine.processes.checks import (
    UNSPECIFIED,
    Breadcrumbs,
    PortValidationError,
    Validator,
    ValidType,
    breadcrumbs_to_port,
    check_type,
    normalise_validator,
    run_validator,
)
from aiida.orm import Data, Node, to_aiida_type

__all__ = ("CalcJobOutputPort", "InputPort", "OutputPort", "Port", "WithMetadata", "WithNonDb", "WithSerialize")

_NoneType = type(None)


class Port:
    """A named place for one value."""

    def __init__(
        self,
        name: str,
        valid_type: t.Any = None,
        help: str | None = None,
        required: bool = True,
        validator: t.Any = None,
    ) -> None:
        self._name = name
        self._valid_type: ValidType = valid_type
        self._help = help
        self._required = required
        self._validator = normalise_validator(validator)

    def __str__(self) -> str:
        return json.dumps(self.get_description())

    @property
    def name(self) -> str:
        return self._name

    @property
    def valid_type(self) -> ValidType:
        return self._valid_type

    @valid_type.setter
    def valid_type(self, valid_type: ValidType) -> None:
        self._valid_type = valid_type

    @property
    def help(self) -> str | None:
        return self._help

    @help.setter
    def help(self, help: str | None) -> None:
        self._help = help

    @property
    def required(self) -> bool:
        return self._required

    @required.setter
    def required(self, required: bool) -> None:
        self._required = required

    @property
    def validator(self) -> Validator | None:
        return self._validator

    @validator.setter
    def validator(self, validator: t.Any) -> None:
        self._validator = normalise_validator(validator)

    def get_description(self) -> dict[str, t.Any]:
        """Describe the port in plain text, for documentation tools."""
        description: dict[str, t.Any] = {"name": self.name, "required": str(self.required)}
        if self.valid_type is not None:
            description["valid_type"] = f"{self.valid_type}"
        if self.help:
            description["help"] = self.help.strip()
        return description

    def validate(self, value: t.Any, breadcrumbs: Breadcrumbs = ()) -> PortValidationError | None:
        """Return the refusal of `value`, or None."""
        path = breadcrumbs_to_port((*breadcrumbs, self._name))
        if value is UNSPECIFIED:
            if self._required:
                return PortValidationError(f"required value was not provided for '{self._name}'", path)
            return None
        if (message := check_type(value, self._valid_type, self._name)) is not None:
            return PortValidationError(message, path)
        return run_validator(self._validator, value, self, path)


class WithMetadata:
    """A port that may say that its value steers the process and is no input of the calculation."""

    def __init__(self, *args: t.Any, is_metadata: bool | None = None, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._explicit_is_metadata = is_metadata is not None
        self._is_metadata = bool(is_metadata)

    @property
    def is_metadata_explicitly_set(self) -> bool:
        return self._explicit_is_metadata

    @property
    def is_metadata(self) -> bool:
        return self._is_metadata

    @is_metadata.setter
    def is_metadata(self, is_metadata: bool) -> None:
        self._explicit_is_metadata = True
        self._is_metadata = is_metadata


class WithNonDb:
    """A port that may say that its value makes no node and no link."""

    def __init__(self, *args: t.Any, non_db: bool | None = None, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._explicit_non_db = non_db is not None
        self._non_db = bool(non_db)

    @property
    def non_db_explicitly_set(self) -> bool:
        return self._explicit_non_db

    @property
    def non_db(self) -> bool:
        return self._non_db

    @non_db.setter
    def non_db(self, non_db: bool) -> None:
        self._explicit_non_db = True
        self._non_db = non_db


class WithSerialize:
    """A port that turns plain values into nodes."""

    def __init__(self, *args: t.Any, serializer: Callable[[t.Any], t.Any] | None = None, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._serializer = serializer

    @property
    def serializer(self) -> Callable[[t.Any], t.Any] | None:
        return self._serializer

    @serializer.setter
    def serializer(self, serializer: Callable[[t.Any], t.Any] | None) -> None:
        self._serializer = serializer

    def serialize(self, value: t.Any) -> t.Any:
        """Return the value as a node, if the port knows how."""
        serializer = self.serializer
        if serializer is None or value is None or value is UNSPECIFIED or isinstance(value, Data):
            return value
        return serializer(value)


class InputPort(WithMetadata, WithSerialize, WithNonDb, Port):
    """A place for one input, with an optional default."""

    def __init__(
        self,
        name: str,
        valid_type: t.Any = None,
        help: str | None = None,
        default: t.Any = UNSPECIFIED,
        required: bool = True,
        validator: t.Any = None,
        *,
        is_metadata: bool | None = None,
        non_db: bool | None = None,
        serializer: Callable[[t.Any], t.Any] | None = None,
    ) -> None:
        # Who says that an input is not required also says that None may be given for it, default or not.
        super().__init__(
            name,
            valid_type=valid_type if required else _allow_none(valid_type),
            help=help,
            required=self.required_override(required, default),
            validator=validator,
            is_metadata=is_metadata,
            non_db=non_db,
            serializer=serializer,
        )
        if isinstance(default, Node):
            warnings.warn(
                f"default of input port `{name}` is a node, which all processes would share: "
                "use a callable that makes a new one, as in `default=lambda: Int(5)`",
                UserWarning,
                stacklevel=3,
            )
        self._default = default

    @staticmethod
    def required_override(required: bool, default: t.Any) -> bool:
        """A port with a default is never missing."""
        return required if default is UNSPECIFIED else False

    def has_default(self) -> bool:
        return self._default is not UNSPECIFIED

    @property
    def default(self) -> t.Any:
        return self._default

    @default.setter
    def default(self, default: t.Any) -> None:
        self._default = default

    @property
    def serializer(self) -> Callable[[t.Any], t.Any] | None:
        """Return the serialiser that was given, or the general one: every input but metadata becomes a node."""
        if self._serializer is not None:
            return self._serializer
        return None if self._is_metadata or self._non_db else to_aiida_type

    @serializer.setter
    def serializer(self, serializer: Callable[[t.Any], t.Any] | None) -> None:
        self._serializer = serializer

    def get_description(self) -> dict[str, t.Any]:
        description = super().get_description()
        if self.has_default():
            description["default"] = str(self.default)
        description["is_metadata"] = str(self.is_metadata)
        description["non_db"] = str(self.non_db)
        return description


class OutputPort(Port):
    """A place for one output."""


class CalcJobOutputPort(OutputPort):
    """An output that the parser may be given."""

    def __init__(self, *args: t.Any, pass_to_parser: bool = False, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._pass_to_parser = pass_to_parser

    @property
    def pass_to_parser(self) -> bool:
        return self._pass_to_parser


def _allow_none(valid_type: t.Any) -> t.Any:
    """An optional port also takes None, and shows it."""
    if valid_type is None:
        return None
    types = valid_type if isinstance(valid_type, tuple) else (valid_type,)
    return types if _NoneType in types else (*types, _NoneType)


# Plugins and their documentation show the classic path.
for _cls in (Port, WithMetadata, WithNonDb, WithSerialize, InputPort, OutputPort, CalcJobOutputPort):
    _cls.__module__ = "aiida.engine.processes.ports"
