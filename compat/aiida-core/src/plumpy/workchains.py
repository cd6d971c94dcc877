"""The outline of a work chain."""

from aiida.engine.processes.workchains.context import ToContext
from aiida.engine.processes.workchains.outline import if_, return_, while_
from aiida.engine.processes.workchains.workchain import WorkChain

__all__ = ("ToContext", "WorkChain", "if_", "return_", "while_")
