"""One worker of the daemon: the loop of `aiida.engine.runtime.worker` in a process of its own, ended by a signal.

It runs under the supervisor, or by itself (`verdi daemon worker`) where systemd or a container keeps it alive. It logs to
standard error, which the supervisor streams to the daemon's log with one rotation for all workers.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import logging
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from aiida.common import log, slots
from aiida.engine.bells import make_bell
from aiida.engine.daemon.health import HealthServer, find_address
from aiida.engine.runtime.worker import make_worker
from aiida.transports.shared import SharedPool

if TYPE_CHECKING:
    from aiida.engine.runners import Runner

LOGGER = logging.getLogger("aiida.engine.daemon")
READY_FILE = "RADAMES_READY_FILE"
JOIN_SECONDS = 3600.0


def start_daemon_worker(foreground: bool = False, profile_name: str | None = None, health: str | None = None) -> None:
    """Run a worker for the loaded profile until SIGTERM or SIGINT: effects in hand end, what is not begun goes back.

    :param foreground: accepted for compatibility; a worker always stays in the foreground.
    :param health: ``PORT`` or ``HOST:PORT`` at which questions about the worker's health are answered over HTTP.
    :raises aiida.common.ConfigurationError: if no profile is loaded, or ``profile_name`` is not the loaded one.
    """
    settings = slots.current_settings.get()
    profile = settings.get_profile(profile_name)
    log.CLI_ACTIVE = False  # messages carry time and process, as befits a log
    log.configure_logging(with_orm=True)
    store = slots.current_store.get()
    bell = make_bell(profile, in_memory=store.in_memory, conninfo=getattr(store, "conninfo", None))
    worker = make_worker(store, settings, bell, pool=lambda: SharedPool(profile.uuid))
    _spare_the_collector()

    def stop(signum: int, frame: FrameType | None) -> None:
        LOGGER.report("worker %d was told to stop (%s)", os.getpid(), signal.Signals(signum).name)  # type: ignore[attr-defined]
        worker.stop()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
    faulthandler.register(signal.SIGUSR1, all_threads=True)  # what is it doing? `kill -USR1` writes every thread's stack to the log
    LOGGER.report("worker %d of profile `%s` is ready", os.getpid(), profile.name)  # type: ignore[attr-defined]
    server = HealthServer(worker, find_address(health)) if health else None
    if server is not None:
        server.start()
        LOGGER.report("its health is told at port %d", server.port)  # type: ignore[attr-defined]
    mark_ready()
    # The loop has a thread of its own, so that a signal's handler, which runs in this one, never meets a lock that it holds.
    thread = threading.Thread(target=worker.run, name="aiida-controller")
    thread.start()
    while thread.is_alive():
        thread.join(JOIN_SECONDS)
    bell.close()


def _spare_the_collector() -> None:
    """What was imported stays: it need not be looked through again and again. What processes leave behind has hardly a circle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def mark_ready() -> None:
    """Tell whoever started the daemon that this worker turns."""
    path = os.environ.get(READY_FILE)
    if path:
        with contextlib.suppress(OSError), Path(path).open("a") as handle:
            handle.write(f"{os.getpid()}\n")


async def shutdown_worker(runner: Runner | Any) -> None:
    """Close the runner of a worker: its effects in hand end, what it holds goes back."""
    runner.close()
