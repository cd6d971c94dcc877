"""The command `verdi computer configure PLUGIN` of a transport, made from the settings that the transport declares."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from aiida import orm, plugins
from aiida.cmdline import fields
from aiida.cmdline.groups.verdi import VerdiCommand
from aiida.cmdline.params import arguments, options
from aiida.cmdline.utils import decorators, echo, session
from aiida.common import exceptions

__all__ = (
    "common_params", "configure_computer_main", "create_configure_cmd", "create_option", "interactive_default",
    "list_transport_options", "match_comp_transport", "transport_option_default", "transport_options",
)  # fmt: skip


def match_comp_transport(ctx: click.Context, param: click.Parameter, computer: orm.Computer, transport_type: str) -> orm.Computer:
    """Check that a computer is reached by the transport that is being configured."""
    if computer.transport_type != transport_type:
        echo.echo_critical(f'Computer {computer.label} has transport of type "{computer.transport_type}", not {transport_type}!')
    return computer


def configure_computer_main(computer: orm.Computer, user: orm.User | None, **kwargs: Any) -> None:
    """Store the settings of the connection of a user to a computer."""
    owner = user or orm.User.collection.get_default()
    echo.echo_report(f"Configuring computer {computer.label} for user {owner.email}.")
    if owner.email != orm.User.collection.get_default().email:
        echo.echo_report("Configuring different user, defaults may not be appropriate.")
    kwargs.pop("non_interactive", None)
    # What was left open is for the transport to decide, now and later.
    computer.configure(user=owner, **{key: value for key, value in kwargs.items() if value is not None})
    echo.echo_success(f"{computer.label} successfully configured for {owner.email}")


def transport_option_default(name: str, computer: orm.Computer) -> Any:
    """Return what the transport suggests for a setting of this computer."""
    cls = computer.get_transport_class()
    suggest = getattr(cls, f"_get_{name}_suggestion_string", None)
    return suggest(computer) if suggest is not None else cls.auth_options[name].get("default")


def interactive_default(key: str, also_non_interactive: bool = False) -> Callable[[click.Context], Any]:
    """Return a function that gives the default of a setting: what is stored, else what the transport suggests."""

    def find_default(ctx: click.Context) -> Any:
        if session.given(ctx, "non_interactive") and not also_non_interactive:
            return None
        computer = session.given(ctx, "computer")
        if computer is None:
            return None
        user = session.given(ctx, "user") or orm.User.collection.get_default()
        try:
            stored = computer.get_authinfo(user).get_auth_params()
        except exceptions.NotExistent:
            stored = {}
        return stored[key] if key in stored else transport_option_default(key, computer)

    return find_default


def create_option(name: str, spec: dict[str, Any]) -> Callable[[Any], Any]:
    """Return the option of one setting, as transports declare it."""
    setting = fields._from_auth_option(name, spec)
    return fields.to_option(setting, contextual_default=interactive_default(name, spec.get("non_interactive_default", False)))


def list_transport_options(transport_type: str) -> list[Callable[[Any], Any]]:
    """Return the options of a transport."""
    return [create_option(name, spec) for name, spec in plugins.TransportFactory(transport_type).auth_options.items()]


def transport_options(transport_type: str) -> Callable[[Any], Any]:
    """Return the decorator that adds the options of a transport."""

    def apply(function: Any) -> Any:
        for option in reversed(list_transport_options(transport_type)):
            function = option(function)
        return function

    return apply


def common_params(command_func: Any) -> Any:
    """Add what every such command takes: the computer, the user, whether to ask, a file of values."""
    # The computer decides the defaults of the settings, so it is read before them.
    for add in (options.CONFIG_FILE(), options.USER(is_eager=True), options.NON_INTERACTIVE()):
        command_func = add(command_func)
    return command_func


def create_configure_cmd(transport_type: str) -> click.Command:
    """Return the command that configures a computer reached by this transport."""
    check = functools.partial(match_comp_transport, transport_type=transport_type)

    @click.command(transport_type, cls=VerdiCommand, help=f"Say how to connect to a computer by {transport_type}.")
    @arguments.COMPUTER(callback=check, is_eager=True)
    @transport_options(transport_type)
    @common_params
    @decorators.with_dbenv()
    def configure(computer: orm.Computer, user: orm.User | None, **kwargs: Any) -> None:
        configure_computer_main(computer, user, **kwargs)

    return configure


# The commands that the table of entry points names; made when they are asked for.
_NAMED = {"CONFIGURE_LOCAL_CMD": "core.local", "CONFIGURE_SSH_CMD": "core.ssh"}


def __getattr__(name: str) -> Any:
    if name in _NAMED:
        return create_configure_cmd(_NAMED[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
