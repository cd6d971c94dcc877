"""`verdi computer`."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from aiida import orm
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import arguments, options
from aiida.cmdline.params.options.commands import computer as options_computer
from aiida.cmdline.utils import computer_checks, decorators, echo, files, session, transport_options
from aiida.cmdline.utils.pluginable import find_names
from aiida.common import exceptions
from aiida.plugins import entry_point as entry_points
from aiida.tools import graph

__all__ = ("verdi_computer",)


class ConfigureGroup(VerdiCommandGroup):
    """A command for every transport, made from what it declares; plugins may bring their own."""

    ENTRY_POINT_GROUP = "aiida.cmdline.computer.configure"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the transports beside the fixed commands."""
        plugins = [name for name in entry_points.get_entry_point_names(self.ENTRY_POINT_GROUP) if not name.startswith("core.")]
        return sorted({*super().list_commands(ctx), *find_names("aiida.transports"), *plugins})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a transport."""
        if cmd_name in entry_points.get_entry_point_names("aiida.transports"):
            try:
                return self.add_verbosity_option(transport_options.create_configure_cmd(cmd_name))
            except exceptions.EntryPointError as error:
                echo.echo_critical(echo.brief(error))
        if cmd_name in entry_points.get_entry_point_names(self.ENTRY_POINT_GROUP):
            command = entry_points.load_entry_point(self.ENTRY_POINT_GROUP, cmd_name)
            return self.add_verbosity_option(command) if isinstance(command, click.Command) else None
        return super().get_command(ctx, cmd_name)

    def describe(self, ctx: click.Context, name: str) -> str | None:
        """Return the line of help of a transport without importing it."""
        return "Show the settings of a connection." if name == "show" else f"Say how to connect by {name}."


@click.group("computer", cls=VerdiCommandGroup)
def verdi_computer() -> None:
    """Set up and manage computers."""


def get_parameter_default(parameter: str, ctx: click.Context) -> Any:
    """Return what the computer that is being copied has."""
    source = session.given(ctx, "computer")
    return None if source is None else SOURCES[parameter](source)


SOURCES: dict[str, Callable[[orm.Computer], Any]] = {
    "label": lambda c: f"{c.label}_copy",
    "hostname": lambda c: c.hostname,
    "description": lambda c: c.description,
    "transport": lambda c: c.transport_type,
    "scheduler": lambda c: c.scheduler_type,
    "shebang": lambda c: c.get_shebang(),
    "work_dir": lambda c: c.get_workdir(),
    "mpirun_command": lambda c: " ".join(c.get_mpirun_command()),
    "mpiprocs_per_machine": lambda c: c.get_default_mpiprocs_per_machine(),
    "default_memory_per_machine": lambda c: c.get_default_memory_per_machine(),
    "prepend_text": lambda c: c.get_prepend_text(),
    "append_text": lambda c: c.get_append_text(),
}


def _fill(computer: orm.Computer, settings: dict[str, Any]) -> None:
    """Set everything but what the constructor takes."""
    computer.set_mpirun_command(settings["mpirun_command"].split())
    computer.set_default_mpiprocs_per_machine(settings["mpiprocs_per_machine"])
    computer.set_default_memory_per_machine(settings["default_memory_per_machine"])
    computer.set_shebang(settings["shebang"])
    computer.set_use_double_quotes(settings["use_double_quotes"])
    computer.set_prepend_text(settings["prepend_text"] or "")
    computer.set_append_text(settings["append_text"] or "")


def _create(ctx: click.Context, settings: dict[str, Any]) -> orm.Computer:
    """Make the computer and say what comes next."""
    settings = _named(settings)
    try:
        computer = orm.Computer(
            label=settings["label"], hostname=settings["hostname"], description=settings["description"] or "",
            transport_type=settings["transport"], scheduler_type=settings["scheduler"], workdir=settings["work_dir"],
        )  # fmt: skip
        _fill(computer, settings)
        computer.store()
    except (exceptions.AiidaException, ValueError, TypeError) as error:
        echo.echo_critical(f"unable to store the computer `{settings['label']}`: {error}")
    echo.echo_success(f"Computer<{computer.pk}> {computer.label} created")
    profile = ctx.obj.profile
    command = f"verdi{f' -p {profile.name}' if profile else ''} computer configure {computer.transport_type} {computer.label}"
    echo.echo_report("Note: before the computer can be used, it has to be configured with the command:")
    echo.echo_report(f"  {command}")
    return computer


def _named(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with plugins by their names."""
    for key in ("transport", "scheduler"):
        kwargs[key] = getattr(kwargs[key], "name", kwargs[key])
    return kwargs


