"""Make profiles and take them away: what `verdi presto` and `verdi profile` have in common."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from aiida.cmdline.utils import session
from aiida.common.profile import Profile
from aiida.manage import configuration

__all__ = ("LOCAL_BROKER", "create_profile", "find_data_folder", "get_repository_path")

# What aiida-core writes for its own local broker, so that it can use the profile too. For us it means the local doorbell.
LOCAL_BROKER: tuple[str, dict[str, Any]] = ("core.zeromq", {"supervised_by_daemon": True})


def get_repository_path(kind: str) -> Path:
    """Return a new folder for the data of a profile, below that of the configuration. It is not made."""
    return session.find_config_dir() / "repository" / f"{kind}_{uuid.uuid4().hex}"


def create_profile(
    config: Any, name: str, storage_backend: str, storage_config: Mapping[str, Any], *, broker: tuple[str, dict[str, Any]] | None,
    user: Mapping[str, str | None], set_as_default: bool,
) -> Profile:  # fmt: skip
    """Make the storage, the entry in the configuration and the user."""
    profile: Profile = configuration.create_profile(
        config,
        name=name,
        storage_backend=storage_backend,
        storage_config=dict(storage_config),
        broker_backend=broker[0] if broker else None,
        broker_config=dict(broker[1]) if broker else None,
        email=user.get("email") or "aiida@localhost",
        **{key: value for key, value in user.items() if key != "email"},
    )
    if set_as_default:
        config.set_default_profile(profile.name, overwrite=True)
    config.store()
    return profile


def find_data_folder(profile: Profile) -> Path | None:
    """Return the folder that holds the data of a profile, None if they are not in one."""
    storage = profile.storage_config
    if "filepath" in storage:
        return Path(storage["filepath"])
    return Path(urlparse(storage["repository_uri"]).path) if "repository_uri" in storage else None


def describe_storage(profile: Profile) -> str:
    """Say where the data of a profile are; never with a password."""
    return ", ".join(f"{name}: {value}" for name, value in profile.storage_config.items() if "password" not in name)
