"""`python -m aiida` is `verdi`; and `python -m aiida -p NAME daemon worker`, as the supervisor says it, is a worker."""

import gc
import sys
from importlib import import_module


def become_worker(profile: str) -> None:
    """Become a worker without the command line, whose parts it never needs. What fails in loading the profile is for `verdi` to tell."""
    gc.disable()  # until all is imported: none of it is garbage, and looking takes a quarter of the time
    try:
        import_module("aiida.manage.configuration").load_profile(profile)
        import_module("aiida.manage.manager").get_manager().get_profile_storage()
    except Exception:
        gc.enable()
        return
    worker = import_module("aiida.engine.daemon.worker")
    gc.freeze()
    gc.enable()
    worker.start_daemon_worker()
    sys.exit()


if __name__ == "__main__":
    # By name: what stands above everything, and this file below everything.
    match sys.argv[1:]:
        case ["-p", profile, "daemon", "worker"]:
            become_worker(profile)
    import_module("aiida.cmdline.commands.cmd_verdi").verdi()
