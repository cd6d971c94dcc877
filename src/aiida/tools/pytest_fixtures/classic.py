"""Fixtures of the first generation: `pytest_plugins = ["aiida.manage.tests.pytest_fixtures"]`, which is an alias of this module.

Names and return values are the old ones; underneath they are the new ones. The session's profile is on SQLite, where it used to be on a
temporary PostgreSQL server: nothing has to be installed. `$AIIDA_TEST_PROFILE` names a profile of one's own to run on instead.
"""

from __future__ import annotations

import asyncio
import copy
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from aiida import orm
from aiida.common.exceptions import TestsNotAllowedError
from aiida.common.log import AIIDA_LOGGER
from aiida.manage import configuration
from aiida.manage.manager import get_manager
from aiida.tools.pytest_fixtures.configuration import (
    aiida_manager,
    aiida_profile_clean,
    aiida_profile_clean_class,
)
from aiida.tools.pytest_fixtures.daemon import (
    daemon_client,
    started_daemon_client,
    stopped_daemon_client,
    submit_and_await,
)
from aiida.tools.pytest_fixtures.entry_points import EntryPointManager, entry_points
from aiida.tools.pytest_fixtures.environments import equip, temporary_config, temporary_profile
from aiida.tools.pytest_fixtures.orm import (
    aiida_computer_local,
    aiida_computer_ssh,
    aiida_localhost,
    find_code,
    find_or_make_computer,
    ssh_key,
)
from aiida.tools.pytest_fixtures.storage import make_database, postgres_cluster

if TYPE_CHECKING:
    from aiida.common.profile import Profile
    from aiida.manage.configuration.config import Config
    from aiida.orm import Computer, InstalledCode

__all__ = (
    "EntryPointManager",
    "aiida_caplog",
    "aiida_computer",
    "aiida_computer_local",
    "aiida_computer_ssh",
    "aiida_instance",
    "aiida_local_code_factory",
    "aiida_localhost",
    "aiida_manager",
    "aiida_profile",
    "aiida_profile_clean",
    "aiida_profile_clean_class",
    "aiida_profile_factory",
    "aiida_test_profile",
    "clear_database",
    "clear_database_after_test",
    "clear_database_before_test",
    "clear_database_before_test_class",
    "config_psql_dos",
    "daemon_client",
    "entry_points",
    "postgres_cluster",
    "recursive_merge",
    "ssh_key",
    "started_daemon_client",
    "stopped_daemon_client",
    "submit_and_await",
    "temp_dir",
    "temporary_event_loop",
)


