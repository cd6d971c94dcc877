"""`verdi status`: one line per part, and the next step for each that is not there."""

from __future__ import annotations

import enum
import sys
import traceback
from typing import Any

import click

import aiida
from aiida import engine, manage
from aiida.cmdline import utils
from aiida.cmdline.groups.verdi import VerdiCommand
from aiida.cmdline.params import options
from aiida.cmdline.utils import decorators, echo, installation, profiles, session
from aiida.common import exceptions
from aiida.common.profile import Profile
from aiida.common.warnings import warn_deprecation
from aiida.manage import configuration

__all__ = ("verdi_status",)


class ServiceStatus(enum.IntEnum):
    """How a part is."""

    UP = 0
    ERROR = 1
    WARNING = 2
    DOWN = 3


STATUS_SYMBOLS = {
    ServiceStatus.UP: ("green", "\u2714"),
    ServiceStatus.ERROR: ("red", "\u2718"),
    ServiceStatus.WARNING: ("yellow", "\u23fa"),
    ServiceStatus.DOWN: ("red", "\u2718"),
}


def print_status(status: ServiceStatus, service: str, message: str = "", exception: Exception | None = None, print_traceback: bool = False) -> None:
    """Print the line of one part; what broke it goes to the standard error."""
    colour, symbol = STATUS_SYMBOLS[status]
    echo.echo(f" {symbol} ", fg=colour, nl=False)
    echo.echo(f"{service + ':':12s} {message}")
    if exception is not None:
        echo.echo_error(echo.brief(exception))
        if print_traceback:
            traceback.print_exception(exception)


@click.command("status", cls=VerdiCommand)
@options.PRINT_TRACEBACK()
@click.option("--no-rmq", is_flag=True, help="Do not look for a broker (deprecated).")
@click.pass_context
def verdi_status(ctx: click.Context, /, print_traceback: bool, no_rmq: bool) -> None:
    """Say what of AiiDA is there and works. Exits with 3 if something does not."""
    if no_rmq:
        warn_deprecation("`--no-rmq` has no meaning any more: a broker that does not answer is no error.", version=3)
    print_status(ServiceStatus.UP, "version", f"AiiDA v{aiida.__version__} (Radames v{aiida.radames_version})")
    is_well = True
    if (rival := installation.find_rival()) is not None:
        print_status(ServiceStatus.ERROR, "packages", installation.CONFLICT.format(version=rival))
        is_well = False
    try:
        print_status(ServiceStatus.UP, "config", str(session.find_config_dir()))
    except (exceptions.ConfigurationError, OSError) as error:
        print_status(ServiceStatus.ERROR, "config", "cannot be read", error, print_traceback)
        sys.exit(echo.ExitCode.CRITICAL + 2)
    profile = _check_profile(ctx, print_traceback)
    if profile is None:
        sys.exit(0 if is_well and not session.find_config().profile_names else 3)
    is_well &= _check_storage(profile, print_traceback)
    if is_well:
        _check_broker(profile)
        _check_computers()
    is_well &= _check_daemon(profile, print_traceback)
    if not is_well:
        sys.exit(3)


def _check_profile(ctx: click.Context, print_traceback: bool) -> Profile | None:
    """Print which profile is looked at."""
    if not session.find_config().profile_names:
        print_status(ServiceStatus.WARNING, "profile", decorators.NO_PROFILE)
        return None
    try:
        profile: Profile | None = ctx.obj.profile
    except exceptions.ConfigurationError as error:
        print_status(ServiceStatus.ERROR, "profile", "cannot be read", error, print_traceback)
        return None
    if profile is None:
        print_status(ServiceStatus.WARNING, "profile", "there is no default profile: `verdi profile set-default NAME` sets one")
        return None
    print_status(ServiceStatus.UP, "profile", profile.name)
    return profile


def _check_storage(profile: Profile, print_traceback: bool) -> bool:
    """Open the storage and print which it is."""
    try:
        configuration.load_profile(profile.name, allow_switch=True)
        storage = manage.get_manager().get_profile_storage()
        print_status(ServiceStatus.UP, "storage", str(storage))
    except exceptions.IncompatibleDatabaseSchema as error:
        print_status(ServiceStatus.DOWN, "storage", "is of another version", error, print_traceback)
    except exceptions.CorruptStorage as error:
        print_status(ServiceStatus.DOWN, "storage", "is damaged", error, print_traceback)
    except Exception as error:
        print_status(ServiceStatus.DOWN, "storage", f"cannot be opened: {profiles.describe_storage(profile)}", error, print_traceback)
    else:
        return True
    return False


def _check_broker(profile: Profile) -> None:
    """Print what rings. One that does not answer is a warning: processes run all the same, only later."""
    if profile.process_control_backend in (None, "core.zeromq"):
        return
    try:
        broker: Any = manage.get_manager().get_broker()
        found = broker.probe_service_status()
        print_status(ServiceStatus.UP if found.reachable else ServiceStatus.WARNING, "broker", found.message)
    except Exception as error:
        print_status(ServiceStatus.WARNING, "broker", f"{profile.process_control_backend} does not answer ({error}); workers look for work by themselves")


def _check_computers() -> None:
    """Print one line for each computer that does not answer while jobs wait for it."""
    for line in utils.explain.list_outages(manage.get_manager().get_profile_storage()):
        print_status(ServiceStatus.WARNING, "computer", line)


def _check_daemon(profile: Profile, print_traceback: bool) -> bool:
    """Print whether the daemon runs."""
    try:
        client = engine.DaemonClient(profile)
        if not client.is_daemon_running:
            print_status(ServiceStatus.WARNING, "daemon", "The daemon is not running. `verdi daemon start` starts it.")
            return True
        count = client.get_number_of_workers()
        words = "1 worker" if count == 1 else f"{count} workers"
        print_status(ServiceStatus.UP, "daemon", f"Daemon is running with PID {client.get_daemon_pid()} and {words}")
    except exceptions.AiidaException as error:
        print_status(ServiceStatus.ERROR, "daemon", "does not answer", error, print_traceback)
        return False
    return True
