"""`verdi user`."""

from __future__ import annotations

from functools import partial

import click

from aiida import manage, orm
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.params.options.interactive import InteractiveOption
from aiida.cmdline.utils import decorators, echo, session
from aiida.common.profile import Profile
from aiida.manage import configuration

__all__ = ("verdi_user",)


def set_default_user(profile: Profile, user: orm.User) -> None:
    """Make a user the default of a profile, in the configuration and in what is loaded."""
    manage.get_manager().set_default_user_email(profile, user.email)


def get_user_attribute_default(attribute: str, ctx: click.Context) -> str | None:
    """Return what an existing user has, else what is set as autofill."""
    user = session.given(ctx, "user")
    current = getattr(user, attribute, None) if user is not None else None
    found = current or configuration.get_config_option(f"autofill.user.{attribute}")
    return None if found is None else str(found)


def find_default_email(ctx: click.Context) -> str | None:
    """Return the email of the default user."""
    decorators.load_backend_if_not_loaded()
    user = orm.User.collection.get_default()
    return None if user is None else str(user.email)


@click.group("user", cls=VerdiCommandGroup)
def verdi_user() -> None:
    """Manage the users of a profile."""


@verdi_user.command("list")
@decorators.with_dbenv()
def user_list() -> None:
    """List the users; a star marks the default."""
    default = orm.User.collection.get_default()
    users = sorted(orm.User.collection.all(), key=lambda user: user.email)
    chosen = None if default is None else default.email
    rows = [("*" if user.email == chosen else "", user.email, user.first_name, user.last_name, user.institution) for user in users]
    echo.echo_tabulate(rows, headers=["", "Email", "First name", "Last name", "Institution"])
    echo.echo("")
    if default is None:
        echo.echo_warning("no default user has been configured: `verdi user set-default EMAIL` sets one")
    else:
        echo.echo_report("The user highlighted and marked with a * is the default user.")


@verdi_user.command("configure")
@click.option("--email", "user", prompt="User email", cls=InteractiveOption, type=types.UserParamType(create=True),
              contextual_default=find_default_email, help="Email, which identifies the user.")  # fmt: skip
@options.USER_FIRST_NAME(prompt="First name", required=True, cls=InteractiveOption, contextual_default=partial(get_user_attribute_default, "first_name"))
@options.USER_LAST_NAME(prompt="Last name", required=True, cls=InteractiveOption, contextual_default=partial(get_user_attribute_default, "last_name"))
@options.USER_INSTITUTION(prompt="Institution", required=True, cls=InteractiveOption, contextual_default=partial(get_user_attribute_default, "institution"))
@click.option("--set-default", prompt="Set as default?", is_flag=True, default=False, cls=InteractiveOption, help="Make it the default user.")
@decorators.with_dbenv()
def user_configure(user: orm.User, first_name: str, last_name: str, institution: str, set_default: bool) -> None:
    """Make a user or change one."""
    action = "updated" if user.is_stored else "created"
    for name, value in (("first_name", first_name), ("last_name", last_name), ("institution", institution)):
        if value is not None and value != getattr(user, name):
            setattr(user, name, value)
    user.store()
    echo.echo_success(f"{user.email} successfully {action}")
    profile = configuration.get_profile()
    if set_default and profile is not None:
        set_default_user(profile, user)
        echo.echo_success(f"{user.email} set as the default user of profile `{profile.name}`")


@verdi_user.command("set-default")
@arguments.USER()
@decorators.with_dbenv()
def user_set_default(user: orm.User) -> None:
    """Make a user the default one of the profile."""
    profile = configuration.get_profile()
    assert profile is not None, "the profile was loaded before"
    set_default_user(profile, user)
    echo.echo_success(f"Set `{user.email}` as the default user for profile `{profile.name}`")
