"""Codes: executables, and how they are called."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "AbstractCode": "aiida.orm.nodes.data.code.abstract",
        "Code": "aiida.orm.nodes.data.code.legacy",
        "ContainerizedCode": "aiida.orm.nodes.data.code.containerized",
        "InstalledCode": "aiida.orm.nodes.data.code.installed",
        "PortableCode": "aiida.orm.nodes.data.code.portable",
    },
)