def recursive_merge(left: Mapping[Any, Any], right: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the left mapping with what the right one says, level by level."""
    merged = copy.deepcopy(dict(left))
    for key, value in right.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = recursive_merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


@pytest.fixture
def aiida_caplog(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """`caplog`, with what our loggers say."""
    before = AIIDA_LOGGER.propagate
    AIIDA_LOGGER.propagate = True
    try:
        yield caplog
    finally:
        AIIDA_LOGGER.propagate = before


@pytest.fixture(scope="session")
def aiida_test_profile() -> str | None:
    """The name of the profile that tests are to run on, if one is named in the environment."""
    return os.environ.get("AIIDA_TEST_PROFILE") or None


@pytest.fixture(scope="session")
def aiida_instance(aiida_test_profile: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """The configuration: the user's own if the tests run on a profile of it, else a temporary one."""
    if aiida_test_profile:
        yield configuration.get_config()
    else:
        with temporary_config(tmp_path_factory.mktemp(uuid4().hex)) as config:
            yield config


def _unpack(custom: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the arguments for a profile from an entry of a configuration file."""
    entry = custom or {}
    arguments: dict[str, Any] = {}
    for key, names in (
        ("storage", ("storage_backend", "storage_config")),
        ("process_control", ("broker_backend", "broker_config")),
    ):
        if key in entry:
            arguments[names[0]] = entry[key].get("backend")
            arguments[names[1]] = entry[key].get("config")
    if arguments.get("storage_backend") is None:
        arguments.pop("storage_backend", None)
    return arguments


@pytest.fixture(scope="session")
def aiida_profile_factory(aiida_instance: Config) -> Iterator[Callable[..., Profile]]:
    """A factory of profiles, loaded until the end of the session."""
    with ExitStack() as stack:

        def factory(custom_configuration: Mapping[str, Any] | None = None) -> Profile:
            return stack.enter_context(temporary_profile(aiida_instance, **_unpack(custom_configuration)))

        yield factory


@pytest.fixture(scope="session", autouse=True)
def aiida_profile(
    aiida_instance: Config, aiida_test_profile: str | None, aiida_profile_factory: Callable[..., Profile]
) -> Profile:
    """The profile that the tests run on."""
    if not aiida_test_profile:
        return aiida_profile_factory()
    profile = get_manager().load_profile(aiida_test_profile)
    if not profile.is_test_profile:
        raise TestsNotAllowedError(
            f"the profile `{aiida_test_profile}` named in `$AIIDA_TEST_PROFILE` is not marked as a test profile: tests would delete its data"
        )
    return equip(profile)


@pytest.fixture
def clear_database(clear_database_after_test: Profile) -> Profile:
    """The same as `clear_database_after_test`."""
    return clear_database_after_test


@pytest.fixture
def clear_database_after_test(aiida_profile: Profile) -> Iterator[Profile]:
    """The profile, emptied after the test."""
    yield aiida_profile
    aiida_profile.reset_storage()  # type: ignore[attr-defined]


@pytest.fixture
def clear_database_before_test(aiida_profile: Profile) -> Profile:
    """The profile, emptied before the test."""
    aiida_profile.reset_storage()  # type: ignore[attr-defined]
    return aiida_profile


@pytest.fixture(scope="class")
def clear_database_before_test_class(aiida_profile: Profile) -> Profile:
    """The profile, emptied before the tests of a class."""
    aiida_profile.reset_storage()  # type: ignore[attr-defined]
    return aiida_profile


@pytest.fixture
def temporary_event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop for this test."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@pytest.fixture
def temp_dir(tmp_path: Path) -> str:
    """The path of a temporary folder."""
    return str(tmp_path)


@pytest.fixture(scope="session")
def config_psql_dos(postgres_cluster: Any) -> Callable[..., dict[str, Any]]:
    """A factory of entries of the configuration, each with a new database on the temporary server."""

    def factory(custom_configuration: Mapping[str, Any] | None = None) -> dict[str, Any]:
        entry = {"storage": {"backend": "core.psql_dos", "config": make_database(postgres_cluster)}}
        return recursive_merge(entry, custom_configuration or {})

    return factory


@pytest.fixture
def aiida_computer(tmp_path: Path) -> Callable[..., Computer]:
    """A factory of computers."""

    def factory(
        label: str | None = None,
        minimum_job_poll_interval: int = 0,
        default_mpiprocs_per_machine: int = 1,
        configuration_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Computer:
        return find_or_make_computer(
            label,
            tmp_path,
            minimum_job_poll_interval=minimum_job_poll_interval,
            default_mpiprocs_per_machine=default_mpiprocs_per_machine,
            configuration_kwargs=configuration_kwargs,
            **kwargs,
        )

    return factory


@pytest.fixture
def aiida_local_code_factory(aiida_localhost: Computer) -> Callable[..., InstalledCode]:
    """A factory of codes whose executable is looked for in `$PATH`."""

    def factory(
        entry_point: str, executable: str, computer: Computer = aiida_localhost, label: str | None = None, **kwargs: Any
    ) -> InstalledCode:
        label = label or executable
        found = find_code(label, computer)
        if found is not None and found.default_calc_job_plugin == entry_point:
            code: InstalledCode = found
            return code
        path = shutil.which(executable)
        if not path:
            raise ValueError(f'The executable "{executable}" was not found in the $PATH.')
        return orm.InstalledCode(
            label=label,
            description=label,
            default_calc_job_plugin=entry_point,
            computer=computer,
            filepath_executable=path,
            **kwargs,
        ).store()

    return factory
