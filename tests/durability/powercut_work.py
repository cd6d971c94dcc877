"""What goes on when the power is cut: `python -m tests.durability.powercut_work FOLDER TREES`; each promise is a line of FOLDER/ack."""

from __future__ import annotations

import io
import logging
import os
import sys
from pathlib import Path
from typing import Any

from aiida import orm
from aiida.common.slots import current_engine, current_settings, current_store
from aiida.graph.records import UserRow
from aiida.orm.utils.log import DBLogHandler
from aiida.storage import heart, journal
from aiida.storage.sqlite_dos.backend import SqliteDosStorage
from tests.durability import flows
from tests.durability.harness import Faulty, House, Settings
from tests.durability.worker_process import make_profile


class FileStore(Faulty, SqliteDosStorage):
    """The embedded default, with the harness's hooks."""


def main(folder: Path, trees: int) -> None:
    """Store, submit and run; nothing of it is cleaned up."""
    profile = make_profile(folder / "storage")
    SqliteDosStorage.initialise(profile)
    store: Any = FileStore(profile)
    store.insert([UserRow(email="test@localhost")])
    logger = logging.getLogger("aiida")
    logger.addHandler(DBLogHandler())
    logger.setLevel(23)
    ack = os.open(folder / "ack", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(*words: object) -> None:
        os.write(ack, (" ".join(map(str, words)) + "\n").encode())

    with current_store.override(store), current_settings.override(Settings()):  # type: ignore[arg-type]
        built = House(store)
        worker = built.worker()
        tell("begin", worker.id)  # what is older is on the disk
        nodes = []
        for number in range(trees):
            text = f"{number} " * (500 * (number + 1))
            file = orm.SinglefileData(io.BytesIO(text.encode())).store()
            tell("stored", file.uuid, number)
            nodes.append(built.submit(flows.Tree if number % 2 else flows.Leaf, **{("n" if number % 2 else "x"): orm.Int(1)}))
            tell("submitted", nodes[-1].uuid)
        told: set[int] = set()
        while len(told) < len(nodes):
            with current_engine.override(worker.engine):
                built.step(worker)
            assert heart.beat_sqlite(str(store.path), worker.id)
            with store.reading() as connection:
                alive = journal.which_alive(connection, [node.pk for node in nodes])
            for node in nodes:
                if node.pk not in alive and node.pk not in told:
                    told.add(node.pk)
                    tell("ended", node.uuid)
        tell("all")
        os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
