"""`verdi profile`."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import click

from aiida import engine
from aiida.cmdline.groups.dynamic import DynamicEntryPointCommandGroup
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import arguments, options
from aiida.cmdline.params.options.commands import setup
from aiida.cmdline.utils import defaults, echo, profiles, session
from aiida.common import exceptions
from aiida.common.profile import Profile
from aiida.plugins import entry_point as entry_points

__all__ = ("verdi_profile",)


@click.group("profile", cls=VerdiCommandGroup)
def verdi_profile() -> None:
    """Make and manage profiles."""


def command_create_profile(
    ctx: click.Context, storage_cls: Any, profile: Profile, set_as_default: bool = True, email: str | None = None,
    first_name: str | None = None, last_name: str | None = None, institution: str | None = None, broker: str = "core.zeromq",
    use_rabbitmq: bool | None = None, **kwargs: Any,
) -> None:  # fmt: skip
    """Make a profile with a storage of the given class."""
    if not storage_cls.read_only and email is None:
        raise click.BadParameter("The option is required for storages that can be written to.", param_hint="--email")
    backend = entry_points.get_entry_point_from_class(storage_cls.__module__, storage_cls.__name__)[1]
    name = backend.name if backend is not None else ctx.info_name
    user = {"email": email, "first_name": first_name, "last_name": last_name, "institution": institution}
    if use_rabbitmq is not None:
        broker = "core.rabbitmq" if use_rabbitmq else "none"
    config = session.find_config()
    try:
        made = profiles.create_profile(config, profile.name, str(name), kwargs, broker=BROKERS[broker], user=user, set_as_default=set_as_default)
    except (ValueError, exceptions.AiidaException, OSError) as error:
        echo.echo_critical(f"cannot make the profile `{profile.name}`: {error}\nNothing was changed in the configuration.")
    ctx.obj["profile"] = made
    echo.echo_success(f"Created new profile `{made.name}`.")
    if set_as_default:
        echo.echo_success(f"{made.name} set as default profile")


# What is written for each broker that may be named; RabbitMQ's connection can be changed with `configure-broker`.
BROKERS: dict[str, tuple[str, dict[str, Any]] | None] = {
    "core.rabbitmq": (
        "core.rabbitmq",
        {
            "broker_protocol": "amqp",
            "broker_username": "guest",
            "broker_password": "guest",
            "broker_host": "127.0.0.1",
            "broker_port": 5672,
            "broker_virtual_host": "",
        },
    ),
    "core.zeromq": profiles.LOCAL_BROKER,
    "none": None,
}


@verdi_profile.group(
    "setup",
    cls=DynamicEntryPointCommandGroup,
    command=command_create_profile,
    entry_point_group="aiida.storage",
    entry_point_name_filter=r"^(?!core\.sqlite_temp$).*",
    shared_options=[
        setup.SETUP_PROFILE(),
        setup.SETUP_PROFILE_SET_AS_DEFAULT(),
        setup.SETUP_USER_EMAIL(required=False),
        setup.SETUP_USER_FIRST_NAME(),
        setup.SETUP_USER_LAST_NAME(),
        setup.SETUP_USER_INSTITUTION(),
        setup.SETUP_BROKER(),
        setup.SETUP_USE_RABBITMQ(),
    ],
)
def profile_setup() -> None:
    """Make a profile with the storage of your choice."""


@verdi_profile.command("list")
def profile_list() -> None:
    """List the profiles; a star marks the default."""
    config = session.find_config()
    echo.echo_report(f"configuration folder: {config.dirpath}")
    if not config.profiles:
        echo.echo_warning("there is no profile yet: `verdi presto` makes one")
        return
    is_default = lambda profile: profile.name == config.default_profile_name
    echo.echo_formatted_list(config.profiles, ["name"], sort=lambda profile: profile.name, highlight=is_default)


def _strip_private_keys(dictionary: dict[str, Any]) -> dict[str, Any]:
    """Return the dictionary without keys that begin with an underscore."""
    return {k: _strip_private_keys(v) if isinstance(v, dict) else v for k, v in dictionary.items() if not k.startswith("_")}


@verdi_profile.command("show")
@arguments.PROFILE(default=defaults.get_default_profile)
def profile_show(profile: Profile | None) -> None:
    """Show the settings of a profile, by default of the default one."""
    if profile is None:
        echo.echo_critical("there is no default profile: name one, see `verdi profile list`")
    echo.echo_report(f"Profile: {profile.name}")
    echo.echo_dictionary(_strip_private_keys(profile.dictionary), fmt="yaml")


def _set_default(profile: Profile) -> None:
    config = session.find_config()
    config.set_default_profile(profile.name, overwrite=True)
    config.store()
    echo.echo_success(f"{profile.name} set as default profile")


@verdi_profile.command("set-default")
@arguments.PROFILE()
def profile_set_default(profile: Profile) -> None:
    """Make a profile the default one."""
    _set_default(profile)


@verdi_profile.command("setdefault", deprecated="Please use `verdi profile set-default` instead.")
@arguments.PROFILE()
def profile_setdefault(profile: Profile) -> None:
    """Make a profile the default one (now `set-default`)."""
    _set_default(profile)


@verdi_profile.command("delete")
@options.FORCE(help="Do not ask; `--delete-data` or `--keep-data` must then be given.")
@click.option("--delete-data/--keep-data", default=None, help="Whether to delete the data of the profile, too.")
@arguments.PROFILES(required=True)
def profile_delete(force: bool, delete_data: bool | None, profiles: tuple[Profile, ...]) -> None:
    """Delete profiles; asks about the data, and again before they go."""
    if force and delete_data is None:
        raise click.BadParameter("When the `-f/--force` flag is used either `--delete-data` or `--keep-data` has to be explicitly specified.")
    for profile in profiles:
        _delete_one(profile, force, delete_data)


def _delete_one(profile: Profile, force: bool, delete_data: bool | None) -> None:
    """Delete one profile, after asking."""
    daemon = engine.DaemonClient(profile)
    if daemon.is_daemon_running:
        echo.echo_critical(f"the daemon of profile `{profile.name}` is running: stop it first with `verdi -p {profile.name} daemon stop`")
    if delete_data is None:
        echo.echo_warning("Do you also want to permanently delete all data?", nl=False)
        delete_data = click.confirm("", default=False, prompt_suffix=": ")
    if not force:
        suffix = "including all data" if delete_data else "without any data"
        echo.echo_warning(f"Deleting profile `{profile.name}`, {suffix}. This operation cannot be undone, are you sure you want to continue?", nl=False)
        if not click.confirm("", default=False, prompt_suffix=": "):
            echo.echo_report(f"Deleting of `{profile.name}` cancelled.")
            return
    config = session.find_config()
    was_default = config.default_profile_name == profile.name
    config.delete_profile(profile.name, delete_storage=bool(delete_data))
    if not delete_data:
        echo.echo_report(f"The data are kept: {profiles.describe_storage(profile)}")
    others = [name for name in config.profile_names if name != profile.name]
    if was_default and others:
        if config.default_profile_name not in others:
            config.set_default_profile(others[0], overwrite=True)
            config.store()
        echo.echo_warning(f"`{profile.name}` was the default profile, setting `{config.default_profile_name}` as the new default.")
    elif was_default:
        echo.echo_warning(f"`{profile.name}` was the default profile, no profiles remain to set as default.")
    echo.echo_success(f"Profile `{profile.name}` was deleted.")


def _store_broker(profile: Profile, name: str | None, settings: dict[str, Any]) -> None:
    """Write a broker into the configuration."""
    config = session.find_config()
    profile.set_process_controller(name, settings)
    config.update_profile(profile)
    config.store()


def _rabbitmq_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to reach RabbitMQ."""
    for option in reversed([
        setup.SETUP_BROKER_PROTOCOL, setup.SETUP_BROKER_USERNAME, setup.SETUP_BROKER_PASSWORD, setup.SETUP_BROKER_HOST,
        setup.SETUP_BROKER_PORT, setup.SETUP_BROKER_VIRTUAL_HOST,
    ]):  # fmt: skip
        function = option()(function)
    return function


