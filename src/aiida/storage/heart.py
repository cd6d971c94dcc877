"""The heart of a worker: a small process of its own that beats while the worker's pipe is open and the worker is not stopped.

It is a program and imports nothing of ours: it must start in milliseconds, cost little memory, and go on beating while a C
extension in the worker keeps the interpreter lock for a minute. What it needs comes as one line of JSON on its input. Exit
codes: 0 the worker went, 3 the worker was declared dead.
"""

import json
import os
import select
import sys
import time
from functools import partial

DEAD = 3
INTERVAL = 1.0
SQLITE = "UPDATE worker SET beat=beat+1, beat_at=((julianday('now') - 2440587.5) * 86400.0) WHERE id=?"
POSTGRESQL = "UPDATE worker SET beat=beat+1, beat_at=extract(epoch from clock_timestamp()) WHERE id=%s"


def is_stopped(pid: int) -> bool:
    """A worker in stopped state does not beat: whoever stopped it may never start it again."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as handle:
            return handle.read().rpartition(b")")[2].split()[0] in (b"T", b"t")
    except OSError:
        return False


def beat_sqlite(path: str, worker: int) -> bool:
    """One beat; False: the row is gone."""
    import sqlite3

    connection = sqlite3.connect(path, timeout=0.9, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=NORMAL")  # a lost beat is no loss; but OFF would also checkpoint what others committed, unsynced
        return connection.execute(SQLITE, (worker,)).rowcount == 1
    except sqlite3.OperationalError:
        return True  # busy or away: try again at the next beat
    finally:
        connection.close()


class Postgres:
    """One connection, made again when it breaks."""

    def __init__(self, conninfo: str) -> None:
        import psycopg

        self.conninfo = conninfo
        self.connection: psycopg.Connection | None = None

    def beat(self, worker: int) -> bool:
        """One beat; False: the row is gone."""
        import psycopg

        try:
            if self.connection is None:
                self.connection = psycopg.connect(self.conninfo, autocommit=True, connect_timeout=2)
            return self.connection.execute(POSTGRESQL, (worker,)).rowcount == 1
        except psycopg.Error:
            self.connection = None
            return True


def main() -> int:
    """Beat until the pipe closes."""
    config = json.loads(sys.stdin.buffer.readline())
    worker, parent = config["worker"], config["pid"]
    beat = partial(beat_sqlite, config["path"]) if "path" in config else Postgres(config["conninfo"]).beat
    while True:
        begun = time.monotonic()
        if os.getppid() != parent:
            return 0
        if not is_stopped(parent) and not beat(worker):
            return DEAD
        rest = max(0.05, INTERVAL - (time.monotonic() - begun))
        if select.select([sys.stdin], [], [], rest)[0]:
            return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
