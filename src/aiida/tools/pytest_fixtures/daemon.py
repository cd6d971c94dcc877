"""The daemon of the test profile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aiida import engine, orm

if TYPE_CHECKING:
    from aiida.common.profile import Profile
    from aiida.engine.daemon.client import DaemonClient
    from aiida.manage.manager import Manager
    from aiida.orm import ProcessNode

_LOOK = 0.1  # seconds between two looks at a process that somebody else runs


@pytest.fixture(scope="session")
def run_aiida_broker_service_for_profile() -> Callable[..., AbstractContextManager[None]]:
    """A context manager for the service of a profile's broker: nothing has to run, the local doorbell needs no service."""

    def factory(profile: Profile, timeout: float = 60.0) -> AbstractContextManager[None]:
        return nullcontext()

    return factory


@pytest.fixture(scope="session", autouse=True)
def run_aiida_broker_service(
    aiida_profile: Profile, run_aiida_broker_service_for_profile: Callable[..., AbstractContextManager[None]]
) -> Iterator[None]:
    """The service of the session profile's broker, while the session runs."""
    with run_aiida_broker_service_for_profile(aiida_profile):
        yield


@pytest.fixture(scope="session")
def daemon_client(aiida_profile: Profile, aiida_manager: Manager) -> Iterator[DaemonClient]:
    """The client of the daemon, which is stopped at the end of the session."""
    client = aiida_manager.get_daemon_client()
    try:
        yield client
    finally:
        if client.is_daemon_running:
            client.stop_daemon(wait=True)


@pytest.fixture
def started_daemon_client(daemon_client: DaemonClient) -> DaemonClient:
    """The client of the daemon, which runs."""
    if not daemon_client.is_daemon_running:
        daemon_client.start_daemon()
    return daemon_client


@pytest.fixture
def stopped_daemon_client(daemon_client: DaemonClient) -> DaemonClient:
    """The client of the daemon, which does not run."""
    if daemon_client.is_daemon_running:
        daemon_client.stop_daemon(wait=True)
    return daemon_client


@pytest.fixture
def submit_and_await(started_daemon_client: DaemonClient) -> Callable[..., ProcessNode]:
    """A function that submits a process, or takes the node of one, and waits until it is in a state."""

    def factory(
        submittable: Any,
        state: engine.ProcessState = engine.ProcessState.FINISHED,
        timeout: int = 20,
        **kwargs: Any,
    ) -> ProcessNode:
        node = submittable if isinstance(submittable, orm.ProcessNode) else engine.submit(submittable, **kwargs)
        deadline = time.monotonic() + timeout
        while node.process_state is not state:
            if node.is_terminated:
                raise RuntimeError(
                    f"{node!r} ended as {node.process_state} instead of {state}: {node.exit_message or node.exception}"
                )
            if time.monotonic() > deadline:
                log = Path(started_daemon_client.daemon_log_file)
                raise RuntimeError(
                    f"Timed out waiting for process with state `{node.process_state}` to enter state `{state}` after {timeout} s.\n"
                    f"Daemon <{started_daemon_client.profile.name}> log:\n{log.read_text() if log.exists() else '(no log)'}"
                )
            time.sleep(_LOOK)
        return node

    return factory
