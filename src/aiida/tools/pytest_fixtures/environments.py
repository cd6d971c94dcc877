"""A configuration folder and a profile for tests, put in place and taken away again; the fixtures of both generations use it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aiida import orm
from aiida.common import log
from aiida.common.paths import DEFAULT_CONFIG_DIR_NAME, AiiDAConfigDir
from aiida.manage import configuration
from aiida.manage.configuration.setup import create_profile
from aiida.manage.manager import get_manager

if TYPE_CHECKING:
    from aiida.common.profile import Profile
    from aiida.manage.configuration.config import Config

__all__ = ("EMAIL", "clear_storage", "equip", "temporary_config", "temporary_profile")

EMAIL = "test@localhost"
_VARIABLES = ("AIIDA_PATH", "AIIDA_PROFILE")


@contextmanager
def temporary_config(dirpath: Path) -> Iterator[Config]:
    """Within the context the configuration is an empty one in `dirpath`, for this process and for those it starts."""
    manager = get_manager()
    before = manager.get_profile()
    folder, config = AiiDAConfigDir._glb_aiida_config_folder, configuration.CONFIG
    environment = {name: os.environ.get(name) for name in _VARIABLES}
    propagate = log.PROPAGATE

    configuration.reset_config()
    os.environ["AIIDA_PATH"] = str(dirpath)
    os.environ.pop("AIIDA_PROFILE", None)
    log.PROPAGATE = True  # so that `caplog` sees what is logged
    path = Path(dirpath) / DEFAULT_CONFIG_DIR_NAME
    path.mkdir(parents=True, exist_ok=True)
    AiiDAConfigDir.set(path)
    try:
        yield configuration.get_config(create=True)
    finally:
        if manager.get_profile() is not before:
            manager.unload_profile()
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        AiiDAConfigDir._glb_aiida_config_folder = folder
        configuration.CONFIG = config
        log.PROPAGATE = propagate
        if before is not None:
            manager.load_profile(before, allow_switch=True)


@contextmanager
def temporary_profile(
    config: Config,
    *,
    storage_backend: str = "core.sqlite_dos",
    storage_config: dict[str, Any] | None = None,
    broker_backend: str | None = None,
    broker_config: dict[str, Any] | None = None,
    name: str | None = None,
    email: str = EMAIL,
) -> Iterator[Profile]:
    """Within the context a new profile is loaded; the one before is loaded again afterwards."""
    manager = get_manager()
    before = manager.get_profile()
    name = name or uuid4().hex
    default = config.default_profile_name
    settings = storage_config or {}
    if not settings and storage_backend == "core.sqlite_dos":
        settings = {"filepath": str(Path(config.dirpath) / name / "storage")}
    profile = create_profile(
        config,
        storage_backend=storage_backend,
        storage_config=settings,
        broker_backend=broker_backend,
        broker_config=broker_config,
        name=name,
        email=email,
        is_test_profile=True,
    )
    profile = config.get_profile(name)
    profile.set_option("warnings.development_version", False)
    profile.set_option("runner.poll.interval", 1)
    config.set_default_profile(name, overwrite=True)
    config.store()
    manager.load_profile(profile, allow_switch=True)
    try:
        yield equip(profile)
    finally:
        if before is None:
            manager.unload_profile()
        else:
            manager.load_profile(before, allow_switch=True)
        if name in config.profile_names:
            config.remove_profile(name)
        if default is not None and default in config.profile_names:
            config.set_default_profile(default, overwrite=True)
        elif config.default_profile_name == name:
            config._default_profile = None
        if Path(config.filepath).exists():
            config.store()


def equip(profile: Profile) -> Profile:
    """Give the profile the methods that test suites call on it: `reset_storage`, and `clear_profile` of the old fixtures."""

    def reset_storage() -> None:
        clear_storage(profile)

    profile.reset_storage = reset_storage  # type: ignore[attr-defined]
    profile.clear_profile = reset_storage  # type: ignore[attr-defined]
    return profile


def clear_storage(profile: Profile) -> None:
    """Empty the storage of the loaded profile; its default user is there again."""
    manager = get_manager()
    # The engine holds instances of processes whose rows are about to go.
    manager.reset_runner()
    storage = manager.get_profile_storage()
    storage._clear()
    email = profile.default_user_email or EMAIL
    if not orm.User.collection.find(filters={"email": email}):
        orm.User(email=email).store()
    storage.reset_default_user()
