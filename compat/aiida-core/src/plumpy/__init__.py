"""The names of plumpy that plugins import, as the very objects that the engine of Radames uses."""

from aiida.common.extendeddicts import AttributesFrozendict
from aiida.common.process_state import ProcessState
from aiida.engine.persistence import ObjectLoader, get_object_loader
from aiida.engine.processes.foreign_states import Continue, Interruption, Kill, KillInterruption, Stop, Wait
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
from plumpy import (
    exceptions,
    futures,
    loaders,
    persistence,
    ports,
    process_comms,
    process_spec,
    process_states,
    processes,
    utils,
    workchains,
)

DefaultObjectLoader = ObjectLoader
__version__ = "0.26.1"

__all__ = (
    "AttributesFrozendict",
    "Continue",
    "DefaultObjectLoader",
    "InputPort",
    "Interruption",
    "Kill",
    "KillInterruption",
    "ObjectLoader",
    "OutputPort",
    "Port",
    "PortNamespace",
    "PortValidationError",
    "Process",
    "ProcessSpec",
    "ProcessState",
    "Stop",
    "ToContext",
    "UNSPECIFIED",
    "Wait",
    "WorkChain",
    "breadcrumbs_to_port",
    "exceptions",
    "futures",
    "get_object_loader",
    "if_",
    "loaders",
    "persistence",
    "ports",
    "process_comms",
    "process_spec",
    "process_states",
    "processes",
    "return_",
    "utils",
    "while_",
    "workchains",
)
