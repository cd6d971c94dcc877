"""The daemon client as documented: start, status, more and fewer workers, restart, stop; and its three complaints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.home import Home


def test_start_status_stop(home: Home) -> None:
    seen = home.script(
        """
        client = get_daemon_client()
        before = client.is_daemon_running
        client.start_daemon()
        status = client.get_status()
        running = client.is_daemon_running
        client.stop_daemon(wait=True)
        result = [before, running, status["status"], isinstance(status["pid"], int), client.is_daemon_running]
        """
    )
    assert seen == [False, True, "active", True, False]


def test_workers_more_and_fewer(daemon: Home) -> None:
    seen = daemon.script(
        """
        client = get_daemon_client()
        first = client.get_number_of_workers()
        client.increase_workers(2, wait=True)
        more = client.get_number_of_workers()
        client.decrease_workers(1, wait=True)
        result = [first, more, client.get_numprocesses()["numprocesses"], len(client.get_worker_info()["info"])]
        """
    )
    assert seen == [1, 3, 2, 2]


def test_restart_keeps_the_number_of_workers_and_reads_code_anew(daemon: Home) -> None:
    before, after, count = daemon.script(
        """
        client = get_daemon_client()
        client.increase_workers(1, wait=True)
        before = worker_pids()
        client.restart_daemon()
        result = [before, worker_pids(), client.get_number_of_workers()]
        """
    )
    assert count == 2
    assert not set(before) & set(after)


def test_exceptions_name_the_profile_and_what_to_do(home: Home) -> None:
    message = home.script(
        """
        from aiida.engine.daemon.client import DaemonException, DaemonNotRunningException
        try:
            get_daemon_client().get_status()
        except DaemonNotRunningException as exception:
            assert isinstance(exception, DaemonException)
            result = str(exception)
        """
    )
    assert "presto" in message
    assert "not running" in message


def test_explicit_timeout_is_kept(home: Home) -> None:
    raised, name = home.script(
        """
        from aiida.engine.daemon.client import DaemonTimeoutException
        client = get_daemon_client()
        try:
            client.start_daemon(timeout=0.01)
        except DaemonTimeoutException as exception:
            result = [True, str(exception)]
        wait_until(lambda: client._get_ready())
        client.stop_daemon(wait=True)
        """
    )
    assert raised
    assert "0.01" in name


def test_stale_pid_file_is_no_daemon(home: Home) -> None:
    running = home.script(
        """
        client = get_daemon_client()
        open(client.circus_pid_file, "w").write(str(os.getpid()))
        running = client.is_daemon_running
        client.start_daemon()
        result = [running, client.is_daemon_running]
        client.stop_daemon()
        """
    )
    assert running == [False, True]


def test_unknown_profile_is_named(home: Home) -> None:
    message = home.script(
        """
        from aiida.common import AiidaException
        try:
            get_daemon_client("nobody")
        except AiidaException as exception:
            result = str(exception)
        """
    )
    assert "nobody" in message
