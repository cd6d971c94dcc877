"""A worker in a process of its own, over a storage in a folder: `python -m tests.durability.worker_process FOLDER`."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from aiida.common.profile import Profile
from aiida.common.slots import current_settings, current_store
from aiida.engine.bells import make_bell
from aiida.engine.runtime.worker import make_worker
from aiida.orm.utils.log import DBLogHandler
from aiida.storage.sqlite_dos.backend import SqliteDosStorage
from tests.durability.harness import Settings


def make_profile(folder: Path) -> Profile:
    """The profile of a folder."""
    return Profile(
        "durable",
        {
            "PROFILE_UUID": "5c0f7ab6-0000-4000-8000-000000000000",
            "default_user_email": "test@localhost",
            "storage": {"backend": "core.sqlite_dos", "config": {"filepath": str(folder)}},
            "process_control": {"backend": None, "config": {}},
        },
    )


def main(folder: Path) -> None:
    """Work until told to stop."""
    profile = make_profile(folder)
    store = SqliteDosStorage(profile)
    settings = Settings()
    current_store.fill(lambda: store)
    current_settings.fill(lambda: settings)  # type: ignore[arg-type, return-value]
    logger = logging.getLogger("aiida")
    logger.addHandler(DBLogHandler())
    logger.setLevel(23)
    stop = threading.Event()

    def told(signum: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told)
    worker = make_worker(store, settings, make_bell(profile))  # type: ignore[arg-type]
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    print("ready", flush=True)
    while thread.is_alive():
        thread.join(0.2)
        if stop.is_set():
            worker.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
