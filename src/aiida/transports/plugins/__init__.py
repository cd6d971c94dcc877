"""The transports that come with the package."""

from aiida._lazy import front_door

_HOMES = {
    "AsyncSshTransport": "aiida.transports.plugins.ssh_async",
    "SshTransport": "aiida.transports.plugins.ssh",
    "convert_to_bool": "aiida.transports.plugins.ssh",
    "parse_sshconfig": "aiida.transports.plugins.ssh",
}

__getattr__, __dir__, __all__ = front_door(__name__, _HOMES)
