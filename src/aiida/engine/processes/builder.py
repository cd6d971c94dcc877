"""The process builder: inputs collected one by one, each checked when it is set, with completion of names.

A builder's attributes are properties of a class made for that one namespace, because completion and docstrings of interactive shells look at the
class. The values lie in one nested dictionary, `_data`, that plugins read.
"""

from __future__ import annotations

import copy
import json
import typing as t
from collections.abc import Iterator, Mapping, MutableMapping

import yaml

from aiida.engine.processes.ports import InputPort, Port, PortNamespace
from aiida.engine.processes.utils import prune_mapping
from aiida.orm import Dict, Node

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process

__all__ = ("ProcessBuilder", "ProcessBuilderNamespace")


class ProcessBuilderNamespace(MutableMapping[str, t.Any]):
    """The inputs of one port namespace. Attributes are the declared ports; a dynamic namespace takes any item besides."""

    _data: dict[str, t.Any]
    _valid_fields: list[str]
    _port_namespace: PortNamespace

    def __new__(cls, *args: t.Any, **kwargs: t.Any) -> t.Self:
        """Make an instance of a class of its own, which will carry the properties of this one namespace."""
        return super().__new__(type(cls.__name__, (cls,), {"__module__": cls.__module__, "__doc__": None}))

    def __init__(self, port_namespace: PortNamespace) -> None:
        set_directly = super().__setattr__
        set_directly("_port_namespace", port_namespace)
        set_directly("_valid_fields", [])
        set_directly("_data", {})
        for name, port in port_namespace.items():
            self._valid_fields.append(name)
            setattr(type(self), name, _property_of(name, port))
            if isinstance(port, PortNamespace):
                self._data[name] = ProcessBuilderNamespace(port)

    # -- attributes -------------------------------------------------------------------------------------------------
    def __setattr__(self, name: str, value: t.Any) -> None:
        """Set the value of a port after checking it; a plain value becomes a node where the port says so."""
        if name.startswith("_"):
            object.__setattr__(self, name, value)
            return
        port = self._port_namespace.get(name)
        if isinstance(value, ProcessBuilderNamespace):
            # Another builder's empty namespaces say nothing; they may be of ports that are not here.
            value = value._inputs(prune=True)
        if port is None:
            if not self._port_namespace.dynamic:
                raise AttributeError(f"Unknown builder parameter: {name}")
            refusal = self._port_namespace.validate_dynamic_ports({name: value}, ())
            message = None if refusal is None else refusal.message
        else:
            value = port.serialize(value) if hasattr(port, "serialize") else value
            refusal = port.validate(value)
            message = None if refusal is None else refusal.message
        if message is not None:
            raise ValueError(f"invalid attribute value {message}")
        if isinstance(port, PortNamespace):
            self._fill(name, port, value)
        else:
            self._data[name] = value

    def _fill(self, name: str, port: PortNamespace, values: Mapping[str, t.Any]) -> None:
        namespace = ProcessBuilderNamespace(port)
        for key, value in (values or {}).items():
            namespace[key] = value
        self._data[name] = namespace

    def __delattr__(self, name: str) -> None:
        self._unset(name)

    def __repr__(self) -> str:
        return repr(self._plain())

    def _plain(self) -> dict[str, t.Any]:
        return {k: v._plain() if isinstance(v, ProcessBuilderNamespace) else v for k, v in self._data.items()}

    def __dir__(self) -> list[str]:
        return sorted({*self._valid_fields, *(name for name in super().__dir__() if name.startswith("_"))})

    # -- items ------------------------------------------------------------------------------------------------------
    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __getitem__(self, item: str) -> t.Any:
        return self._data[item]

    def __setitem__(self, item: str, value: t.Any) -> None:
        self.__setattr__(item, value)

    def __delitem__(self, item: str) -> None:
        self._unset(item)

    def _unset(self, name: str) -> None:
        """Forget a value, or a namespace with all it holds; what is not set is silently left so."""
        self._data.pop(name, None)

    def pop(self, key: str, *default: t.Any) -> t.Any:
        """Unset a value and return it."""
        return self._data.pop(key, *default)

    def clear(self) -> None:
        """Unset all values."""
        self._data.clear()

    def __copy__(self) -> t.Self:
        return self._twin(lambda value: value)

    def __deepcopy__(self, memo: dict[int, t.Any]) -> t.Self:
        """Copy the structure; stored nodes stay the same nodes, since a copy of one would be another."""
        return self._twin(lambda v: v if isinstance(v, Node) and v.is_stored else copy.deepcopy(v, memo))

    def _twin(self, copy_value: t.Callable[[t.Any], t.Any]) -> t.Self:
        twin = self._empty_twin()
        for key, value in self._data.items():
            twin._data[key] = value._twin(copy_value) if isinstance(value, ProcessBuilderNamespace) else copy_value(value)
        return twin

    def _empty_twin(self) -> t.Self:
        return t.cast("t.Self", ProcessBuilderNamespace(self._port_namespace))

    # -- in bulk ----------------------------------------------------------------------------------------------------
    def _recursive_merge(self, dictionary: Mapping[str, t.Any], key: str, value: t.Any) -> None:
        """Set `key`, merging mappings into what stands in `dictionary`."""
        present = dictionary.get(key) if hasattr(dictionary, "get") else None
        if isinstance(value, Mapping) and isinstance(present, MutableMapping):
            for inner_key, inner_value in value.items():
                self._recursive_merge(present, inner_key, inner_value)
        else:
            t.cast(MutableMapping[str, t.Any], dictionary)[key] = value

    def _merge(self, *args: t.Any, **kwds: t.Any) -> None:
        """Set values from a mapping and keywords, merging at every level."""
        for key, value in dict(*args, **kwds).items():
            self._recursive_merge(self, key, value)

    def _update(self, *args: t.Any, **kwds: t.Any) -> None:
        """Set values from a mapping and keywords, merging the top level only: a namespace's content takes the given values besides its own."""
        for key, value in dict(*args, **kwds).items():
            present = self._data.get(key)
            if isinstance(value, Mapping) and isinstance(present, ProcessBuilderNamespace):
                for inner_key, inner_value in value.items():
                    present[inner_key] = inner_value
            else:
                self[key] = value

    def _inputs(self, prune: bool = False) -> dict[str, t.Any]:
        """Return the values as nested plain dictionaries, without empty namespaces if `prune`."""
        values = self._plain_inputs()
        return t.cast("dict[str, t.Any]", prune_mapping(values)) if prune else values

    def _plain_inputs(self) -> dict[str, t.Any]:
        return {
            key: value._plain_inputs() if isinstance(value, ProcessBuilderNamespace) else value
            for key, value in self._data.items()
        }


