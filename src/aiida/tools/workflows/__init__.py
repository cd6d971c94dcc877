"""What plugins offer for looking at finished work chains."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, {"WorkflowTools": "aiida.tools.workflows.base"})
