"""The specification of a process."""

from aiida.engine.processes.process_spec import ProcessSpec

__all__ = ("ProcessSpec",)
