"""A configuration and a profile for the test session, and fresh ones for single tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from aiida.manage import manager as managers
from aiida.tools.pytest_fixtures.environments import temporary_config, temporary_profile

if TYPE_CHECKING:
    from aiida.common.profile import Profile
    from aiida.manage.configuration.config import Config
    from aiida.manage.manager import Manager

ConfigFactory = Callable[[Path], AbstractContextManager["Config"]]
ProfileFactory = Callable[..., AbstractContextManager["Profile"]]


@pytest.fixture(scope="session")
def aiida_manager() -> Manager:
    """The manager of this process."""
    return managers.get_manager()


@pytest.fixture(scope="session")
def aiida_config_factory() -> ConfigFactory:
    """A context manager that puts an empty configuration in a folder in place, and the one before back at its end."""
    return temporary_config


@pytest.fixture(scope="session", autouse=True)
def aiida_config(tmp_path_factory: pytest.TempPathFactory, aiida_config_factory: ConfigFactory) -> Iterator[Config]:
    """The configuration of the test session, in a temporary folder."""
    with aiida_config_factory(tmp_path_factory.mktemp(uuid4().hex)) as config:
        yield config


@pytest.fixture
def aiida_config_tmp(tmp_path: Path, aiida_config_factory: ConfigFactory) -> Iterator[Config]:
    """A configuration for this test alone."""
    with aiida_config_factory(tmp_path) as config:
        yield config


@pytest.fixture(scope="session")
def aiida_profile_factory() -> ProfileFactory:
    """A context manager that makes and loads a profile, and loads the one before at its end."""
    return temporary_profile


@pytest.fixture(scope="session", autouse=True)
def aiida_profile(aiida_config: Config, aiida_profile_factory: ProfileFactory) -> Iterator[Profile]:
    """The profile of the test session: SQLite, no broker. Override it to have another storage or a broker."""
    with aiida_profile_factory(aiida_config) as profile:
        yield profile


@pytest.fixture
def aiida_profile_clean(aiida_profile: Profile) -> Profile:
    """The profile, with nothing in it but its user."""
    aiida_profile.reset_storage()  # type: ignore[attr-defined]
    return aiida_profile


@pytest.fixture(scope="class")
def aiida_profile_clean_class(aiida_profile: Profile) -> Profile:
    """The same, emptied once per class of tests."""
    aiida_profile.reset_storage()  # type: ignore[attr-defined]
    return aiida_profile


@pytest.fixture
def aiida_profile_tmp(aiida_config_tmp: Config, aiida_profile_factory: ProfileFactory) -> Iterator[Profile]:
    """A profile for this test alone."""
    with aiida_profile_factory(aiida_config_tmp) as profile:
        yield profile
