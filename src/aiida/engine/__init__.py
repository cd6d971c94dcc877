"""Making processes happen.

`processes` are the classes users declare and know nothing of who runs them. `runtime` folds a journal, decides the next effect and performs it.
`launch` and `control` are what users call; `daemon` keeps workers alive. `current` is the one word in which the lower speaks to the higher.
"""

from aiida._lazy import front_door

_PROCESSES = "aiida.engine.processes."
_WORKCHAINS = _PROCESSES + "workchains."

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "AiiDAPersister": "aiida.engine.persistence",
        "Awaitable": _WORKCHAINS + "awaitable",
        "AwaitableAction": _WORKCHAINS + "awaitable",
        "AwaitableTarget": _WORKCHAINS + "awaitable",
        "BaseRestartWorkChain": _WORKCHAINS + "restart",
        "CalcJob": _PROCESSES + "calcjobs.calcjob",
        "CalcJobImporter": _PROCESSES + "calcjobs.importer",
        "CalcJobOutputPort": _PROCESSES + "ports",
        "CalcJobProcessSpec": _PROCESSES + "process_spec",
        "DaemonClient": "aiida.engine.daemon.client",
        "ExitCode": "aiida.common.exit_code",
        "ExitCodesNamespace": "aiida.common.exit_code",
        "FunctionProcess": _PROCESSES + "functions",
        "InputPort": _PROCESSES + "ports",
        "InterruptableFuture": "aiida.engine.utils",
        "JobManager": _PROCESSES + "calcjobs.manager",
        "JobsList": _PROCESSES + "calcjobs.manager",
        "ObjectLoader": "aiida.engine.persistence",
        "OutputPort": _PROCESSES + "ports",
        "PORT_NAMESPACE_SEPARATOR": _PROCESSES + "ports",
        "PastException": "aiida.engine.exceptions",
        "PortNamespace": _PROCESSES + "ports",
        "Process": _PROCESSES + "process",
        "ProcessBuilder": _PROCESSES + "builder",
        "ProcessBuilderNamespace": _PROCESSES + "builder",
        "ProcessFuture": _PROCESSES + "futures",
        "ProcessHandlerReport": _WORKCHAINS + "utils",
        "ProcessSpec": _PROCESSES + "process_spec",
        "ProcessState": "aiida.common.process_state",
        "Runner": "aiida.engine.runners",
        "ToContext": _WORKCHAINS + "context",
        "WithNonDb": _PROCESSES + "ports",
        "WithSerialize": _PROCESSES + "ports",
        "WorkChain": _WORKCHAINS + "workchain",
        "append_": _WORKCHAINS + "context",
        "assign_": _WORKCHAINS + "context",
        "await_processes": "aiida.engine.launch",
        "await_processes_async": "aiida.engine.launch",
        "calcfunction": _PROCESSES + "functions",
        "construct_awaitable": _WORKCHAINS + "awaitable",
        "get_daemon_client": "aiida.engine.daemon.client",
        "get_object_loader": "aiida.engine.persistence",
        "if_": _WORKCHAINS + "outline",
        "interruptable_task": "aiida.engine.utils",
        "is_process_function": "aiida.engine.utils",
        "process_handler": _WORKCHAINS + "utils",
        "return_": _WORKCHAINS + "outline",
        "run": "aiida.engine.launch",
        "run_async": "aiida.engine.launch",
        "run_get_node": "aiida.engine.launch",
        "run_get_node_async": "aiida.engine.launch",
        "run_get_pk": "aiida.engine.launch",
        "submit": "aiida.engine.launch",
        "submit_async": "aiida.engine.launch",
        "while_": _WORKCHAINS + "outline",
        "workfunction": _PROCESSES + "functions",
    },
)
