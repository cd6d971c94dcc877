"""The spec of a process: its inputs, outputs and exit codes, filled once per class by `define`."""

from __future__ import annotations

import logging
import threading
import typing as t
import weakref
from collections import defaultdict
from collections.abc import Mapping, Sequence

from aiida.common.exit_code import ExitCode, ExitCodesNamespace
from aiida.common.lang import type_check
from aiida.engine.processes import exposing
from aiida.engine.processes.ports import CalcJobOutputPort, InputPort, OutputPort, Port, PortNamespace
from aiida.orm import Data

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process

__all__ = ("CalcJobProcessSpec", "ProcessSpec", "making_of")

_making: weakref.WeakKeyDictionary[type, threading.RLock] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


def making_of(cls: type) -> threading.RLock:
    """What a thread holds while it fills the spec of a class. One per class: `define` may import, and so wait for other threads."""
    with _guard:
        return _making.setdefault(cls, threading.RLock())


class ProcessSpec:
    """What a process takes, gives, and how it may end."""

    NAME_INPUTS_PORT_NAMESPACE = "inputs"
    NAME_OUTPUTS_PORT_NAMESPACE = "outputs"
    METADATA_KEY = "metadata"
    METADATA_OPTIONS_KEY = "options"
    INPUT_PORT_TYPE: type[Port] = InputPort
    OUTPUT_PORT_TYPE: type[Port] = OutputPort
    PORT_NAMESPACE_TYPE = PortNamespace

    def __init__(self) -> None:
        self._ports = self.PORT_NAMESPACE_TYPE()
        for name in (self.NAME_INPUTS_PORT_NAMESPACE, self.NAME_OUTPUTS_PORT_NAMESPACE):
            self._ports[name] = self.PORT_NAMESPACE_TYPE(name)
        # The type says what an undeclared input would have to be, once a class sets `spec.inputs.dynamic`; it does not make it dynamic.
        self.inputs.valid_type = Data
        self.inputs.dynamic = False
        self._exit_codes = ExitCodesNamespace()
        self._exposed_inputs: exposing.Exposed = defaultdict(dict)
        self._exposed_outputs: exposing.Exposed = defaultdict(dict)
        self._sealed = False

    # -- what it holds ----------------------------------------------------------------------------------------------
    @property
    def logger(self) -> logging.Logger:
        return logging.getLogger("aiida.engine.processes.process_spec")

    @property
    def namespace_separator(self) -> str:
        return self.PORT_NAMESPACE_TYPE.NAMESPACE_SEPARATOR

    @property
    def metadata_key(self) -> str:
        return self.METADATA_KEY

    @property
    def options_key(self) -> str:
        return self.METADATA_OPTIONS_KEY

    @property
    def ports(self) -> PortNamespace:
        return self._ports

    @property
    def inputs(self) -> PortNamespace:
        return t.cast(PortNamespace, self._ports[self.NAME_INPUTS_PORT_NAMESPACE])

    @property
    def outputs(self) -> PortNamespace:
        return t.cast(PortNamespace, self._ports[self.NAME_OUTPUTS_PORT_NAMESPACE])

    @property
    def exit_codes(self) -> ExitCodesNamespace:
        return self._exit_codes

    @property
    def sealed(self) -> bool:
        """Whether `define` is over."""
        return self._sealed

    def seal(self) -> None:
        """Close the spec for new ports; those that stand may still be changed."""
        self._sealed = True

    def validate(self) -> None:
        """Check what can only be checked when all is declared."""

    def get_description(self) -> dict[str, t.Any]:
        """Describe the spec in plain text and numbers, for documentation tools."""
        description: dict[str, t.Any] = {}
        for name, port in self._ports.items():
            described = port.get_description()
            if described:
                description[name] = described
        return description

    def has_input(self, name: str) -> bool:
        return name in self.inputs

    def has_output(self, name: str) -> bool:
        return name in self.outputs

    # -- declaring --------------------------------------------------------------------------------------------------
    def input(self, name: str, **kwargs: t.Any) -> None:
        """Declare an input; a dotted name makes the namespaces between."""
        self._create_port(self.inputs, self.INPUT_PORT_TYPE, name, **kwargs)

    def output(self, name: str, **kwargs: t.Any) -> None:
        """Declare an output; a dotted name makes the namespaces between."""
        self._create_port(self.outputs, self.OUTPUT_PORT_TYPE, name, **kwargs)

    def input_namespace(self, name: str, **kwargs: t.Any) -> None:
        """Declare a namespace of inputs."""
        self._create_port(self.inputs, self.PORT_NAMESPACE_TYPE, name, **kwargs)

    def output_namespace(self, name: str, **kwargs: t.Any) -> None:
        """Declare a namespace of outputs."""
        self._create_port(self.outputs, self.PORT_NAMESPACE_TYPE, name, **kwargs)

    def _create_port(self, root: PortNamespace, port_class: type[Port], name: str, **kwargs: t.Any) -> None:
        if self._sealed:
            raise RuntimeError(f"Cannot add the port `{name}` after the spec has been sealed: ports are declared in `define`")
        parent, _, last = name.rpartition(self.namespace_separator)
        namespace = root.create_port_namespace(parent) if parent else root
        if not issubclass(port_class, PortNamespace):
            kwargs = _accept_old_keywords(kwargs)
        namespace[last] = port_class(last, **kwargs)

    def exit_code(self, status: int, label: str, message: str, invalidates_cache: bool = False) -> None:
        """Declare a way to end; a label that stands already is declared anew."""
        if not isinstance(status, int):
            raise TypeError(f"status should be of integer type and not of {type(status)}")
        if status < 0:
            raise ValueError(f"status should be a positive integer, received {status}")
        type_check(label, str, msg=f"label should be of str type and not of {type(label)}")
        type_check(message, str, msg=f"message should be of str type and not of {type(message)}")
        if not isinstance(invalidates_cache, bool):
            raise TypeError(f"invalidates_cache should be of type bool and not of {type(invalidates_cache)}")
        self._exit_codes[label] = ExitCode(status, message, invalidates_cache=invalidates_cache)

    # -- exposing ---------------------------------------------------------------------------------------------------
    def expose_inputs(
        self,
        process_class: type[Process],
        namespace: str | None = None,
        exclude: Sequence[str] | None = None,
        include: Sequence[str] | None = None,
        namespace_options: Mapping[str, t.Any] | None = None,
    ) -> None:
        """Take over the inputs of another process class, here or under a namespace."""
        exposing.expose(
            self._exposed_inputs, process_class, process_class.spec().inputs, self.inputs,
            namespace=namespace, exclude=exclude, include=include, namespace_options=namespace_options,
        )  # fmt: skip

    def expose_outputs(
        self,
        process_class: type[Process],
        namespace: str | None = None,
        exclude: Sequence[str] | None = None,
        include: Sequence[str] | None = None,
        namespace_options: Mapping[str, t.Any] | None = None,
    ) -> None:
        """Take over the outputs of another process class, here or under a namespace."""
        exposing.expose(
            self._exposed_outputs, process_class, process_class.spec().outputs, self.outputs,
            namespace=namespace, exclude=exclude, include=include, namespace_options=namespace_options,
        )  # fmt: skip


class CalcJobProcessSpec(ProcessSpec):
    """The spec of a job: one of its outputs may be the one that `node.res` reads."""

    OUTPUT_PORT_TYPE = CalcJobOutputPort

    def __init__(self) -> None:
        super().__init__()
        self._default_output_node: str | None = None

    @property
    def default_output_node(self) -> str | None:
        return self._default_output_node

    @default_output_node.setter
    def default_output_node(self, port_name: str) -> None:
        if port_name not in self.outputs:
            raise ValueError(f"the output port `{port_name}` is not declared: declare it before `default_output_node`")
        self._default_output_node = port_name


def _accept_old_keywords(kwargs: dict[str, t.Any]) -> dict[str, t.Any]:
    """Let plugins write `valid_type=[A, B]`."""
    valid_type = kwargs.get("valid_type")
    return {**kwargs, "valid_type": tuple(valid_type)} if isinstance(valid_type, list) else kwargs
