"""What the signature of a process function says about its inputs: read once per function, when its spec or its first call needs it."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing as t
from collections.abc import Callable, Mapping

import docstring_parser

from aiida.engine.processes.checks import UNSPECIFIED
from aiida.orm import Bool, Data, Dict, Float, Int, List, Node, Str

if t.TYPE_CHECKING:
    from aiida.engine.processes.process_spec import ProcessSpec

__all__ = ("Signature",)

_NODE_OF: dict[t.Any, type[Data]] = {}
_NAMED_PORT = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclasses.dataclass(frozen=True)
class Signature:
    """The parameters of a process function."""

    name: str
    positional: tuple[str, ...]
    keyword_only: tuple[str, ...]
    variable_positional: str | None
    variable_keyword: str | None

    @classmethod
    def of(cls, function: Callable[..., t.Any]) -> Signature:
        """Read a function."""
        parameters = inspect.signature(function).parameters.values()

        def names(*kinds: t.Any) -> tuple[str, ...]:
            return tuple(p.name for p in parameters if p.kind in kinds)

        return cls(
            name=function.__name__,
            positional=names(inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD),
            keyword_only=names(inspect.Parameter.KEYWORD_ONLY),
            variable_positional=next(iter(names(inspect.Parameter.VAR_POSITIONAL)), None),
            variable_keyword=next(iter(names(inspect.Parameter.VAR_KEYWORD)), None),
        )

    @property
    def is_dynamic(self) -> bool:
        """Whether there may be inputs that the signature does not name."""
        return self.variable_positional is not None or self.variable_keyword is not None

    def check(self, args: tuple[t.Any, ...], kwargs: Mapping[str, t.Any]) -> None:
        """Refuse what the function could not take."""
        if self.variable_positional is None and len(args) > len(self.positional):
            raise TypeError(f"{self.name}() takes {len(self.positional)} positional arguments but {len(args)} were given")
        for name, _ in zip(self.positional, args, strict=False):
            if name in kwargs:
                raise TypeError(f"{self.name}() got multiple values for argument '{name}'")
        if self.variable_keyword is None:
            known = {"metadata", *self.positional, *self.keyword_only}
            unknown = {key: None for key in kwargs if key not in known}
            if unknown:
                raise ValueError(f"{self.name} does not support these kwargs: {unknown.keys()}")

    def to_inputs(self, args: tuple[t.Any, ...], kwargs: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Name the values of a call."""
        self.check(args, kwargs)
        inputs = {**kwargs, **dict(zip(self.positional, args, strict=False))}
        for number, value in enumerate(args[len(self.positional) :]):
            inputs[f"{self.variable_positional}_{number}"] = value
        return inputs

    def to_call(self, inputs: Mapping[str, t.Any]) -> tuple[list[t.Any], dict[str, t.Any]]:
        """Turn named inputs back into the arguments of a call."""
        args = [inputs.get(name) for name in self.positional]
        kwargs = {name: inputs.get(name) for name in self.keyword_only}
        if not self.is_dynamic:
            return args, kwargs
        rest = {k: v for k, v in inputs.items() if k != "metadata" and k not in self.positional and k not in kwargs}
        if self.variable_positional is not None:
            number = 0
            while (key := f"{self.variable_positional}_{number}") in rest:
                args.append(rest.pop(key))
                number += 1
        return args, {**kwargs, **rest}


def declare_inputs(spec: ProcessSpec, function: Callable[..., t.Any]) -> None:
    """Make one port per named parameter; the rest is dynamic."""
    helps = _parse_help(function)
    hints = _read_hints(function)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in _NAMED_PORT or parameter.name == spec.metadata_key:
            continue
        types_ = _valid_types(hints.get(parameter.name))
        options: dict[str, t.Any] = {"valid_type": types_, "help": helps.get(parameter.name)}
        if parameter.default is inspect.Parameter.empty:
            options["required"] = True
        elif parameter.default is None:
            options["required"] = False
        else:
            options["default"] = _as_default(parameter.default)
        spec.input(parameter.name, **options)
    signature = Signature.of(function)
    spec.inputs.valid_type = Data
    spec.inputs.dynamic = signature.is_dynamic


def _as_default(value: t.Any) -> t.Any:
    """A default is made anew for every call, so that no two processes share a node."""
    if value is UNSPECIFIED or (callable(value) and not isinstance(value, Node)):
        return value
    if isinstance(value, Data):
        return lambda: value if value.is_stored else value.clone()
    return lambda: value


def _parse_help(function: Callable[..., t.Any]) -> dict[str, str | None]:
    if not function.__doc__:
        return {}
    try:
        parsed = docstring_parser.parse(function.__doc__)
    except Exception:  # a docstring is prose: whatever is wrong with it must not stop a calculation
        return {}
    return {one.arg_name: one.description for one in parsed.params}


def _read_hints(function: Callable[..., t.Any]) -> dict[str, t.Any]:
    """Return the annotations as types; those that cannot be read mean nothing."""
    hints: dict[str, t.Any] = {}
    space = {**vars(t), **getattr(function, "__globals__", {})}
    for name, annotation in getattr(function, "__annotations__", {}).items():
        if isinstance(annotation, str):
            try:
                annotation = eval(annotation, space)
            except Exception:
                continue
        hints[name] = annotation
    return hints


def _valid_types(hint: t.Any) -> tuple[type[t.Any], ...]:
    """Return the node types that an annotation asks for; any data if it asks for none that we know."""
    if t.get_origin(hint) in (t.Union, types.UnionType):
        found = [_node_type(one) for one in t.get_args(hint) if one is not type(None)]
        if any(one is None for one in found) or not found:
            return (Data,)
        return tuple(dict.fromkeys(t.cast("list[type[t.Any]]", found)))
    return (_node_type(hint) or Data,)


def _node_type(hint: t.Any) -> type[t.Any] | None:
    hint = t.get_origin(hint) or hint
    if not _NODE_OF:
        _NODE_OF.update({bool: Bool, int: Int, float: Float, str: Str, list: List, dict: Dict})
    if isinstance(hint, type) and issubclass(hint, Node):
        return hint
    return _NODE_OF.get(hint) if isinstance(hint, type) else None
