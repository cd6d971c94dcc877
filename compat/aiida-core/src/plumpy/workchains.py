"""The outline of a work chain."""

from typing import Any

from aiida.engine.processes.workchains.context import ToContext
from aiida.engine.processes.workchains.outline import if_, return_, while_
from aiida.engine.processes.workchains.workchain import WorkChain


class _PropagateReturn(BaseException):
    """What engines of plugins raise to end an outline from within. Ours needs none: outlines are data and a pointer."""

    def __init__(self, exit_code: Any) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


__all__ = ("ToContext", "WorkChain", "if_", "return_", "while_")
