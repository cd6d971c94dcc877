"""What a command needs before it can run: a profile, a daemon."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from aiida import engine, manage
from aiida.cmdline.utils import echo
from aiida.common import exceptions
from aiida.manage import configuration

__all__ = (
    "check_circus_zmq_version",
    "dbenv",
    "deprecated_command",
    "load_backend_if_not_loaded",
    "only_if_daemon_running",
    "requires_broker",
    "requires_loaded_profile",
    "with_broker",
    "with_dbenv",
    "with_manager",
)

F = TypeVar("F", bound=Callable[..., Any])

DAEMON_NOT_RUNNING_DEFAULT_MESSAGE = "daemon is not running: start it with `verdi daemon start`"
NO_PROFILE = "no profile exists yet: make one with `verdi presto`"


def load_backend_if_not_loaded() -> None:
    """Load the profile that was asked for or is the default, unless one is loaded already."""
    ctx = click.get_current_context(silent=True)
    wanted = ctx.obj["profile"] if ctx is not None and ctx.obj is not None and "profile" in ctx.obj else None
    loaded = configuration.get_profile()
    if loaded is not None and (wanted is None or wanted.name == loaded.name):
        return
    configuration.load_profile(wanted.name if wanted is not None else None, allow_switch=True)


def load_dbenv() -> None:
    """Load the profile; what prevents it is one message that says what to do, not a traceback."""
    try:
        load_backend_if_not_loaded()
    except (exceptions.ProfileConfigurationError, exceptions.MissingConfigurationError) as error:
        echo.echo_critical(explain_missing_profile(error))
    except (exceptions.ConfigurationError, exceptions.LockedProfileError, exceptions.IncompatibleDatabaseSchema) as error:
        echo.echo_critical(str(error))


def explain_missing_profile(error: Exception) -> str:
    """Return why there is no profile, with the next step."""
    names = configuration.get_config(create=True).profile_names
    if not names:
        return NO_PROFILE
    return f"{str(error).rstrip('.')}. Known profiles: {', '.join(names)}; `verdi -p NAME …` takes one, `verdi profile set-default NAME` makes it the default."


@contextmanager
def dbenv() -> Iterator[None]:
    """Within the context a profile is loaded."""
    load_dbenv()
    yield


def with_dbenv() -> Callable[[F], F]:
    """Decorate a command to load the profile before it runs."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            load_dbenv()
            return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorate


def with_manager(function: F) -> F:
    """Decorate a command to be given the manager as its first argument."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        load_dbenv()
        return function(manage.get_manager(), *args, **kwargs)

    return wrapper  # type: ignore[return-value]


def requires_loaded_profile() -> Callable[[F], F]:
    """Decorate a command that needs to know which profile it works on. Loading it opens no database, so this is `with_dbenv`."""
    return with_dbenv()


def requires_broker(function: F) -> F:
    """Decorate a command that rings bells. Here every profile can: the database is the queue, so nothing more is required."""
    return with_dbenv()(function)


def with_broker(function: F) -> F:
    """Decorate a command to be given the broker of the profile as the keyword `broker`."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        load_dbenv()
        return function(*args, broker=manage.get_manager().get_broker(), **kwargs)

    return wrapper  # type: ignore[return-value]


def only_if_daemon_running(echo_function: Callable[..., Any] = echo.echo_critical, message: str | None = None) -> Callable[[F], F]:
    """Decorate a command to say something, by default to stop, if no daemon runs."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            load_dbenv()
            if not engine.get_daemon_client().is_daemon_running:
                echo_function(message or DAEMON_NOT_RUNNING_DEFAULT_MESSAGE)
            return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorate


def deprecated_command(message: str) -> Callable[[F], F]:
    """Decorate a command to warn that it goes away."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            echo.echo_deprecated(message)
            return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorate


def check_circus_zmq_version(function: F) -> F:
    """Decorate a command that talks to the supervisor; the versions that we depend on all work, so nothing is checked."""
    return function
