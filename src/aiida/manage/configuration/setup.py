"""Making a new profile: its storage, its entry in the configuration, its user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiida import orm
from aiida.manage import configuration

if TYPE_CHECKING:
    from aiida.common.profile import Profile
    from aiida.manage.configuration.config import Config
    from aiida.orm import User

__all__ = ("create_default_user", "create_profile")


def create_default_user(
    profile: Profile,
    email: str,
    first_name: str | None = None,
    last_name: str | None = None,
    institution: str | None = None,
) -> User:
    """Return the user of this email in the profile, made or brought up to date, as the owner of its new data."""
    with configuration.profile_context(profile, allow_switch=True):
        manager = configuration._manager()
        found = orm.User.collection.find(filters={"email": email})
        user = found[0] if found else orm.User(email=email)
        for name, value in (("first_name", first_name), ("last_name", last_name), ("institution", institution)):
            if value is not None:
                setattr(user, name, value)
        user.store()
        manager.set_default_user_email(profile, user.email)
    return user


def create_profile(
    config: Config,
    *,
    storage_backend: str,
    storage_config: dict[str, Any],
    broker_backend: str | None = None,
    broker_config: dict[str, Any] | None = None,
    name: str,
    email: str,
    first_name: str | None = None,
    last_name: str | None = None,
    institution: str | None = None,
    is_test_profile: bool = False,
) -> Profile:
    """Make a profile with its storage and its user, write the configuration, and return the profile."""
    profile = config.create_profile(
        name=name,
        storage_backend=storage_backend,
        storage_config=storage_config,
        broker_backend=broker_backend,
        broker_config=broker_config,
        is_test_profile=is_test_profile,
    )
    create_default_user(
        profile=profile, email=email, first_name=first_name, last_name=last_name, institution=institution
    )
    config.store()
    return profile
