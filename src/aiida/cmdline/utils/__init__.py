"""What commands print with and look things up with."""

from typing import TYPE_CHECKING

from aiida._lazy import front_door

if TYPE_CHECKING:
    from aiida.cmdline.utils import (
        acting as acting,
    )
    from aiida.cmdline.utils import (
        ascii_vis as ascii_vis,
    )
    from aiida.cmdline.utils import (
        common as common,
    )
    from aiida.cmdline.utils import (
        explain as explain,
    )
    from aiida.cmdline.utils import (
        explain_cache as explain_cache,
    )
    from aiida.cmdline.utils import (
        launching as launching,
    )
    from aiida.cmdline.utils import (
        places as places,
    )
    from aiida.cmdline.utils import (
        postgres_setup as postgres_setup,
    )
    from aiida.cmdline.utils import (
        timeline as timeline,
    )
    from aiida.cmdline.utils import (
        workers as workers,
    )
    from aiida.cmdline.utils import (
        working as working,
    )

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "dbenv": "aiida.cmdline.utils.decorators",
        "echo_critical": "aiida.cmdline.utils.echo",
        "echo_dictionary": "aiida.cmdline.utils.echo",
        "echo_error": "aiida.cmdline.utils.echo",
        "echo_info": "aiida.cmdline.utils.echo",
        "echo_report": "aiida.cmdline.utils.echo",
        "echo_success": "aiida.cmdline.utils.echo",
        "echo_tabulate": "aiida.cmdline.utils.echo",
        "echo_warning": "aiida.cmdline.utils.echo",
        "format_call_graph": "aiida.cmdline.utils.ascii_vis",
        "is_verbose": "aiida.cmdline.utils.common",
        "only_if_daemon_running": "aiida.cmdline.utils.decorators",
        "with_dbenv": "aiida.cmdline.utils.decorators",
        # Modules that few commands need, imported when they are first used.
        **{name: f"aiida.cmdline.utils.{name}" for name in ("acting", "ascii_vis", "common", "explain", "explain_cache", "launching", "places", "postgres_setup", "timeline", "workers", "working")},
    },
)
