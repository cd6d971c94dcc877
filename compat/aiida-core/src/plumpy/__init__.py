"""The names of plumpy that plugins import, as the very objects that the engine of Radames uses."""

from aiida.common.extendeddicts import AttributesFrozendict
from aiida.common.process_state import ProcessState
from aiida.engine.processes.ports import (
    UNSPECIFIED,
    InputPort,
    OutputPort,
    Port,
    PortNamespace,
    PortValidationError,
    breadcrumbs_to_port,
)
from aiida.engine.processes.process import Process
from aiida.engine.processes.process_spec import ProcessSpec
from aiida.engine.processes.workchains.context import ToContext
from aiida.engine.processes.workchains.outline import if_, return_, while_
from aiida.engine.processes.workchains.workchain import WorkChain

__version__ = "0.26.1"

__all__ = (
    "UNSPECIFIED",
    "AttributesFrozendict",
    "InputPort",
    "OutputPort",
    "Port",
    "PortNamespace",
    "PortValidationError",
    "Process",
    "ProcessSpec",
    "ProcessState",
    "ToContext",
    "WorkChain",
    "breadcrumbs_to_port",
    "if_",
    "return_",
    "while_",
)
