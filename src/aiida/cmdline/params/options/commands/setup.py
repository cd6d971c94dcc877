"""Options to make a profile."""

from __future__ import annotations

import functools
from typing import Any

import click

from aiida.cmdline.params import options, types
from aiida.cmdline.params.options.interactive import InteractiveOption
from aiida.cmdline.utils import profiles, session

__all__ = (
    "SETUP_BROKER",
    "SETUP_BROKER_HOST",
    "SETUP_BROKER_PASSWORD",
    "SETUP_BROKER_PORT",
    "SETUP_BROKER_PROTOCOL",
    "SETUP_BROKER_USERNAME",
    "SETUP_BROKER_VIRTUAL_HOST",
    "SETUP_PROFILE",
    "SETUP_PROFILE_SET_AS_DEFAULT",
    "SETUP_USER_EMAIL",
    "SETUP_USER_FIRST_NAME",
    "SETUP_USER_INSTITUTION",
    "SETUP_USER_LAST_NAME",
    "SETUP_USE_RABBITMQ",
    "get_profile_attribute_default",
    "get_repository_uri_default",
    "get_user_attribute_default",
    "validate_profile_parameter",
)


def validate_profile_parameter(ctx: click.Context) -> None:
    """Check that the profile was given before the options that depend on it."""
    if session.given(ctx, "profile") is None:
        raise click.BadParameter("specifying the name of the profile is required", param_hint='"--profile"')


def get_profile_attribute_default(attribute_tuple: tuple[str, Any], ctx: click.Context) -> Any:
    """Return an attribute of the profile that was given, or what stands for it."""
    attribute, default = attribute_tuple
    value = session.given(ctx, "profile")
    for part in attribute.split("."):
        value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
    return default if value is None else value


def get_repository_uri_default(ctx: click.Context) -> str:
    """Return a new folder for files."""
    validate_profile_parameter(ctx)
    return str(profiles.get_repository_path("psql_dos"))


def get_user_attribute_default(name: str, fallback: str, _ctx: click.Context) -> str:
    """Return what the configuration fills in for a new user."""
    return session.find_config().get_option(f"autofill.user.{name}") or fallback


def _user(option: options.OverridableOption, prompt: str, name: str, fallback: str) -> options.OverridableOption:
    return option.clone(prompt=prompt, required=True, cls=InteractiveOption, contextual_default=functools.partial(get_user_attribute_default, name, fallback))


def _broker(option: options.OverridableOption, prompt: str) -> options.OverridableOption:
    return option.clone(prompt=prompt, required=True, cls=InteractiveOption)


SETUP_PROFILE = options.OverridableOption(
    "-p", "--profile-name", "profile", prompt="Profile name", required=True, type=types.ProfileParamType(cannot_exist=True),
    cls=InteractiveOption, help="Name of the new profile.",
)  # fmt: skip
SETUP_PROFILE_SET_AS_DEFAULT = options.OverridableOption(
    "--set-as-default/--no-set-as-default", prompt="Set as default?", is_flag=True, default=True, cls=InteractiveOption,
    help="Whether to make it the default profile.",
)  # fmt: skip
SETUP_USER_EMAIL = _user(options.USER_EMAIL, "Email Address (for sharing data)", "email", "aiida@localhost")
SETUP_USER_FIRST_NAME = _user(options.USER_FIRST_NAME, "First name", "first_name", "John")
SETUP_USER_LAST_NAME = _user(options.USER_LAST_NAME, "Last name", "last_name", "Doe")
SETUP_USER_INSTITUTION = _user(options.USER_INSTITUTION, "Institution", "institution", "Unknown")
SETUP_BROKER = options.OverridableOption(
    "--broker", prompt="Broker", type=click.Choice(["core.rabbitmq", "core.zeromq", "none"]), default="core.zeromq", show_default=True,
    cls=InteractiveOption, help="What rings when there is work. The local one suits one machine; nothing depends on it but the delay.",
)  # fmt: skip
SETUP_USE_RABBITMQ = options.OverridableOption(
    "--use-rabbitmq/--no-use-rabbitmq", is_flag=True, default=None, hidden=True, help="The same as `--broker core.rabbitmq` or `--broker none`."
)
SETUP_BROKER_PROTOCOL = _broker(options.BROKER_PROTOCOL, "Broker protocol")
SETUP_BROKER_USERNAME = _broker(options.BROKER_USERNAME, "Broker username")
SETUP_BROKER_PASSWORD = _broker(options.BROKER_PASSWORD, "Broker password")
SETUP_BROKER_HOST = _broker(options.BROKER_HOST, "Broker host")
SETUP_BROKER_PORT = _broker(options.BROKER_PORT, "Broker port")
SETUP_BROKER_VIRTUAL_HOST = _broker(options.BROKER_VIRTUAL_HOST, "Broker virtual host name")