def _configure_rabbitmq(profile: Profile | None, force: bool, non_interactive: bool, **settings: Any) -> None:
    """Write the connection to RabbitMQ into a profile, if it answers or is forced."""
    if profile is None:
        echo.echo_critical("there is no default profile: name one, see `verdi profile list`")
    try:
        socket.create_connection((settings["broker_host"], settings["broker_port"]), timeout=3).close()
        echo.echo_report(f"A server listens at {settings['broker_host']}:{settings['broker_port']}.")
    except OSError as error:
        echo.echo_warning(f"Unable to connect to RabbitMQ server at {settings['broker_host']}:{settings['broker_port']}: {error}")
        if not force and (non_interactive or not click.confirm("Do you want to keep these settings all the same?", default=False)):
            echo.echo_critical(f"Aborting RabbitMQ configuration for `{profile.name}`. Rerun with `--force` to store them anyway.")
    _store_broker(profile, "core.rabbitmq", settings)
    shown = {key: "***" if key == "broker_password" else value for key, value in settings.items()}
    echo.echo_success(f"RabbitMQ configuration for `{profile.name}` updated to: {shown}")


@verdi_profile.group("configure-broker", cls=VerdiCommandGroup)
def configure_broker() -> None:
    """Choose what rings when there is work; without any, workers look by themselves."""


@configure_broker.command("core.rabbitmq")
@arguments.PROFILE(default=defaults.get_default_profile)
@options.FORCE(help="Keep the settings though the server does not answer.")
@_rabbitmq_options
@options.NON_INTERACTIVE()
def configure_broker_rabbitmq(**kwargs: Any) -> None:
    """Ring through RabbitMQ: for workers on several machines."""
    _configure_rabbitmq(**kwargs)


@configure_broker.command("core.zeromq")
@arguments.PROFILE(default=defaults.get_default_profile)
@options.FORCE()
@options.NON_INTERACTIVE()
def configure_broker_zeromq(profile: Profile, force: bool, non_interactive: bool) -> None:
    """Ring through a socket of this machine."""
    _store_broker(profile, *profiles.LOCAL_BROKER)
    echo.echo_success(f"Broker of `{profile.name}` set to the local one.")


@configure_broker.command("none")
@arguments.PROFILE(default=defaults.get_default_profile)
@options.FORCE()
@options.NON_INTERACTIVE()
def configure_broker_none(profile: Profile, force: bool, non_interactive: bool) -> None:
    """Write no broker into the profile: the same as the local one here, but aiida-core then starts no daemon on it."""
    _store_broker(profile, None, {})
    echo.echo_report(f"Broker disabled for `{profile.name}`.")


@verdi_profile.command("configure-rabbitmq", deprecated="Please use `verdi profile configure-broker core.rabbitmq` instead.")
@arguments.PROFILE(default=defaults.get_default_profile)
@options.FORCE(help="Keep the settings though the server does not answer.")
@_rabbitmq_options
@options.NON_INTERACTIVE(default=True, show_default="--non-interactive")
def profile_configure_rabbitmq(**kwargs: Any) -> None:
    """Ring through RabbitMQ (now `configure-broker core.rabbitmq`)."""
    _configure_rabbitmq(**kwargs)


