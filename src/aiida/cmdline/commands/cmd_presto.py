"""`verdi presto`: a profile that works at once. The same command gives the same set-up everywhere: nothing is probed."""

from __future__ import annotations

import re

import click

from aiida import orm
from aiida.cmdline import utils
from aiida.cmdline.groups.verdi import VerdiCommand
from aiida.cmdline.params import options
from aiida.cmdline.utils import echo, profiles, session
from aiida.common import exceptions
from aiida.common.profile import Profile
from aiida.manage import configuration

__all__ = ("verdi_presto",)

DEFAULT_PROFILE_NAME_PREFIX = "presto"
DEFAULT_EMAIL = "aiida@localhost"


def get_default_presto_profile_name() -> str:
    """Return the first free name of `presto`, `presto-1`, `presto-2`, …"""
    taken = [re.fullmatch(rf"{DEFAULT_PROFILE_NAME_PREFIX}(-(\d+))?", name) for name in session.find_config().profile_names]
    numbers = [int(match.group(2) or 0) for match in taken if match]
    return f"{DEFAULT_PROFILE_NAME_PREFIX}-{max(numbers) + 1}" if numbers else DEFAULT_PROFILE_NAME_PREFIX


def get_default_email() -> str:
    """Return the email that the configuration fills in, else a local one."""
    return session.find_config().get_option("autofill.user.email") or DEFAULT_EMAIL


@click.command("presto", cls=VerdiCommand)
@click.option("-p", "--profile-name", default=get_default_presto_profile_name, show_default="presto, or presto-N", help="Name of the profile.")
@click.option("--email", default=get_default_email, show_default=DEFAULT_EMAIL, help="Email of the user that the data will belong to.")
@click.option("--use-postgres", is_flag=True, help="Keep the data in PostgreSQL; a role and a database are made there.")
@click.option("--use-zeromq", is_flag=True, help="Accepted for compatibility: this is what is done anyway.")
@click.option("--no-broker", is_flag=True, help="Write no broker into the profile. The daemon works all the same, but not that of aiida-core.")
@click.option("--postgres-hostname", default="localhost", show_default=True, help="Host of the PostgreSQL server.")
@click.option("--postgres-port", type=click.INT, default=5432, show_default=True, help="Port of the PostgreSQL server.")
@click.option("--postgres-username", default="postgres", show_default=True, help="Role that may make roles and databases.")
@click.option("--postgres-password", help="Password of that role.")
@options.NON_INTERACTIVE(help="Never ask for anything, not for a password of PostgreSQL either.")
@click.pass_context
def verdi_presto(
    ctx: click.Context, /, profile_name: str, email: str, use_postgres: bool, use_zeromq: bool, no_broker: bool, postgres_hostname: str,
    postgres_port: int, postgres_username: str, postgres_password: str | None, non_interactive: bool,
) -> None:  # fmt: skip
    """Make a profile that works at once; no question, no service needed.

    The data go to an SQLite database and a folder of files, the profile becomes the default one, and this machine is set up
    as the computer `localhost`. Repeat it for another profile. `verdi profile setup` is for those who want to choose.
    """
    if use_zeromq and no_broker:
        raise click.BadParameter("`--use-zeromq` and `--no-broker` exclude each other.")
    config = session.find_config()
    if profile_name in config.profile_names:
        raise click.BadParameter(f"The profile `{profile_name}` already exists.", param_hint="--profile-name")
    backend, storage = "core.sqlite_dos", {"filepath": str(profiles.get_repository_path("sqlite_dos"))}
    if use_postgres:
        try:
            storage = utils.postgres_setup.detect_postgres_config(profile_name, postgres_hostname, postgres_port, postgres_username, postgres_password, non_interactive)
        except (ConnectionError, exceptions.AiidaException, OSError) as error:
            echo.echo_critical(f"{error}.\nNothing was changed. Start PostgreSQL or correct `--postgres-…`; without `--use-postgres` no server is needed.")
        backend = "core.psql_dos"
    echo.echo_report(f"Keeping the data in {'PostgreSQL' if use_postgres else 'SQLite'}.")
    broker = None if no_broker else profiles.LOCAL_BROKER
    profile = profiles.create_profile(config, profile_name, backend, storage, broker=broker, user={"email": email}, set_as_default=True)
    profile.set_option("runner.poll.interval", 1)
    config.update_profile(profile)
    config.store()
    ctx.obj["profile"] = profile
    echo.echo_success(f"Created new profile `{profile_name}`.")
    set_up_localhost(profile)
    echo.echo_success("Configured the localhost as a computer.")
    echo.echo_info("Next: `verdi daemon start`, then `verdi status`.")


def set_up_localhost(profile: Profile) -> orm.Computer:
    """Make this machine a computer of the profile."""
    configuration.load_profile(profile.name, allow_switch=True)
    computer = orm.Computer(
        label="localhost",
        hostname="localhost",
        description="Localhost automatically created by `verdi presto`",
        transport_type="core.local",
        scheduler_type="core.direct",
        workdir=str(session.find_config_dir() / "scratch" / profile.name),
    )
    computer.set_minimum_job_poll_interval(0)
    computer.set_default_mpiprocs_per_machine(1)
    computer.store()
    computer.configure(safe_interval=0)
    return computer