@verdi_computer.command("setup")
@options_computer.LABEL()
@options_computer.HOSTNAME()
@options_computer.DESCRIPTION()
@options_computer.TRANSPORT()
@options_computer.SCHEDULER()
@options_computer.SHEBANG()
@options_computer.WORKDIR()
@options_computer.MPI_RUN_COMMAND()
@options_computer.MPI_PROCS_PER_MACHINE()
@options_computer.DEFAULT_MEMORY_PER_MACHINE()
@options_computer.USE_DOUBLE_QUOTES()
@options_computer.PREPEND_TEXT()
@options_computer.APPEND_TEXT()
@options.NON_INTERACTIVE()
@options.CONFIG_FILE()
@click.pass_context
@decorators.with_dbenv()
def computer_setup(ctx: click.Context, /, non_interactive: bool, **kwargs: Any) -> None:
    """Make a computer. It is then told how to connect with `verdi computer configure`."""
    label = kwargs["label"]
    if orm.Computer.collection.find({"label": label}):
        echo.echo_critical(
            f"A computer called {label} already exists. Use \"verdi computer duplicate {label}\" to set up a new computer starting from the settings of {label}."
        )
    _create(ctx, kwargs)


def _copied(option: options.OverridableOption, name: str) -> Callable[[Any], Any]:
    return option(contextual_default=partial(get_parameter_default, name))


@verdi_computer.command("duplicate")
@arguments.COMPUTER(is_eager=True)
@_copied(options_computer.LABEL, "label")
@_copied(options_computer.HOSTNAME, "hostname")
@_copied(options_computer.DESCRIPTION, "description")
@_copied(options_computer.TRANSPORT, "transport")
@_copied(options_computer.SCHEDULER, "scheduler")
@_copied(options_computer.SHEBANG, "shebang")
@_copied(options_computer.WORKDIR, "work_dir")
@_copied(options_computer.MPI_RUN_COMMAND, "mpirun_command")
@_copied(options_computer.MPI_PROCS_PER_MACHINE, "mpiprocs_per_machine")
@_copied(options_computer.DEFAULT_MEMORY_PER_MACHINE, "default_memory_per_machine")
@_copied(options_computer.PREPEND_TEXT, "prepend_text")
@_copied(options_computer.APPEND_TEXT, "append_text")
@options.NON_INTERACTIVE()
@click.pass_context
@decorators.with_dbenv()
def computer_duplicate(ctx: click.Context, /, computer: orm.Computer, non_interactive: bool, **kwargs: Any) -> None:
    """Make a computer that begins as a copy of another."""
    if kwargs["label"] in get_computer_names():
        echo.echo_critical(f"A computer called {kwargs['label']} already exists")
    _create(ctx, {"use_double_quotes": computer.get_use_double_quotes(), **kwargs})


def get_computer_names() -> list[str]:
    """Return the labels of all computers."""
    return list(orm.QueryBuilder().append(orm.Computer, project="label").all(flat=True))


def prompt_for_computer_configuration(computer: orm.Computer) -> None:
    """Say that a computer is not configured yet."""
    echo.echo_warning(f"`{computer.label}` is not configured: `verdi computer configure {computer.transport_type} {computer.label}`")


