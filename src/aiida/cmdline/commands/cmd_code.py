"""`verdi code`."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import click

from aiida import orm
from aiida.cmdline.groups.dynamic import DynamicEntryPointCommandGroup
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.params.options.commands import code as options_code
from aiida.cmdline.params.types.code import ANY_CODE
from aiida.cmdline.utils import decorators, echo, files, nodes, session
from aiida.common import exceptions

__all__ = ("verdi_code",)


@click.group("code", cls=VerdiCommandGroup)
def verdi_code() -> None:
    """Set up and manage codes."""


@decorators.with_dbenv()
def create_code(ctx: click.Context, cls: type[orm.AbstractCode], **kwargs: Any) -> None:
    """Make a code of the given class."""
    if "computer" in kwargs:
        try:
            kwargs["computer"] = orm.load_computer(kwargs["computer"])
        except (exceptions.NotExistent, exceptions.MultipleObjectsError) as error:
            raise click.BadParameter(f"{error}. `verdi computer list` shows the known ones.", ctx=ctx, param_hint="'-Y' / '--computer'") from error
    given = {key: value for key, value in kwargs.items() if value is not None}
    try:
        code = cls(**given).store()
    except (TypeError, ValueError, exceptions.AiidaException) as error:
        echo.echo_critical(f"Failed to create instance `{cls.__name__}`: {error}")
    echo.echo_success(f"Created {cls.__name__}<{code.pk}>")


@verdi_code.group(
    "create",
    cls=DynamicEntryPointCommandGroup,
    command=create_code,
    entry_point_group="aiida.data",
    entry_point_name_filter=r"core\.code\.(?!abstract$).*",
)
def code_create() -> None:
    """Make a code: one command per kind."""


def get_default(key: str, ctx: click.Context) -> Any:
    """Return what the code that is being copied has."""
    return getattr(session.given(ctx, "code"), key, None)


def get_computer_name(ctx: click.Context) -> str | None:
    """Return the label of the computer of the code that is being copied."""
    computer = getattr(session.given(ctx, "code"), "computer", None)
    return None if computer is None else str(computer.label)


def get_on_computer(ctx: click.Context) -> bool:
    """Return whether the code that is being copied is on a computer."""
    return isinstance(session.given(ctx, "code"), orm.InstalledCode)


def _create_classic(kwargs: dict[str, Any]) -> orm.AbstractCode:
    """Make a code from the options of the older commands."""
    plugin = kwargs.pop("input_plugin", None)
    common = {
        "label": kwargs["label"],
        "description": kwargs.get("description") or "",
        "default_calc_job_plugin": getattr(plugin, "name", plugin),
        "prepend_text": kwargs.get("prepend_text") or "",
        "append_text": kwargs.get("append_text") or "",
        "use_double_quotes": bool(kwargs.get("use_double_quotes", False)),
    }
    if kwargs["on_computer"]:
        return orm.InstalledCode(computer=kwargs["computer"], filepath_executable=kwargs["remote_abs_path"], **common)
    return orm.PortableCode(filepath_files=pathlib.Path(kwargs["code_folder"]), filepath_executable=kwargs["code_rel_path"], **common)


@verdi_code.command("setup", deprecated="Please use `verdi code create` instead.")
@options_code.ON_COMPUTER()
@options_code.COMPUTER()
@options_code.LABEL()
@options_code.DESCRIPTION()
@options_code.INPUT_PLUGIN()
@options_code.REMOTE_ABS_PATH()
@options_code.FOLDER()
@options_code.REL_PATH()
@options_code.USE_DOUBLE_QUOTES()
@options_code.PREPEND_TEXT()
@options_code.APPEND_TEXT()
@options.NON_INTERACTIVE()
@options.CONFIG_FILE()
@decorators.with_dbenv()
def setup_code(non_interactive: bool, **kwargs: Any) -> None:
    """Make a code (now `verdi code create`)."""
    try:
        code = _create_classic(kwargs).store()
    except (TypeError, ValueError, exceptions.AiidaException) as error:
        echo.echo_critical(f"Unable to create the code: {error}")
    echo.echo_success(f"Code<{code.pk}> {code.full_label} created")


@verdi_code.command("test")
@arguments.CODE()
@decorators.with_dbenv()
def code_test(code: orm.AbstractCode) -> None:
    """Check that the executable of a code is where it should be."""
    if not isinstance(code, (orm.InstalledCode, orm.PortableCode, orm.ContainerizedCode)):
        echo.echo_report(f"Codes of type {type(code).__name__} have nothing to test.")
        return
    check = getattr(code, "validate_filepath_executable", None)
    if check is not None:
        try:
            check()
        except exceptions.ValidationError as error:
            echo.echo_critical(f"validation failed: {error}")
        except (exceptions.NotExistent, OSError) as error:
            echo.echo_critical(f"the computer of {code.full_label} cannot be asked: {error}. Try `verdi computer test {code.computer.label}`.")
    echo.echo_success("all tests succeeded.")


@verdi_code.command("duplicate")
@arguments.CODE(is_eager=True)
@options_code.ON_COMPUTER(contextual_default=get_on_computer)
@options_code.COMPUTER(contextual_default=get_computer_name)
@options_code.LABEL(contextual_default=lambda ctx: f"{get_default('label', ctx)}_copy")
@options_code.DESCRIPTION(contextual_default=lambda ctx: get_default("description", ctx))
@options_code.INPUT_PLUGIN(contextual_default=lambda ctx: get_default("default_calc_job_plugin", ctx))
@options_code.REMOTE_ABS_PATH(contextual_default=lambda ctx: str(get_default("filepath_executable", ctx)))
@options_code.FOLDER()
@options_code.REL_PATH()
@options_code.PREPEND_TEXT(contextual_default=lambda ctx: get_default("prepend_text", ctx))
@options_code.APPEND_TEXT(contextual_default=lambda ctx: get_default("append_text", ctx))
@options.NON_INTERACTIVE()
@click.option("--hide-original", is_flag=True, default=False, help="Hide the code that was copied.")
@decorators.with_dbenv()
def code_duplicate(code: orm.AbstractCode, non_interactive: bool, hide_original: bool, **kwargs: Any) -> None:
    """Make a code that begins as a copy of another."""
    kwargs["use_double_quotes"] = code.use_double_quotes
    try:
        copy = _create_classic(kwargs).store()
    except (TypeError, ValueError, exceptions.AiidaException) as error:
        echo.echo_critical(f"Unable to create the code: {error}")
    if hide_original:
        code.is_hidden = True
    echo.echo_success(f"Code<{copy.pk}> {copy.full_label} created")


def _describe(code: orm.AbstractCode) -> list[tuple[str, Any]]:
    """Return what is shown of a code."""
    entry_point = getattr(code, "entry_point", None)
    computer = code.computer
    rows: list[tuple[str, Any]] = [
        ("PK", code.pk),
        ("UUID", code.uuid),
        ("Type", entry_point.name if entry_point else type(code).__name__),
        ("Label", code.label),
        ("Description", code.description),
        *([("Computer", f"{computer.label} ({computer.hostname}), pk: {computer.pk}")] if computer is not None else []),
        ("Default `CalcJob` plugin", code.default_calc_job_plugin),
        ("Escape using double quotes", code.use_double_quotes),
        ("Run with MPI", code.with_mpi),
        ("Wrap command line parameters", code.wrap_cmdline_params),
        ("Prepend script", code.prepend_text),
        ("Append script", code.append_text),
    ]
    for name, title in (("filepath_executable", "Filepath executable"), ("engine_command", "Engine command"), ("image_name", "Image name")):
        if hasattr(code, name):
            rows.append((title, str(getattr(code, name))))
    if isinstance(code, orm.PortableCode):
        rows.append(("Files", "\n".join(code.base.repository.list_object_names())))
    return [(title, "" if value is None else str(value) if isinstance(value, bool) else value) for title, value in rows]


@verdi_code.command("show")
@arguments.CODE()
@decorators.with_dbenv()
def show(code: orm.AbstractCode) -> None:
    """Show the settings of a code."""
    echo.echo_tabulate(_describe(code), disable_numparse=True)


@verdi_code.command("export")
@arguments.CODE()
@arguments.OUTPUT_FILE(required=False)
@options.OVERWRITE()
@options.SORT()
@decorators.with_dbenv()
def export(code: orm.AbstractCode, output_file: pathlib.Path | None, overwrite: bool, sort: bool) -> None:
    """Write what `verdi code create --config` reads."""
    path = pathlib.Path(output_file or f"{code.full_label}.yaml")
    files.check_output(path, overwrite)
    path.write_bytes(code._exportcontent("yaml", sort=sort)[0])
    echo.echo_success(f"Code<{code.pk}> {code.label} exported to file `{path}`.")


@verdi_code.command("delete")
@arguments.CODES()
@options.DRY_RUN()
@options.FORCE()
@decorators.with_dbenv()
def delete(codes: Sequence[orm.AbstractCode], dry_run: bool, force: bool) -> None:
    """Delete codes, with all that was calculated with them, after asking."""
    nodes.delete([code.pk for code in codes], dry_run=dry_run, force=force)


def _switch_hidden(codes: Sequence[orm.AbstractCode], hidden: bool, word: str) -> None:
    for code in codes:
        code.is_hidden = hidden
        echo.echo_success(f"Code<{code.pk}> {code.full_label} {word}")


@verdi_code.command("hide")
@arguments.CODES()
@decorators.with_dbenv()
def hide(codes: Sequence[orm.AbstractCode]) -> None:
    """Leave codes out of `verdi code list`."""
    _switch_hidden(codes, True, "hidden")


@verdi_code.command("reveal")
@arguments.CODES()
@decorators.with_dbenv()
def reveal(codes: Sequence[orm.AbstractCode]) -> None:
    """Show hidden codes in `verdi code list` again."""
    _switch_hidden(codes, False, "revealed")


@verdi_code.command("relabel")
@arguments.CODE()
@arguments.LABEL()
@decorators.with_dbenv()
def relabel(code: orm.AbstractCode, label: str) -> None:
    """Give a code another label."""
    old = code.full_label
    try:
        code.label = label.removesuffix(f"@{code.computer.label}") if code.computer is not None else label
    except (TypeError, ValueError) as error:
        echo.echo_critical(f"invalid code label: {error}")
    echo.echo_success(f"Code<{code.pk}> relabeled from {old} to {code.full_label}")


PROJECTIONS = ("label", "pk", "uuid", "ctime", "mtime", "description", "default_calc_job_plugin", "node_type", "entry_point", "full_label", "computer", "user")


def _project(code: orm.AbstractCode, name: str) -> Any:
    if name == "user":
        return code.user.email
    if name == "computer":
        return "" if code.computer is None else code.computer.label
    if name == "entry_point":
        return code.entry_point.name if getattr(code, "entry_point", None) else code.node_type
    return getattr(code, name)


@verdi_code.command("list")
@options.COMPUTER(help="Only codes on this computer.")
@click.option("-d", "--default-calc-job-plugin", type=types.PluginParamType(group="calculations", load=False), help="Only codes for this plugin.")
@options.ALL(help="Show hidden codes, too.")
@options.ALL_USERS(help="Show the codes of all users.")
@options.PROJECT(type=click.Choice(PROJECTIONS), default=["full_label", "pk", "entry_point"])
@options.RAW()
@click.option("-o", "--show-owner", "show_owner", is_flag=True, default=False, help="Show whose code it is (now `-P user`).")
@decorators.with_dbenv()
def code_list(
    computer: orm.Computer | None, default_calc_job_plugin: Any, all_entries: bool, all_users: bool, raw: bool, show_owner: bool, project: Sequence[str]
) -> None:
    """List the codes."""
    columns = list(project)
    if show_owner:
        echo.echo_deprecated("the `-o/--show-owner` option is deprecated. To show the user use the `-P/--project` option instead, e.g., `verdi code list -P full_label user`.")
        columns = columns if "user" in columns else [*columns, "user"]
    query = orm.QueryBuilder().append(orm.Data, tag="code", filters=_filters(default_calc_job_plugin))
    if computer is not None:
        query.append(orm.Computer, with_node="code", filters={"uuid": computer.uuid})
    if not all_users:
        query.append(orm.User, with_node="code", filters={"email": orm.User.collection.get_default().email})
    query.add_projection("code", "*")
    found = [row[0] for row in query.iterall()]
    shown = sorted((code for code in found if all_entries or not code.is_hidden), key=lambda code: (code.label, code.pk))
    if not shown:
        if not raw:
            echo.echo_report("No codes found matching the specified criteria. `verdi code create` makes one.")
        return
    rows = [[_project(code, name) for name in columns] for code in shown]
    if raw:
        echo.echo_tabulate(rows, tablefmt="plain")
        return
    echo.echo_tabulate(rows, headers=[name.replace("_", " ").capitalize() for name in columns])
    echo.echo("\nUse `verdi code show IDENTIFIER` to see details for a code", fg="green")


def _filters(plugin: Any) -> dict[str, Any]:
    return dict(ANY_CODE) if plugin is None else {**ANY_CODE, "attributes.input_plugin": plugin.name}
