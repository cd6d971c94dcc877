"""What commands print with and look things up with."""

from aiida._lazy import front_door

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
        **{name: f"aiida.cmdline.utils.{name}" for name in ("acting", "ascii_vis", "common", "explain", "explain_cache", "launching", "postgres_setup", "timeline", "working")},
    },
)