@verdi_computer.command("enable")
@arguments.COMPUTER()
@arguments.USER()
@decorators.with_dbenv()
def computer_enable(computer: orm.Computer, user: orm.User) -> None:
    """Let a user's jobs go to a computer."""
    _switch(computer, user, True)


@verdi_computer.command("disable")
@arguments.COMPUTER()
@arguments.USER()
@decorators.with_dbenv()
def computer_disable(computer: orm.Computer, user: orm.User) -> None:
    """Hold back a user's jobs from a computer, until it is enabled again."""
    _switch(computer, user, False)


def _switch(computer: orm.Computer, user: orm.User, enabled: bool) -> None:
    word = "enabled" if enabled else "disabled"
    try:
        authinfo = computer.get_authinfo(user)
    except exceptions.NotExistent:
        echo.echo_critical(
            f"User with email '{user.email}' is not configured for computer '{computer.label}' yet: `verdi computer configure {computer.transport_type} {computer.label} --user {user.email}`"
        )
    if authinfo.enabled is enabled:
        echo.echo_report(f"Computer '{computer.label}' was already {word} for user {user.get_full_name()}.")
        return
    authinfo.enabled = enabled
    echo.echo_report(f"Computer '{computer.label}' {word} for user {user.get_full_name()}.")


@verdi_computer.command("list")
@options.ALL(help="Show those that are disabled or not configured, too.")
@options.RAW(help="Only the labels.")
@decorators.with_dbenv()
def computer_list(all_entries: bool, raw: bool) -> None:
    """List the computers; a star marks those that can be used."""
    if not raw:
        echo.echo_report("List of configured computers")
        echo.echo_report("Use 'verdi computer show COMPUTERLABEL' to display more detailed information")
    computers = orm.Computer.collection.all()
    user = orm.User.collection.get_default()
    if not computers:
        echo.echo_report("No computers configured yet. Use 'verdi computer setup'")
    usable = {c.pk for c in computers if c.is_user_configured(user) and c.is_user_enabled(user)}
    hide = lambda c: not (all_entries or c.pk in usable)
    echo.echo_formatted_list(computers, ["label"], sort=lambda c: c.label, highlight=lambda c: c.pk in usable, hide=hide)


@verdi_computer.command("show")
@arguments.COMPUTER()
@decorators.with_dbenv()
def computer_show(computer: orm.Computer) -> None:
    """Show the settings of a computer."""
    echo.echo_tabulate([
        ["Label", computer.label],
        ["PK", computer.pk],
        ["UUID", computer.uuid],
        ["Description", computer.description],
        ["Hostname", computer.hostname],
        ["Transport type", computer.transport_type],
        ["Scheduler type", computer.scheduler_type],
        ["Work directory", computer.get_workdir()],
        ["Shebang", computer.get_shebang()],
        ["Mpirun command", " ".join(computer.get_mpirun_command())],
        ["Default #procs/machine", computer.get_default_mpiprocs_per_machine()],
        ["Default memory (kB)/machine", computer.get_default_memory_per_machine()],
        ["Prepend text", computer.get_prepend_text()],
        ["Append text", computer.get_append_text()],
    ])  # fmt: skip


@verdi_computer.command("relabel")
@arguments.COMPUTER()
@arguments.LABEL("label")
@decorators.with_dbenv()
def computer_relabel(computer: orm.Computer, label: str) -> None:
    """Give a computer another label."""
    if computer.label == label:
        echo.echo_critical("The old and new labels are the same.")
    old = computer.label
    try:
        computer.label = label
        computer.store()
    except (exceptions.UniquenessError, exceptions.IntegrityError):
        echo.echo_critical(f"A computer with the label `{label}` already exists.")
    except exceptions.ValidationError as error:
        echo.echo_critical(f"invalid input! {error}")
    echo.echo_success(f"Computer '{old}' relabeled to '{label}'")


