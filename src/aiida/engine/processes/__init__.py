"""Process classes: what users declare and subclass. They know nothing of who runs them.

`ports`, `checks`, `process_spec`, `exposing`, `builder` say what a process takes and gives. `process` is the base class; `recorder` turns
its inputs and outputs into links; `snapshots` keeps what must outlive a worker. `functions`, `workchains`, `calcjobs` are the three kinds.
"""

from aiida._lazy import front_door

_HERE = "aiida.engine.processes."
_WORKCHAINS = _HERE + "workchains."

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "Awaitable": _WORKCHAINS + "awaitable",
        "AwaitableAction": _WORKCHAINS + "awaitable",
        "AwaitableTarget": _WORKCHAINS + "awaitable",
        "BaseRestartWorkChain": _WORKCHAINS + "restart",
        "CalcJob": _HERE + "calcjobs.calcjob",
        "CalcJobImporter": _HERE + "calcjobs.importer",
        "CalcJobOutputPort": _HERE + "ports",
        "CalcJobProcessSpec": _HERE + "process_spec",
        "ExitCode": "aiida.common.exit_code",
        "ExitCodesNamespace": "aiida.common.exit_code",
        "FunctionProcess": _HERE + "functions",
        "InputPort": _HERE + "ports",
        "JobManager": _HERE + "calcjobs.manager",
        "JobsList": _HERE + "calcjobs.manager",
        "OutputPort": _HERE + "ports",
        "PORT_NAMESPACE_SEPARATOR": _HERE + "ports",
        "PortNamespace": _HERE + "ports",
        "Process": _HERE + "process",
        "ProcessBuilder": _HERE + "builder",
        "ProcessBuilderNamespace": _HERE + "builder",
        "ProcessFuture": _HERE + "futures",
        "ProcessHandlerReport": _WORKCHAINS + "utils",
        "ProcessSpec": _HERE + "process_spec",
        "ProcessState": "aiida.common.process_state",
        "ToContext": _WORKCHAINS + "context",
        "WithNonDb": _HERE + "ports",
        "WithSerialize": _HERE + "ports",
        "WorkChain": _WORKCHAINS + "workchain",
        "append_": _WORKCHAINS + "context",
        "assign_": _WORKCHAINS + "context",
        "calcfunction": _HERE + "functions",
        "construct_awaitable": _WORKCHAINS + "awaitable",
        "if_": _WORKCHAINS + "outline",
        "process_handler": _WORKCHAINS + "utils",
        "return_": _WORKCHAINS + "outline",
        "while_": _WORKCHAINS + "outline",
        "workfunction": _HERE + "functions",
    },
)
