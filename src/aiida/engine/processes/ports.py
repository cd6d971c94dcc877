"""Ports: what a process takes and gives, declared one by one and nested in namespaces.

One class per idea. The small mixins (`WithNonDb`, `WithSerialize`, `WithMetadata`) exist because plugins test for them by name; they carry
nothing but their flag. How a value is held against a port stands in `checks`.
"""

from __future__ import annotations

import copy
import json
import keyword
import re
import typing as t
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence

from aiida.common.extendeddicts import AttributesFrozendict
from aiida.engine.processes.checks import (
    UNSPECIFIED,
    Breadcrumbs,
    PortValidationError,
    Validator,
    ValidType,
    breadcrumbs_to_port,
    check_type,
    normalise_validator,
    refuse_leftovers,
    run_validator,
)
from aiida.orm import Data, Node, to_aiida_type

__all__ = (
    "PORT_NAMESPACE_SEPARATOR",
    "UNSPECIFIED",
    "CalcJobOutputPort",
    "InputPort",
    "OutputPort",
    "Port",
    "PortNamespace",
    "PortValidationError",
    "WithMetadata",
    "WithNonDb",
    "WithSerialize",
    "breadcrumbs_to_port",
)

#: Joins the names of nested ports in link labels.
PORT_NAMESPACE_SEPARATOR = "__"
OUTPUT_PORT_LABEL_MAX_CONSECUTIVE_UNDERSCORES = 1

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
        required = self.required_override(required, default)
        super().__init__(
            name,
            valid_type=_allow_none(valid_type) if not required and default is UNSPECIFIED else valid_type,
            help=help,
            required=required,
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
        self._required = self.required_override(self._required, default)

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


class PortNamespace(MutableMapping[str, t.Any], WithMetadata, WithNonDb, Port):
    """A port that holds ports; a *dynamic* one takes values for which no port was declared."""

    NAMESPACE_SEPARATOR = "."

    def __init__(
        self,
        name: str = "",
        help: str | None = None,
        required: bool = True,
        validator: t.Any = None,
        valid_type: t.Any = None,
        default: t.Any = UNSPECIFIED,
        dynamic: bool = False,
        populate_defaults: bool = True,
        *,
        is_metadata: bool | None = None,
        non_db: bool | None = None,
    ) -> None:
        WithMetadata.__init__(
            self, name=name, help=help, required=required, validator=validator, is_metadata=is_metadata, non_db=non_db
        )
        self._ports: dict[str, t.Any] = {}
        self._default = default
        self._populate_defaults = populate_defaults
        self._dynamic = dynamic
        self.valid_type = valid_type

    # -- a mapping of ports -----------------------------------------------------------------------------------------
    def __str__(self) -> str:
        return json.dumps(self.get_description(), sort_keys=True, indent=4, default=str)

    __repr__ = object.__repr__

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[str]:
        return iter(self._ports)

    def __len__(self) -> int:
        return len(self._ports)

    def __contains__(self, key: object) -> bool:
        return key in self._ports

    def __getitem__(self, key: str) -> t.Any:
        return self._ports[key]

    def __delitem__(self, key: str) -> None:
        del self._ports[key]

    def __setitem__(self, key: str, port: Port) -> None:
        if not isinstance(port, Port):
            raise TypeError(f"port `{key}` should be an instance of Port, not {type(port)}")
        self.validate_port_name(key)
        if isinstance(port, WithNonDb) and not port.non_db_explicitly_set and self._non_db:
            port.non_db = True
        if isinstance(port, WithMetadata) and not port.is_metadata_explicitly_set and self._is_metadata:
            port.is_metadata = True
        self._ports[key] = port

    # -- what it is -------------------------------------------------------------------------------------------------
    @property
    def ports(self) -> dict[str, t.Any]:
        return self._ports

    @property
    def valid_type(self) -> ValidType:
        return self._valid_type

    @valid_type.setter
    def valid_type(self, valid_type: ValidType) -> None:
        """Set the type of undeclared values, which makes the namespace take such values at all."""
        self._valid_type = valid_type
        if valid_type is not None:
            self._dynamic = True

    @property
    def dynamic(self) -> bool:
        return self._dynamic

    @dynamic.setter
    def dynamic(self, dynamic: bool) -> None:
        self._dynamic = dynamic

    @property
    def populate_defaults(self) -> bool:
        return self._populate_defaults

    @populate_defaults.setter
    def populate_defaults(self, populate_defaults: bool) -> None:
        self._populate_defaults = populate_defaults

    def has_default(self) -> bool:
        return self._default is not UNSPECIFIED

    @property
    def default(self) -> t.Any:
        return self._default

    @default.setter
    def default(self, default: t.Any) -> None:
        self._default = default

    @staticmethod
    def validate_port_name(port_name: str) -> None:
        """Refuse a name that could not become part of a link label."""
        if not isinstance(port_name, str):
            raise ValueError(f"invalid port name `{port_name}`: not a string")
        if PORT_NAMESPACE_SEPARATOR in port_name:
            raise ValueError(f"invalid port name `{port_name}`: more than two consecutive underscores")
        if re.search(r"[^A-Za-z0-9_]", port_name) or not port_name:
            raise ValueError(f"invalid port name `{port_name}`: only alphanumeric and underscores are allowed")
        if not port_name.isidentifier() or (keyword.iskeyword(port_name) and port_name in ("None", "True", "False")):
            raise ValueError(f"invalid port name `{port_name}`: not a valid python identifier")

    def get_description(self) -> dict[str, t.Any]:
        """Describe the namespace and all below it."""
        description: dict[str, t.Any] = {
            "_attrs": {
                "default": self.default,
                "dynamic": self.dynamic,
                "valid_type": str(self.valid_type),
                "required": str(self.required),
                "help": self.help,
            }
        }
        for name, port in self._ports.items():
            description[name] = port.get_description()
        return description

    # -- finding and making ports -----------------------------------------------------------------------------------
    def get_port(self, name: str, create_dynamically: bool = False) -> t.Any:
        """Return the port of a dotted name; `ValueError` where the way ends."""
        head, _, rest = self._split(name)
        if head not in self._ports:
            if not create_dynamically or not self._dynamic:
                raise ValueError(f"port '{head}' does not exist in port namespace '{self.name}'")
            self[head] = type(self)(head, required=False, valid_type=self.valid_type, dynamic=True, non_db=self.non_db)
        port = self._ports[head]
        if not rest:
            return port
        if not isinstance(port, PortNamespace):
            raise ValueError(f"port '{head}' in port namespace '{self.name}' holds no ports, so '{name}' leads nowhere")
        return port.get_port(rest, create_dynamically)

    def create_port_namespace(self, name: str, **kwargs: t.Any) -> PortNamespace:
        """Make the namespace of a dotted name, and those between, with `kwargs` for the last one."""
        head, _, rest = self._split(name)
        present = self._ports.get(head)
        if present is not None and not isinstance(present, PortNamespace):
            raise ValueError(f"the name '{head}' in '{self.name}' already contains a Port")
        if not rest:
            # Declaring a namespace again, with options, begins it anew; merely passing through it keeps what stands there.
            if present is None or kwargs:
                self[head] = type(self)(name=head, **kwargs)
            return t.cast(PortNamespace, self._ports[head])
        if present is None:
            self[head] = present = type(self)(name=head)
        return present.create_port_namespace(rest, **kwargs)

    def _split(self, name: str) -> tuple[str, str, str]:
        if not isinstance(name, str):
            raise ValueError(f"name has to be a string type, not {type(name)}")
        if not name:
            raise ValueError("name cannot be an empty string")
        return name.partition(self.NAMESPACE_SEPARATOR)

    # -- exposing ---------------------------------------------------------------------------------------------------
    def absorb(
        self,
        port_namespace: PortNamespace,
        exclude: Sequence[str] | None = None,
        include: Sequence[str] | None = None,
        namespace_options: Mapping[str, t.Any] | None = None,
    ) -> list[str]:
        """Take copies of the ports of another namespace, and its properties; return the names taken at this level."""
        if not isinstance(port_namespace, PortNamespace):
            raise ValueError(f"port_namespace has to be a PortNamespace, not {type(port_namespace)}")
        if exclude is not None and include is not None:
            raise ValueError("exclude and include are mutually exclusive")
        options = {name: getattr(port_namespace, name) for name in _ABSORBED}
        for name, value in (namespace_options or {}).items():
            if name not in _ABSORBED:
                raise ValueError(f"the namespace_options {[name]}, is not a supported PortNamespace property")
            options[name] = value
        for name in _ABSORBED:
            setattr(self, name, options[name])
        taken = []
        for name, port in port_namespace.items():
            below = self.strip_namespace(name, self.NAMESPACE_SEPARATOR, exclude)
            if exclude is not None and name in exclude:
                continue
            if include is not None and name not in include:
                inner = self.strip_namespace(name, self.NAMESPACE_SEPARATOR, include)
                if not inner or not isinstance(port, PortNamespace):
                    continue
                self[name] = port._copy_shell()
                self[name].absorb(port, include=inner)
            elif below and isinstance(port, PortNamespace):
                self[name] = port._copy_shell()
                self[name].absorb(port, exclude=below)
            else:
                self[name] = port._copy() if isinstance(port, PortNamespace) else copy.copy(port)
            taken.append(name)
        return taken

    @staticmethod
    def strip_namespace(namespace: str, separator: str, rules: Sequence[str] | None = None) -> list[str] | None:
        """Return the rules that go below `namespace`, without it."""
        if rules is None:
            return None
        prefix = namespace + separator
        return [rule[len(prefix) :] for rule in rules if rule.startswith(prefix)]

    def _copy_shell(self) -> PortNamespace:
        """Copy the namespace without its ports."""
        twin = copy.copy(self)
        twin._ports = {}
        return twin

    def _copy(self) -> PortNamespace:
        """Copy the namespace with copies of all ports below, so that a change there does not reach the original."""
        twin = self._copy_shell()
        for name, port in self._ports.items():
            twin._ports[name] = port._copy() if isinstance(port, PortNamespace) else copy.copy(port)
        return twin

    def __deepcopy__(self, memo: dict[int, t.Any]) -> PortNamespace:
        return self._copy()

    def project(self, port_values: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Keep those values for which there is a port, at every level."""
        result: dict[str, t.Any] = {}
        for name, value in port_values.items():
            if name not in self._ports:
                continue
            port = self._ports[name]
            result[name] = port.project(value) if isinstance(port, PortNamespace) else value
        return result

    # -- values -----------------------------------------------------------------------------------------------------
    def pre_process(self, port_values: Mapping[str, t.Any]) -> AttributesFrozendict:
        """Fill in the defaults; a default that can be called is called, so that no two processes share a node."""
        values = dict(port_values)
        for name, port in self._ports.items():
            if isinstance(port, PortNamespace):
                if name in values:
                    if isinstance(values[name], Mapping):
                        values[name] = port.pre_process(values[name])
                elif port.has_default():
                    default = port.default() if callable(port.default) else port.default
                    values[name] = port.pre_process(port.serialize(default) or {})
                elif port.populate_defaults:
                    values[name] = port.pre_process({})
            elif name not in values and port.has_default():
                default = port._default
                if callable(default):
                    default = default()
                values[name] = port.serialize(default)
        return AttributesFrozendict(values)

    def serialize(self, mapping: Mapping[str, t.Any] | None, breadcrumbs: Breadcrumbs = ()) -> dict[str, t.Any] | None:
        """Turn plain values into nodes where a declared port says so."""
        if mapping is None:
            return None
        crumbs = (*breadcrumbs, self.name)
        if not isinstance(mapping, Mapping):
            raise TypeError(
                f"port namespace `{breadcrumbs_to_port(crumbs)}` received `{type(mapping)}` instead of a dictionary"
            )
        result: dict[str, t.Any] = {}
        for name, value in mapping.items():
            port = self._ports.get(name)
            if port is None:
                result[name] = value
            elif isinstance(port, PortNamespace):
                if value is None:
                    raise TypeError(f"port namespace `{breadcrumbs_to_port((*crumbs, name))}` received None instead of a dictionary")
                result[name] = port.serialize(value, crumbs)
            else:
                result[name] = port.serialize(value) if isinstance(port, WithSerialize) else value
        return result

    def validate(self, port_values: t.Any = None, breadcrumbs: Breadcrumbs = ()) -> PortValidationError | None:
        """Hold the values against all ports below, then the leftovers, then ask the namespace's own validator."""
        crumbs = (*breadcrumbs, self.name)
        if port_values is UNSPECIFIED or port_values is None:
            port_values = {}
        if not isinstance(port_values, Mapping):
            message = f"specified value is of type {type(port_values)} which is not sub class of `Mapping`"
            return PortValidationError(message, breadcrumbs_to_port(crumbs))
        values = dict(port_values)
        if not values and not self._required:
            return None
        if (refusal := self.validate_ports(leftovers := dict(values), crumbs)) is not None:
            return refusal
        if (refusal := self.validate_dynamic_ports(leftovers, crumbs)) is not None:
            return refusal
        return run_validator(self._validator, values, self, breadcrumbs_to_port(crumbs))

    def validate_ports(self, port_values: dict[str, t.Any], breadcrumbs: Breadcrumbs) -> PortValidationError | None:
        """Check, and take out of `port_values`, what belongs to a declared port."""
        for name, port in self._ports.items():
            if (refusal := port.validate(port_values.pop(name, UNSPECIFIED), breadcrumbs)) is not None:
                return t.cast(PortValidationError, refusal)
        return None

    def validate_dynamic_ports(
        self, port_values: Mapping[str, t.Any], breadcrumbs: Breadcrumbs = ()
    ) -> PortValidationError | None:
        """Check what belongs to no declared port."""
        return refuse_leftovers(
            port_values, dynamic=self._dynamic, valid_type=self._valid_type, breadcrumbs=breadcrumbs
        )


#: What a namespace takes over from the one that it absorbs. The order matters: the valid type comes after `dynamic` and switches it on, so that a
#: namespace made by exposing takes undeclared inputs too (BEHAVIOUR C9: plugins rely on passing an excluded input there).
_ABSORBED = ("help", "required", "validator", "dynamic", "valid_type", "default", "populate_defaults")


def _allow_none(valid_type: t.Any) -> t.Any:
    """An optional port also takes None, and shows it."""
    if valid_type is None:
        return None
    types = valid_type if isinstance(valid_type, tuple) else (valid_type,)
    return types if _NoneType in types else (*types, _NoneType)
