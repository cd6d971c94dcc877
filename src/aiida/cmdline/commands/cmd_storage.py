"""`verdi storage`."""

from __future__ import annotations

import pathlib
from typing import Any

import click

from aiida import engine, manage
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import options
from aiida.cmdline.utils import decorators, echo, progress
from aiida.common import exceptions

__all__ = ("verdi_storage",)


_SHOWN = 20


@click.group("storage", cls=VerdiCommandGroup)
def verdi_storage() -> None:
    """Look after the stored data of a profile."""


def _profile(ctx: click.Context) -> Any:
    profile = ctx.obj.profile
    if profile is None:
        echo.echo_critical(decorators.NO_PROFILE)
    return profile


@verdi_storage.command("version")
@click.pass_context
def storage_version(ctx: click.Context, /) -> None:
    """Print the version of the storage's schema, and the latest one. Exits with 3 or 4 if it cannot be used or read."""
    profile = _profile(ctx)
    cls = profile.storage_cls
    echo.echo(f"Latest storage schema version: {cls.version_head()!r}")
    try:
        found = cls.version_profile(profile)
    except Exception as error:
        echo.echo_error(f"Failed to determine the storage version of '{profile.name}': {error}")
        ctx.exit(4)
    echo.echo(f"Storage schema version of {profile.name!r}: {found!r}")
    if found != cls.version_head():
        if found:
            echo.echo_report(cls.find_way(found, profile.name))
        ctx.exit(3)


@verdi_storage.command("migrate")
@options.FORCE()
@click.pass_context
def storage_migrate(ctx: click.Context, /, force: bool) -> None:
    """Bring the storage to the latest version of its schema, after asking."""
    profile = _profile(ctx)
    if engine.DaemonClient(profile).is_daemon_running:
        echo.echo_critical(f"the daemon of profile `{profile.name}` is running: stop it first with `verdi -p {profile.name} daemon stop`")
    cls = profile.storage_cls
    head, found = cls.version_head(), cls.version_profile(profile)
    if found == head:
        echo.echo_success(f"The storage of `{profile.name}` is up to date ({head}).")
        cls.migrate(profile)
        return
    if not force:
        echo.echo_warning(f"Migrating your storage from {found} to {head} might take a while and is not reversible. Make a backup first.")
        click.confirm("Do you want to continue?", abort=True)
    try:
        with progress.spinner("migrating"):
            cls.migrate(profile)
    except (exceptions.AiidaException, OSError) as error:
        echo.echo_critical(str(error))
    echo.echo_success("migration completed")


@verdi_storage.command("info")
@click.option("--detailed", is_flag=True, help="Provide more information, which may take longer.")
@decorators.with_dbenv()
def storage_info(detailed: bool) -> None:
    """Say how much of what is stored."""
    with progress.spinner("counting"):
        info = manage.get_manager().get_profile_storage().get_info(detailed=detailed)
    echo.echo_dictionary(info, sort_keys=False, fmt="yaml")


@verdi_storage.command("integrity")
@decorators.with_dbenv()
def storage_integrity() -> None:
    """Read everything: the database is sound, every file that nodes name is in the repository, and every file is whole."""
    storage = manage.get_manager().get_profile_storage()
    with progress.spinner("reading the database and the repository"):
        damage = storage.find_damage()
    for line in damage[:_SHOWN]:
        echo.echo_error(line)
    if damage:
        echo.echo_critical(f"{len(damage)} things are wrong: nothing was changed; restore what is damaged from a backup")
    echo.echo_success("the database is sound; all files that nodes name are there, and whole")
    unreferenced = storage.get_unreferenced_keyset()
    if unreferenced:
        echo.echo_report(f"{len(unreferenced)} files belong to no node any more: `verdi storage maintain --full` removes them")


@verdi_storage.command("maintain")
@click.option("--full", is_flag=True, help="Do what needs the profile for itself, too: nothing else may use it meanwhile.")
@click.option("--no-repack", is_flag=True, help="Do not write packs anew.")
@options.FORCE()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--compress", is_flag=True, default=False, help="Compress what is packed.")
@click.option("--incremental-cleanup/--no-incremental-cleanup", default=True, help="Remove loose files while packing, to need less space.")
@decorators.with_dbenv()
@click.pass_context
def storage_maintain(
    ctx: click.Context, /, full: bool, no_repack: bool, force: bool, dry_run: bool, compress: bool, incremental_cleanup: bool
) -> None:
    """Tidy up the storage: pack files, remove what belongs to no node, give space back."""
    storage = manage.get_manager().get_profile_storage()
    if full:
        echo.echo_warning("No other process may use the profile meanwhile: stop its daemon, shells and notebooks.")
    if not (dry_run or force):
        click.confirm("Are you sure you want continue in this mode?", abort=True)
    try:
        with progress.spinner("tidying up"):
            storage.maintain(full=full, dry_run=dry_run, do_repack=not no_repack, compress=compress, live=not full)
    except exceptions.LockingProfileError as error:
        echo.echo_critical(str(error))
    if dry_run:
        echo.echo_success("This was a dry run; nothing was changed.")
    else:
        echo.echo_success("Requested maintenance procedures finished.")


@verdi_storage.command("backup")
@click.argument("dest", type=click.Path(file_okay=False), nargs=1)
@click.option("--keep", type=int, required=False, help="How many earlier backups to keep in the folder.")
@decorators.with_manager
@click.pass_context
def storage_backup(ctx: click.Context, /, manager: Any, dest: str, keep: int | None) -> None:
    """Copy the storage to the folder DEST; a second time only what changed. The profile may be in use meanwhile."""
    storage = manager.get_profile_storage()
    if keep is not None and keep < 0:
        raise click.BadParameter("it cannot be negative", param_hint="--keep")
    try:
        with progress.spinner(f"copying to {dest}"):
            storage.backup(dest, keep)
    except NotImplementedError:
        echo.echo_critical(f"storages of the kind {type(storage).__name__} cannot be backed up this way; copy their file")
    except (ValueError, OSError, exceptions.AiidaException) as error:
        echo.echo_critical(f"The backup could not be made: {error}. Nothing was changed in the profile; repeat the command when the cause is gone.")
    echo.echo_success(f"Backed up to {pathlib.Path(dest).absolute()}.")
