"""The client of a profile's daemon: start, stop, ask.

Every request that gets no answer ends in one of three exceptions that say what to do: not running, not answering in time,
anything else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import psutil

from aiida.common import slots
from aiida.common.exceptions import AiidaException
from aiida.engine.daemon.paths import DaemonPaths, Plan

if TYPE_CHECKING:
    from circus.client import CircusClient

    from aiida.common.profile import Profile

CircusEndpointName = Literal["controller", "pubsub", "stats"]
SUPERVISOR = "aiida.engine.daemon.supervisor"
CALL_TIMEOUT = 5.0
GRACEFUL_SECONDS = 30.0
LOOK_SECONDS = 0.02
# What only asks may be asked again: a worker that ends just then spoils the answer.
QUESTIONS = ("dstats", "list", "numprocesses", "stats", "status")


class DaemonException(AiidaException):
    """The daemon could not do what was asked."""


class DaemonNotRunningException(DaemonException):
    """The daemon is not running: start it with `verdi daemon start`."""


class DaemonTimeoutException(DaemonException):
    """The daemon did not answer in time: see its log, or give it longer (`--timeout`, option `daemon.timeout`)."""


class DaemonStalePidException(DaemonException):
    """The file with the daemon's process id names a process that is not the daemon."""


def get_daemon_client(profile_name: str | None = None) -> DaemonClient:
    """Return the client for the daemon of a profile, by default the loaded one.

    :raises aiida.common.ConfigurationError: if no profile is loaded, or none has this name.
    """
    return DaemonClient(slots.current_settings.get().get_profile(profile_name))