class ProcessBuilder(ProcessBuilderNamespace):
    """The inputs of a process class, ready to be given to `run` or `submit`."""

    def __init__(self, process_class: type[Process]) -> None:
        object.__setattr__(self, "_process_class", process_class)
        object.__setattr__(self, "_process_spec", process_class.spec())
        super().__init__(self._process_spec.inputs)

    _process_class: type[Process]
    _process_spec: t.Any

    @property
    def process_class(self) -> type[Process]:
        """Return the class whose inputs these are."""
        return self._process_class

    def _empty_twin(self) -> t.Self:
        return t.cast("t.Self", ProcessBuilder(self._process_class))

    def __str__(self) -> str:
        return self._render()

    def _repr_pretty_(self, printer: t.Any, _cycle: bool) -> None:
        """Show the readable form in IPython."""
        printer.text(self._render())

    def _render(self) -> str:
        listing = yaml.safe_dump(_readable(self._inputs(prune=True)), sort_keys=True, default_flow_style=False)
        return f"Process class: {self._process_class.__name__}\nInputs:\n{listing}"


def _property_of(name: str, port: Port) -> property:
    """Make the property of one port; unset it reads as the declared default, unevaluated, or None."""

    def get(self: ProcessBuilderNamespace) -> t.Any:
        if name in self._data:
            return self._data[name]
        if isinstance(port, PortNamespace):
            # It was unset as a whole; whoever asks for it wants to fill it again.
            return self._data.setdefault(name, ProcessBuilderNamespace(port))
        return port.default if isinstance(port, InputPort) and port.has_default() else None

    def set_(self: ProcessBuilderNamespace, value: t.Any) -> None:
        self.__setattr__(name, value)

    return property(get, set_, doc=str(port))


def _readable(value: t.Any) -> t.Any:
    """Return what YAML can show of a value: nodes by what tells them apart for a person."""
    if isinstance(value, Mapping):
        return {str(key): _readable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_readable(inner) for inner in value]
    if isinstance(value, Dict):
        return _readable(value.get_dict())
    if isinstance(value, Node):
        content = getattr(value, "value", None)
        if isinstance(content, (bool, int, float, str, list)):
            return content
        return str(value)
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return str(value)
    return value