@verdi_computer.command("test")
@options.USER(help="Test the connection of this user.")
@options.PRINT_TRACEBACK()
@arguments.COMPUTER()
@decorators.with_dbenv()
def computer_test(user: orm.User | None, print_traceback: bool, computer: orm.Computer) -> None:
    """Test the connection to a computer: open it, ask the scheduler, write and read a file."""
    owner = user or orm.User.collection.get_default()
    echo.echo_report(f"Testing computer<{computer.label}> for user<{owner.email}>...")
    try:
        authinfo = computer.get_authinfo(owner)
    except exceptions.NotExistent:
        echo.echo_critical(
            f"Computer<{computer.label}> is not yet configured for user<{owner.email}>: `verdi computer configure {computer.transport_type} {computer.label}`"
        )
    if not authinfo.enabled:
        echo.echo_warning(f"Computer<{computer.label}> is disabled for user<{owner.email}>: jobs wait until `verdi computer enable`")
    transport, scheduler = authinfo.get_transport(), computer.get_scheduler()
    with contextlib.ExitStack() as stack:
        if not computer_checks.run_check("Opening connection", partial(computer_checks.open_connection, stack, transport), print_traceback):
            shown = f"`verdi computer configure show {computer.label}`"
            echo.echo_critical(f"Computer<{computer.label}> cannot be reached. Check its address and its settings: {shown}.")
        results = [computer_checks.run_check(title, partial(check, transport, scheduler, authinfo), print_traceback) for title, check in computer_checks.CHECKS]
    failed = results.count(False)
    if failed:
        echo.echo_critical(f"{failed} out of {len(results) + 1} tests failed")
    echo.echo_success(f"all {len(results) + 1} tests succeeded")


@verdi_computer.command("delete")
@options.DRY_RUN()
@arguments.COMPUTER()
@decorators.with_dbenv()
def computer_delete(dry_run: bool, computer: orm.Computer) -> None:
    """Delete a computer; if nodes belong to it, these too, after asking."""
    label, pks = computer.label, _pks_on(computer)
    if pks:
        echo.echo_report(f"This computer has {len(pks)} associated nodes")
        if dry_run:
            echo.echo_report("This was a dry run, exiting without deleting anything")
            return
        _deleted, was_done = graph.delete_nodes(pks, dry_run=_refuses)
        if not was_done:
            echo.echo_report(f"Deletion of computer {label} cancelled.")
            return
    elif dry_run:
        echo.echo_report("This was a dry run, exiting without deleting anything")
        return
    orm.Computer.collection.delete(computer.pk)
    echo.echo_success(f"Computer '{label}' deleted.")


def _refuses(found: set[int]) -> bool:
    return not click.confirm(f"Delete the computer and {len(found)} nodes? This cannot be undone", default=False)


def _pks_on(computer: orm.Computer) -> list[int]:
    """Return the pks of the nodes that belong to a computer."""
    query = orm.QueryBuilder().append(orm.Computer, filters={"id": computer.pk}, tag="computer")
    return list(query.append(orm.Node, with_computer="computer", project="id").all(flat=True))


@verdi_computer.command("goto")
@arguments.COMPUTER()
@decorators.with_dbenv()
def computer_goto(computer: orm.Computer) -> None:
    """Open a shell on a computer."""
    try:
        authinfo = computer.get_authinfo(orm.User.collection.get_default())
        command = authinfo.get_transport().gotocomputer_command(computer.get_workdir())
    except (exceptions.NotExistent, NotImplementedError) as error:
        echo.echo_critical(f"no shell can be opened on {computer.label}: {error}")
    echo.echo_report(f"going to computer {computer.label}...")
    files.become(command)


@verdi_computer.group("configure", cls=ConfigureGroup)
def computer_configure() -> None:
    """Say how to connect to a computer: one command per transport."""