class DaemonClient:
    """Talks to the daemon of one profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._paths = DaemonPaths.of_profile(profile)

    @property
    def profile(self) -> Profile:
        """The profile whose daemon this is."""
        return self._profile

    @property
    def daemon_name(self) -> str:
        """The name of the group of workers within the supervisor."""
        return f"aiida-{self._profile.name}"

    @property
    def loglevel(self) -> str:
        """The level at which the supervisor logs."""
        return "INFO"

    @property
    def virtualenv(self) -> str | None:
        """The virtual environment, if one is active."""
        return os.environ.get("VIRTUAL_ENV")

    # --- files and endpoints -------------------------------------------------------------------------------------

    @property
    def circus_log_file(self) -> str:
        """The supervisor's log."""
        return self._paths.circus_log

    @property
    def circus_pid_file(self) -> str:
        """The file with the supervisor's process id."""
        return self._paths.circus_pid

    @property
    def circus_port_file(self) -> str:
        """The file with the supervisor's port, where it listens on TCP."""
        return self._paths.circus_port

    @property
    def circus_socket_file(self) -> str:
        """The file that names the directory of the supervisor's sockets."""
        return self._paths.socket_file

    @property
    def circus_socket_endpoints(self) -> dict[str, str]:
        """The names of the supervisor's sockets."""
        return dict(self._paths.socket_names)

    @property
    def daemon_log_file(self) -> str:
        """The workers' log."""
        return self._paths.daemon_log

    @property
    def daemon_pid_file(self) -> str:
        """The file with a worker's process id, where it runs without the supervisor."""
        return self._paths.daemon_pid

    @classmethod
    def get_available_port(cls) -> int:
        """Return a TCP port that nobody listens on now."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def get_circus_port(self) -> int:
        """Return the supervisor's port; it listens on sockets in the file system unless one is recorded."""
        with contextlib.suppress(OSError, ValueError):
            return int(Path(self.circus_port_file).read_text())
        return self.get_available_port()

    def get_circus_socket_directory(self) -> str:
        """Return the directory of the running supervisor's sockets, or make one.

        It lies in the temporary folder, because a socket's path may have some 100 characters only.
        """
        with contextlib.suppress(OSError):
            recorded = Path(self.circus_socket_file).read_text().strip()
            if recorded and os.path.isdir(recorded):
                return recorded
        made = tempfile.mkdtemp(prefix="radames-")
        Path(self.circus_socket_file).parent.mkdir(parents=True, exist_ok=True)
        Path(self.circus_socket_file).write_text(made)
        return made

    def delete_circus_socket_directory(self) -> None:
        """Remove the sockets of a supervisor that has ended."""
        with contextlib.suppress(OSError):
            shutil.rmtree(Path(self.circus_socket_file).read_text().strip(), ignore_errors=True)
        Path(self.circus_socket_file).unlink(missing_ok=True)

    def get_ipc_endpoint(self, endpoint: CircusEndpointName) -> str:
        """Return the address of one of the supervisor's sockets."""
        return f"ipc://{self.get_circus_socket_directory()}/{self._paths.socket_names[endpoint]}"

    def get_tcp_endpoint(self, port: int | None = None) -> str:
        """Return a TCP address on this machine."""
        return f"tcp://127.0.0.1:{port or self.get_available_port()}"

    def get_controller_endpoint(self) -> str:
        """Return the address that takes commands."""
        return self.get_ipc_endpoint("controller")

    def get_pubsub_endpoint(self) -> str:
        """Return the address that publishes events."""
        return self.get_ipc_endpoint("pubsub")

    def get_stats_endpoint(self) -> str:
        """Return the address that publishes statistics."""
        return self.get_ipc_endpoint("stats")

    # --- commands that start something ----------------------------------------------------------------------------

    @property
    def cmd_start_daemon_worker(self) -> list[str]:
        """The command that starts one worker in the foreground."""
        return [sys.executable, "-m", "aiida", "-p", self._profile.name, "daemon", "worker"]

    def cmd_start_daemon(self, number_workers: int = 1, foreground: bool = False) -> list[str]:
        """Return the command that starts the supervisor."""
        config = self._profile.storage_config
        plan = Plan(
            name=self.daemon_name,
            command=self.cmd_start_daemon_worker,
            workers=number_workers,
            loglevel=self.loglevel,
            endpoints={key: self.get_ipc_endpoint(key) for key in ("controller", "pubsub", "stats")},
            pid_file=self.circus_pid_file,
            log_file=self.circus_log_file,
            worker_log=self.daemon_log_file,
            graceful_timeout=GRACEFUL_SECONDS,
            environment={"RADAMES_READY_FILE": str(self._paths.ready_file), "PYTHONUNBUFFERED": "True"},
            database=str(Path(config["filepath"]) / "database.sqlite") if "filepath" in config else None,
            foreground=foreground,
        )
        return [sys.executable, "-m", SUPERVISOR, msgspec.json.encode(plan).decode()]

    @staticmethod
    def get_env() -> dict[str, str]:
        """Return the environment of the daemon: this one, with the module search path of this interpreter."""
        path = os.pathsep.join(p for p in sys.path if p)
        return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "True"}

    # --- requests ---------------------------------------------------------------------------------------------------

    def get_daemon_pid(self) -> int | None:
        """Return the supervisor's process id, or None if none is recorded."""
        try:
            return int(Path(self.circus_pid_file).read_text().strip())
        except (OSError, ValueError):
            return None

    @property
    def is_daemon_running(self) -> bool:
        """Whether the supervisor is alive; a stale record of one that died is removed."""
        try:
            self._check_pid()
        except DaemonStalePidException:
            self._clean_up()
            return False
        return self.get_daemon_pid() is not None

    def get_client(self, timeout: int | float | None = None) -> CircusClient:
        """Return a connection to the supervisor; `timeout` in seconds."""
        from circus.client import CircusClient  # a tenth of a second, which most commands need not pay

        return CircusClient(endpoint=self.get_controller_endpoint(), timeout=timeout or CALL_TIMEOUT)

    def call_client(self, command: dict[str, Any], timeout: int | float | None = None) -> dict[str, Any]:
        """Send a command and return the answer. A supervisor busy with an earlier one (`decr`, say) is asked until it is free.

        :raises DaemonNotRunningException: if there is no daemon.
        :raises DaemonTimeoutException: if it does not answer within `timeout` seconds, or is busy for too long.
        :raises DaemonException: if it refuses.
        """
        is_question = command["command"] in QUESTIONS
        deadline = time.monotonic() + (timeout or (CALL_TIMEOUT if is_question else GRACEFUL_SECONDS + 5))
        while (answer := self._call_once(command, timeout)).get("status") == "error":
            reason = str(answer.get("reason", "no reason was given"))
            if "already running" not in reason and not is_question:
                raise DaemonException(f"the daemon refused `{command['command']}`: {reason}")
            if time.monotonic() > deadline:
                raise DaemonTimeoutException(f"the daemon of profile `{self._profile.name}` is still busy: {reason}")
            time.sleep(LOOK_SECONDS)
        return answer

    def _call_once(self, command: dict[str, Any], timeout: int | float | None) -> dict[str, Any]:
        if not self.is_daemon_running:
            raise DaemonNotRunningException(f"the daemon of profile `{self._profile.name}` is not running.")
        client = self.get_client(timeout)
        from circus.exc import CallError

        try:
            answer: dict[str, Any] = client.call(command)
        except CallError as exception:
            if not self.is_daemon_running:
                raise DaemonNotRunningException(f"the daemon of profile `{self._profile.name}` has just ended.") from None
            if str(exception) == "Timed out.":
                raise DaemonTimeoutException(
                    f"the daemon of profile `{self._profile.name}` did not answer within {timeout or CALL_TIMEOUT:g} s; "
                    f"its log is {self.circus_log_file}"
                ) from None
            raise DaemonException(f"the daemon refused `{command['command']}`: {exception}") from None
        finally:
            client.stop()
        return answer

    def get_status(self, timeout: int | None = None) -> dict[str, Any]:
        """Return the supervisor's status, with its process id under `pid`."""
        answer = self.call_client({"command": "status", "properties": {"name": self.daemon_name}}, timeout)
        return {**answer, "pid": self.get_daemon_pid()}

    def get_numprocesses(self, timeout: int | None = None) -> dict[str, Any]:
        """Return the number of workers under `numprocesses`."""
        return self.call_client({"command": "numprocesses", "properties": {"name": self.daemon_name}}, timeout)

    def get_number_of_workers(self, timeout: int | None = None) -> int:
        """Return the number of workers."""
        return int(self.get_numprocesses(timeout).get("numprocesses", 0))

    def get_worker_info(self, timeout: int | None = None) -> dict[str, Any]:
        """Return memory, CPU and start time of each worker, by process id, under `info`."""
        return self.call_client({"command": "stats", "properties": {"name": self.daemon_name}}, timeout)

    def get_daemon_info(self, timeout: int | None = None) -> dict[str, Any]:
        """Return memory, CPU and start time of the supervisor under `info`."""
        return self.call_client({"command": "dstats", "properties": {}}, timeout)

    def increase_workers(self, number: int, timeout: int | None = None, wait: bool = False) -> dict[str, Any]:
        """Add workers; with `wait`, return when they turn."""
        before = self.get_number_of_workers(timeout)
        properties = {"name": self.daemon_name, "nb": number}
        answer = self.call_client({"command": "incr", "properties": properties}, timeout)
        if wait:
            self._await(lambda: len(self._get_ready()) >= before + number, "the new workers are not ready", timeout)
        return answer

    def decrease_workers(self, number: int, timeout: int | None = None, wait: bool = False) -> dict[str, Any]:
        """Remove workers: each finishes what it has in hand; with `wait`, return when they have ended."""
        target = max(0, self.get_number_of_workers(timeout) - number)
        properties = {"name": self.daemon_name, "nb": number}
        answer = self.call_client({"command": "decr", "properties": properties}, timeout)
        if wait:
            self._await(lambda: self._count_alive() <= target, "the workers have not ended", timeout)
        return answer

    def start_daemon(
        self, number_workers: int = 1, foreground: bool = False, wait: bool = True, timeout: int | None = None
    ) -> None:
        """Start the daemon; nothing happens if it runs already.

        :param wait: return only when the workers turn.
        :param timeout: seconds to wait for that; by default the option `daemon.timeout`.
        :raises DaemonException: if it ended at once, with the last line of its log.
        :raises DaemonTimeoutException: if it is not ready in time.
        """
        if self.is_daemon_running:
            return
        self._clean_up()
        command = self.cmd_start_daemon(number_workers, foreground)
        for file in (self.circus_log_file, self.circus_pid_file):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        environment = self.get_env()
        if foreground:
            with contextlib.suppress(KeyboardInterrupt):
                subprocess.run(command, env=environment, check=True)
            return
        try:
            subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        except subprocess.CalledProcessError as exception:
            raise DaemonException(f"the daemon did not start: {exception.output.strip()}") from None
        if wait:
            ready = lambda: len(self._get_ready()) >= number_workers
            self._await(ready, f"the daemon is not ready; see {self.circus_log_file} and {self.daemon_log_file}", timeout, 10)

    def restart_daemon(self, wait: bool = True, timeout: int | None = None) -> dict[str, Any]:
        """Stop the daemon and start it anew with as many workers: new code and settings are read."""
        workers = self.get_number_of_workers(timeout)
        answer = self.stop_daemon(wait=True, timeout=timeout)
        self.start_daemon(number_workers=workers, wait=wait, timeout=timeout)
        return answer

    def stop_daemon(self, wait: bool = True, timeout: int | None = None) -> dict[str, Any]:
        """Stop the daemon: workers finish the effects in hand, and what they held goes on at the next start.

        :param wait: return only when all its processes have ended.
        :raises DaemonNotRunningException: if there is none.
        """
        pid = self.get_daemon_pid()
        family = find_family(pid)
        answer = self.call_client({"command": "quit", "properties": {"waiting": False}}, timeout)
        if wait:
            ended = lambda: not any(is_alive(process) for process in family)
            self._await(ended, "the daemon has not ended yet; its workers finish what they have in hand", timeout, GRACEFUL_SECONDS + 5)
            self._clean_up()
        return answer

    # --- inside -----------------------------------------------------------------------------------------------------

    def _check_pid(self) -> None:
        pid = self.get_daemon_pid()
        if pid is None:
            return
        try:
            command = psutil.Process(pid).cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            command = []
        if SUPERVISOR not in command and "start-circus" not in command:
            raise DaemonStalePidException(f"{self.circus_pid_file} names process {pid}, which is not this daemon")

    def _clean_up(self) -> None:
        Path(self.circus_pid_file).unlink(missing_ok=True)
        self._paths.ready_file.unlink(missing_ok=True)
        self.delete_circus_socket_directory()

    def _get_ready(self) -> list[int]:
        try:
            lines = self._paths.ready_file.read_text().split()
        except OSError:
            return []
        return [int(line) for line in lines if psutil.pid_exists(int(line))]

    def _last_words(self) -> str:
        """Return the last error in the workers' log: a worker that cannot start has said why there."""
        with contextlib.suppress(OSError):
            lines = Path(self.daemon_log_file).read_text(errors="replace").splitlines()[-30:]
            for line in reversed(lines):
                if "Error" in line or "Critical" in line:
                    return f". The workers say: {line.strip()}"
        return ""

    def _count_alive(self) -> int:
        return len(self.get_worker_info().get("info", {}))

    def _await(
        self, is_done: Callable[[], bool], complaint: str, timeout: float | None, at_least: float = CALL_TIMEOUT
    ) -> None:
        """Wait until `is_done`; an explicit time-out is kept to the letter, the default one is lenient."""
        if timeout is None:
            timeout = max(at_least, float(slots.current_settings.get().get("daemon.timeout")))
        deadline = time.monotonic() + timeout
        while not is_done():
            if time.monotonic() > deadline:
                raise DaemonTimeoutException(f"{complaint} (waited {timeout:g} s){self._last_words()}")
            time.sleep(LOOK_SECONDS)


def find_family(pid: int | None) -> list[psutil.Process]:
    """Return a process and all that it started."""
    if pid is None:
        return []
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=False)]
    except psutil.NoSuchProcess:
        return []


def is_alive(process: psutil.Process) -> bool:
    """Return whether the process runs; one that only waits to be reaped does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


__all__ = (
    "DaemonClient",
    "DaemonException",
    "DaemonNotRunningException",
    "DaemonStalePidException",
    "DaemonTimeoutException",
    "get_daemon_client",
)
