"""Ports."""

from aiida.engine.processes.ports import (
    UNSPECIFIED,
    InputPort,
    OutputPort,
    Port,
    PortNamespace,
    PortValidationError,
    breadcrumbs_to_port,
)

__all__ = (
    "UNSPECIFIED",
    "InputPort",
    "OutputPort",
    "Port",
    "PortNamespace",
    "PortValidationError",
    "breadcrumbs_to_port",
)
