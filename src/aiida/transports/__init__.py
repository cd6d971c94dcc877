"""Reaching another machine: files and commands on it, through one interface."""

from aiida._lazy import front_door

_HOMES = {
    "AsyncSshTransport": "aiida.transports.plugins.ssh_async",
    "AsyncTransport": "aiida.transports.transport",
    "BlockingTransport": "aiida.transports.transport",
    "SshTransport": "aiida.transports.plugins.ssh",
    "Transport": "aiida.transports.transport",
    "TransportPath": "aiida.transports.transport",
    "convert_to_bool": "aiida.transports.plugins.ssh",
    "parse_sshconfig": "aiida.transports.plugins.ssh",
}

__getattr__, __dir__, __all__ = front_door(__name__, _HOMES)
