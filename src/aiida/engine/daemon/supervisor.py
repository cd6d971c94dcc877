"""The supervisor: circus, which keeps the workers alive, and one watcher that PROTOCOL.md §5 asks for.

It is started as `python -m aiida.engine.daemon.supervisor JSON` and imports neither the ORM nor the database layer, so
that it is small and ready at once. The watcher: on SQLite, a worker that was stopped (SIGSTOP, a debugger) inside a
transaction blocks every writer, and no other process can help itself. Such a worker is killed once the database has been
busy for longer than a lease; its processes go on elsewhere.

The first workers are started before circus is imported, which takes a fifth of a second that they need for imports of
their own; circus is handed them when it asks for its first processes.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import signal
import sqlite3
import sys
import time
from collections import deque
from pathlib import Path
from subprocess import PIPE
from typing import Any

import msgspec
import psutil

from aiida.engine.daemon.paths import Plan

LOGGER = logging.getLogger("circus")
LEASE_SECONDS = 10.0
LOOK_SECONDS = 2.0
RESPAWN_CHECK_SECONDS = 0.5
LOG_BYTES, LOG_COUNT = 10_000_000, 5


class StoppedWorkerWatcher:
    """Kills a stopped worker that keeps the SQLite database from everybody else."""

    def __init__(self, arbiter: Any, name: str, database: str) -> None:
        self._arbiter = arbiter
        self._name = name
        self._database = database
        self._busy_since: float | None = None

    def look(self) -> None:
        """Look once; called every few seconds by the supervisor's loop."""
        stopped = [pid for pid in self._get_pids() if read_state(pid) == "T"]
        if not stopped or not is_database_busy(self._database):
            self._busy_since = None
            return
        now = time.monotonic()
        self._busy_since = self._busy_since or now
        if now - self._busy_since >= LEASE_SECONDS:
            for pid in stopped:
                LOGGER.warning("worker %d is stopped while it holds the database: killed", pid)
                os.kill(pid, signal.SIGKILL)
            self._busy_since = None

    def _get_pids(self) -> list[int]:
        return [int(pid) for pid in self._arbiter.get_watcher(self._name).get_active_pids()]


def read_state(pid: int) -> str:
    """Return the letter of the process state (`T` is stopped), or an empty text where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def is_database_busy(path: str) -> bool:
    """Return whether somebody holds the write lock of the database at this moment."""
    if not os.path.exists(path):
        return False
    connection = sqlite3.connect(path, timeout=0.2, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()
    return False


def is_news(record: logging.LogRecord) -> bool:
    """Return whether a log record is worth a line: circus complains that it looks after workers while it stops them."""
    from circus.exc import ConflictError

    return record.exc_info is None or not isinstance(record.exc_info[1], ConflictError)


def rotate(path: str) -> None:
    """Let the supervisor's own log rotate as the workers' does, where circus would let it grow for ever."""
    root = logging.getLogger()
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_COUNT)
    handler.setFormatter(root.handlers[0].formatter)
    root.handlers[0].close()
    root.handlers = [handler]


class FirstWorkers:
    """Workers that were started ahead of circus, for it to find where it starts processes."""

    def __init__(self, plan: Plan) -> None:
        environment = {**os.environ, **plan.environment}
        self._waiting: deque[psutil.Popen] = deque()
        for _ in range(plan.workers):
            self._waiting.append(psutil.Popen(plan.command, env=environment, stdout=PIPE, stderr=PIPE, start_new_session=True))

    def hand_over(self) -> None:
        """Have circus take these before it starts others."""
        import circus.process

        start = circus.process.Popen

        def take_or_start(*args: Any, **options: Any) -> Any:
            return self._waiting.popleft() if self._waiting else start(*args, **options)

        circus.process.Popen = take_or_start

    def end(self) -> None:
        """End those that nobody took: the supervisor could not begin."""
        while self._waiting:
            self._waiting.popleft().terminate()


def is_taken(pid_file: str) -> bool:
    """Return whether another supervisor of this profile is alive."""
    try:
        return psutil.pid_exists(int(Path(pid_file).read_text()))
    except (OSError, ValueError):
        return False


def become_daemon() -> None:
    """Leave the terminal and the session of whoever started us."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def make_arbiter(plan: Plan) -> Any:
    """Return the circus arbiter for the plan."""
    from circus import get_arbiter

    stream = {"class": "FileStream", "filename": plan.worker_log, "max_bytes": LOG_BYTES, "backup_count": LOG_COUNT}
    return get_arbiter(
        controller=plan.endpoints["controller"],
        pubsub_endpoint=plan.endpoints["pubsub"],
        logoutput="-" if plan.foreground else plan.log_file,
        loglevel=plan.loglevel,
        debug=False,
        statsd=False,
        check_delay=RESPAWN_CHECK_SECONDS,
        warmup_delay=0,
        pidfile=plan.pid_file,
        watchers=[
            {
                "name": plan.name,
                "cmd": plan.command[0],
                "args": plan.command[1:],
                "shell": False,
                "virtualenv": None,
                "copy_env": True,
                "env": plan.environment,
                "numprocesses": plan.workers,
                "autostart": True,
                "warmup_delay": 0,
                "max_retry": -1,  # a database that is away for an hour must not end the supervisor
                "graceful_timeout": plan.graceful_timeout,
                "stdout_stream": stream,
                "stderr_stream": stream,
            }
        ],
    )


def supervise(plan: Plan, workers: FirstWorkers) -> None:
    """Run circus until it is told to quit."""
    from circus import logger
    from circus.pidfile import Pidfile
    from circus.util import check_future_exception_and_log, configure_logger
    from tornado.ioloop import PeriodicCallback

    configure_logger(logger, plan.loglevel, "-" if plan.foreground else plan.log_file)
    if not plan.foreground:
        rotate(plan.log_file)
    logging.getLogger("tornado.application").addFilter(is_news)
    arbiter = make_arbiter(plan)
    workers.hand_over()
    pidfile = Pidfile(plan.pid_file)
    try:
        pidfile.create(os.getpid())
    except RuntimeError as exception:
        sys.exit(str(exception))
    if plan.database is not None:
        watcher = StoppedWorkerWatcher(arbiter, plan.name, plan.database)
        arbiter.loop.add_callback(PeriodicCallback(watcher.look, LOOK_SECONDS * 1000).start)
    try:
        check_future_exception_and_log(arbiter.start())
    except KeyboardInterrupt:
        pass
    except Exception:
        arbiter.loop.run_sync(arbiter._emergency_stop)
        raise
    finally:
        pidfile.unlink()


def main() -> None:
    """Start the workers, and look after them until told to quit."""
    plan = msgspec.json.decode(sys.argv[1], type=Plan)
    if is_taken(plan.pid_file):
        sys.exit(f"the daemon runs already: see {plan.pid_file}")
    if not plan.foreground:
        become_daemon()
    workers = FirstWorkers(plan)
    try:
        supervise(plan, workers)
    finally:
        workers.end()


if __name__ == "__main__":
    main()
