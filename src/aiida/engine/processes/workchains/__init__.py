"""Workflows in steps: an outline is data, a place in it is a list of ints."""

from aiida._lazy import front_door

_HERE = "aiida.engine.processes.workchains."

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "Awaitable": _HERE + "awaitable",
        "AwaitableAction": _HERE + "awaitable",
        "AwaitableTarget": _HERE + "awaitable",
        "BaseRestartWorkChain": _HERE + "restart",
        "ProcessHandlerReport": _HERE + "utils",
        "ToContext": _HERE + "context",
        "WorkChain": _HERE + "workchain",
        "append_": _HERE + "context",
        "assign_": _HERE + "context",
        "construct_awaitable": _HERE + "awaitable",
        "if_": _HERE + "outline",
        "process_handler": _HERE + "utils",
        "return_": _HERE + "outline",
        "while_": _HERE + "outline",
    },
)
