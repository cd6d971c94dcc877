"""Ports: what a process takes and gives, declared one by one and nested in namespaces.

A single port stands in `port`, how a value is held against it in `checks`; here is the namespace, which is a port that holds ports.
"""

from __future__ import annotations

import copy
import json
import typing as t
from collections.abc import Iterator, Mapping, MutableMapping, Sequence

from aiida.common.extendeddicts import AttributesFrozendict
from aiida.common.links import find_label_fault
from aiida.engine.processes.checks import (
    UNSPECIFIED,
    Breadcrumbs,
    PortValidationError,
    ValidType,
    breadcrumbs_to_port,
    refuse_leftovers,
    run_validator,
)
from aiida.engine.processes.port import (
    CalcJobOutputPort,
    InputPort,
    OutputPort,
    Port,
    WithMetadata,
    WithNonDb,
    WithSerialize,
)

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
        fault = find_label_fault(port_name)
        if fault is None and PORT_NAMESPACE_SEPARATOR in port_name:
            fault = "more than two consecutive underscores"
        if fault is not None:
            raise ValueError(f"invalid port name `{port_name}`: {fault}")

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
                elif port.populate_defaults and len(port):
                    # Without ports there is nothing to fill in: a dynamic namespace is present only if something was given.
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
                value = port.serialize(value) if isinstance(port, WithSerialize) else value
                # Validators may complete a dictionary of options: that must not reach back into the caller's.
                result[name] = dict(value) if type(value) is dict and port.is_metadata else value
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