@computer_configure.command("show")
@click.option("--defaults", is_flag=True, default=False, help="Show the defaults instead of what is set.")
@click.option("--as-option-string", is_flag=True, help="Show it as options of `verdi computer configure`.")
@options.USER(help="Show the settings of this user.")
@arguments.COMPUTER()
@decorators.with_dbenv()
def computer_config_show(computer: orm.Computer, user: orm.User | None, defaults: bool, as_option_string: bool) -> None:
    """Show how a computer is connected to."""
    options_of = computer.get_transport_class().auth_options
    authinfo_params: dict[str, Any] = {}
    if not defaults:
        try:
            authinfo_params = computer.get_authinfo(user or orm.User.collection.get_default()).get_auth_params()
        except exceptions.NotExistent:
            prompt_for_computer_configuration(computer)
    values = {name: transport_options.transport_option_default(name, computer) if defaults else authinfo_params.get(name) for name in options_of}
    if as_option_string:
        echo.echo(" ".join(word for name, value in values.items() if (word := _as_option(name, value, options_of[name]))))
        return
    rows = [[f"* {name}", "-" if value is None else str(value)] for name, value in values.items()]
    echo.echo_tabulate(rows, tablefmt="plain", disable_numparse=True)


def _as_option(name: str, value: Any, spec: dict[str, Any]) -> str:
    """Return a setting as it is written on the command line."""
    flag = name.replace("_", "-")
    if value is None:
        return ""
    return f"--{'' if value else 'no-'}{flag}" if spec.get("switch") else f"--{flag}={value!r}"


@verdi_computer.group("export", cls=VerdiCommandGroup)
def computer_export() -> None:
    """Write the settings of a computer to a file, to set up the same one elsewhere (`--config`)."""


def _export(computer: orm.Computer, output_file: pathlib.Path | None, overwrite: bool, sort: bool, suffix: str, values: dict[str, Any], words: str) -> None:
    path = pathlib.Path(output_file or f"{computer.label}-{suffix}.yaml")
    files.check_output(path, overwrite)
    files.write_yaml(path, values, sort)
    echo.echo_success(f"Computer<{computer.pk}> {computer.label} {words} exported to file '{path}'.")


@computer_export.command("setup")
@arguments.COMPUTER()
@arguments.OUTPUT_FILE(required=False)
@options.OVERWRITE()
@options.SORT()
@decorators.with_dbenv()
def computer_export_setup(computer: orm.Computer, output_file: pathlib.Path | None, overwrite: bool, sort: bool) -> None:
    """Write what `verdi computer setup --config` reads."""
    values = {
        "label": computer.label,
        "hostname": computer.hostname,
        "description": computer.description,
        "transport": computer.transport_type,
        "scheduler": computer.scheduler_type,
        "shebang": computer.get_shebang(),
        "work_dir": computer.get_workdir(),
        "mpirun_command": " ".join(computer.get_mpirun_command()),
        "mpiprocs_per_machine": computer.get_default_mpiprocs_per_machine(),
        "default_memory_per_machine": computer.get_default_memory_per_machine(),
        "use_double_quotes": computer.get_use_double_quotes(),
        "prepend_text": computer.get_prepend_text(),
        "append_text": computer.get_append_text(),
    }
    _export(computer, output_file, overwrite, sort, "setup", values, "setup")


@computer_export.command("config")
@arguments.COMPUTER()
@arguments.OUTPUT_FILE(required=False)
@options.USER(help="Write the settings of this user.")
@options.OVERWRITE()
@options.SORT()
@decorators.with_dbenv()
def computer_export_config(computer: orm.Computer, output_file: pathlib.Path | None, user: orm.User | None, overwrite: bool, sort: bool) -> None:
    """Write what `verdi computer configure … --config` reads."""
    if not computer.is_configured:
        echo.echo_critical(f"Computer<{computer.pk}> {computer.label} configuration cannot be exported, because computer has not been configured yet.")
    values = computer.get_configuration(user or orm.User.collection.get_default())
    _export(computer, output_file, overwrite, sort, "config", values, "configuration")

