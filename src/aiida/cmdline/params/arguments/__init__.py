"""Arguments that commands share."""

from typing import TYPE_CHECKING

from aiida._lazy import front_door

if TYPE_CHECKING:
    from aiida.cmdline.params.arguments.main import (
        CALCULATION as CALCULATION,
    )
    from aiida.cmdline.params.arguments.main import (
        CALCULATIONS as CALCULATIONS,
    )
    from aiida.cmdline.params.arguments.main import (
        CODE as CODE,
    )
    from aiida.cmdline.params.arguments.main import (
        CODES as CODES,
    )
    from aiida.cmdline.params.arguments.main import (
        COMPUTER as COMPUTER,
    )
    from aiida.cmdline.params.arguments.main import (
        COMPUTERS as COMPUTERS,
    )
    from aiida.cmdline.params.arguments.main import (
        CONFIG_OPTION as CONFIG_OPTION,
    )
    from aiida.cmdline.params.arguments.main import (
        DATA as DATA,
    )
    from aiida.cmdline.params.arguments.main import (
        DATUM as DATUM,
    )
    from aiida.cmdline.params.arguments.main import (
        GROUP as GROUP,
    )
    from aiida.cmdline.params.arguments.main import (
        GROUPS as GROUPS,
    )
    from aiida.cmdline.params.arguments.main import (
        INPUT_FILE as INPUT_FILE,
    )
    from aiida.cmdline.params.arguments.main import (
        LABEL as LABEL,
    )
    from aiida.cmdline.params.arguments.main import (
        NODE as NODE,
    )
    from aiida.cmdline.params.arguments.main import (
        NODES as NODES,
    )
    from aiida.cmdline.params.arguments.main import (
        OUTPUT_FILE as OUTPUT_FILE,
    )
    from aiida.cmdline.params.arguments.main import (
        PROCESS as PROCESS,
    )
    from aiida.cmdline.params.arguments.main import (
        PROCESSES as PROCESSES,
    )
    from aiida.cmdline.params.arguments.main import (
        PROFILE as PROFILE,
    )
    from aiida.cmdline.params.arguments.main import (
        PROFILES as PROFILES,
    )
    from aiida.cmdline.params.arguments.main import (
        USER as USER,
    )
    from aiida.cmdline.params.arguments.main import (
        WORKFLOW as WORKFLOW,
    )
    from aiida.cmdline.params.arguments.main import (
        WORKFLOWS as WORKFLOWS,
    )
    from aiida.cmdline.params.arguments.overridable import (
        OverridableArgument as OverridableArgument,
    )

_NAMES = (
    "CALCULATION", "CALCULATIONS", "CODE", "CODES", "COMPUTER", "COMPUTERS", "CONFIG_OPTION", "DATA", "DATUM", "GROUP",
    "GROUPS", "INPUT_FILE", "LABEL", "NODE", "NODES", "OUTPUT_FILE", "PROCESS", "PROCESSES", "PROFILE", "PROFILES", "USER",
    "WORKFLOW", "WORKFLOWS",
)  # fmt: skip

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {"OverridableArgument": "aiida.cmdline.params.arguments.overridable"}
    | dict.fromkeys(_NAMES, "aiida.cmdline.params.arguments.main"),
)
