"""`verdi group`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from aiida import orm, tools
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators, echo
from aiida.common import exceptions, timezone
from aiida.common.escaping import escape_for_sql_like
from aiida.common.links import GraphTraversalRules
from aiida.common.utils import str_timedelta

__all__ = ("verdi_group",)


@click.group("group", cls=VerdiCommandGroup)
def verdi_group() -> None:
    """Make and manage groups of nodes."""


@verdi_group.command("add-nodes")
@options.GROUP(required=True)
@options.FORCE()
@arguments.NODES()
@decorators.with_dbenv()
def group_add_nodes(group: orm.Group, force: bool, nodes: Sequence[orm.Node]) -> None:
    """Add nodes to a group."""
    if not force:
        click.confirm(f"Do you really want to add {len(nodes)} nodes to {group}?", abort=True)
    group.add_nodes(list(nodes))


@verdi_group.command("remove-nodes")
@options.GROUP(required=True)
@arguments.NODES()
@options.GROUP_CLEAR()
@options.FORCE()
@decorators.with_dbenv()
def group_remove_nodes(group: orm.Group, nodes: Sequence[orm.Node], clear: bool, force: bool) -> None:
    """Remove nodes from a group; the nodes stay."""
    if nodes and clear:
        echo.echo_critical("Specify either the `--clear` flag to remove all nodes or the identifiers of the nodes you want to remove.")
    if not nodes and not clear:
        if force:
            return
        echo.echo_critical(f"No nodes were provided for removal from {group}: name them, or give `--clear` to remove all.")
    inside = set(orm.QueryBuilder().append(orm.Group, filters={"id": group.pk}, tag="g").append(orm.Node, with_group="g", project="id").all(flat=True))
    missing = [node.pk for node in nodes if node.pk not in inside]
    if missing:
        echo.echo_warning(f"{len(missing)} nodes with PK {', '.join(map(str, missing))} are not in {group}")
    present = [node for node in nodes if node.pk in inside]
    if not clear and not present:
        return
    if not force:
        click.confirm(f"Are you sure you want to remove {'ALL' if clear else len(present)} nodes from {group}?", abort=True)
    group.clear() if clear else group.remove_nodes(present)


@verdi_group.command("move-nodes")
@arguments.NODES()
@click.option("-s", "--source-group", type=types.GroupParamType(), required=True, help="Group to take nodes from.")
@click.option("-t", "--target-group", type=types.GroupParamType(), required=True, help="Group to put nodes into.")
@options.FORCE()
@options.ALL(help="Move all nodes.")
@decorators.with_dbenv()
def group_move_nodes(source_group: orm.Group, target_group: orm.Group, force: bool, nodes: Sequence[orm.Node], all_entries: bool) -> None:
    """Move nodes from one group to another."""
    if source_group.pk == target_group.pk:
        echo.echo_critical(f"Source and target group are the same: {source_group}.")
    if not nodes and not all_entries:
        echo.echo_critical("Neither NODES or the `-a, --all` option was specified.")
    if nodes and all_entries:
        echo.echo_warning("You specified NODES and the `-a, --all` option, ignoring NODES.")
    chosen = list(source_group.nodes) if all_entries else list(nodes)
    inside = {node.pk for node in source_group.nodes}
    outside = [str(node.pk) for node in chosen if node.pk not in inside]
    if outside:
        echo.echo_warning(f"{len(outside)} nodes with PK {', '.join(outside)} are not in {source_group}; they are left where they are")
        chosen = [node for node in chosen if node.pk in inside]
    if not chosen:
        echo.echo_critical(f"None of the specified nodes are in {source_group}.")
    if not force:
        click.confirm(f"Are you sure you want to move {len(chosen)} nodes from {source_group} to {target_group}?", abort=True)
    source_group.remove_nodes(chosen)
    target_group.add_nodes(chosen)


def _filters_of(
    type_string: str | None, past_days: int | None, startswith: str | None, endswith: str | None, contains: str | None
) -> dict[str, Any]:
    """Return the filters for groups."""
    filters: dict[str, Any] = {}
    if type_string is not None:
        filters["type_string"] = {"like": type_string} if "%" in type_string else {"==": type_string}
    if past_days is not None:
        filters["time"] = {">": timezone.now() - timedelta(days=past_days)}
    patterns = [f"{escape_for_sql_like(startswith)}%"] if startswith else []
    patterns += [f"%{escape_for_sql_like(endswith)}"] if endswith else []
    patterns += [f"%{escape_for_sql_like(contains)}%"] if contains else []
    if patterns:
        filters["and"] = [{"label": {"like": pattern}} for pattern in patterns]
    return filters


def _find_groups(filters: dict[str, Any], user: orm.User | None, node: orm.Node | None, order: dict[str, str] | None = None) -> list[orm.Group]:
    """Return the groups that pass filters."""
    query = orm.QueryBuilder().append(orm.Group, filters=filters, tag="group", project="*")
    if user is not None:
        query.append(orm.User, filters={"email": {"==": user.email}}, with_group="group")
    if node is not None:
        query.append(orm.Node, filters={"id": node.pk}, with_group="group")
    query.order_by({"group": order or {"id": "asc"}})
    return [row[0] for row in query.iterall()]


@verdi_group.command("delete")
@arguments.GROUPS()
@options.ALL_USERS(help="Of all users.")
@options.USER(help="Only groups of this user.")
@options.TYPE_STRING()
@options.PAST_DAYS(help="Only groups made in the last PAST_DAYS days.", default=None)
@click.option("-s", "--startswith", type=click.STRING, default=None, help="Only groups whose label begins so.")
@click.option("-e", "--endswith", type=click.STRING, default=None, help="Only groups whose label ends so.")
@click.option("-c", "--contains", type=click.STRING, default=None, help="Only groups whose label contains this.")
@options.NODE(help="Only groups that contain this node.")
@options.FORCE()
@click.option("--delete-nodes", is_flag=True, default=False, help="Delete the nodes in the groups, too, with all that was made from them.")
@options.graph_traversal_rules(GraphTraversalRules.DELETE.value)
@options.DRY_RUN()
@decorators.with_dbenv()
def group_delete(
    groups: Sequence[orm.Group], all_users: bool, user: orm.User | None, type_string: str | None, past_days: int | None, startswith: str | None,
    endswith: str | None, contains: str | None, node: orm.Node | None, force: bool, delete_nodes: bool, dry_run: bool, **traversal_rules: bool,
) -> None:  # fmt: skip
    """Delete groups, after asking; their nodes stay unless `--delete-nodes`."""
    filters = _filters_of(type_string, past_days, startswith, endswith, contains)
    asked = bool(filters or user or node or all_users)
    if groups and asked:
        echo.echo_critical("Cannot specify both GROUPS and any of the other filters.")
    if not groups and not asked:
        echo.echo_report("Nothing happened. Please specify at least one group or provide filters to query groups.")
        return
    owner = None if all_users else user or (orm.User.collection.get_default() if asked else None)
    chosen = list(groups) or _find_groups(filters, owner, node)
    if not chosen:
        echo.echo_report("no groups found that match")
        return
    if not (force or dry_run) or dry_run:
        echo.echo_report("Would have deleted:" if dry_run else "The following groups will be deleted:")
        _print_groups(chosen)
    if not (force or dry_run):
        click.confirm("Are you sure to continue?", abort=True)
    if delete_nodes and not _delete_nodes_of(chosen, force, dry_run, traversal_rules):
        return
    if dry_run:
        return
    for group in chosen:
        text = str(group)
        orm.Group.collection.delete(group.pk)
        echo.echo_success(f"{text} deleted.")


def _print_groups(groups: Sequence[orm.Group]) -> None:
    rows = [(group.pk, group.label, group.type_string, group.user.email) for group in groups]
    echo.echo_tabulate(rows, headers=["PK", "Label", "Type string", "User"])


def _delete_nodes_of(groups: Sequence[orm.Group], force: bool, dry_run: bool, rules: dict[str, bool]) -> bool:
    """Delete the nodes in groups; return whether to go on."""

    def stop(found: set[int]) -> bool:
        if found and not force:
            echo.echo_report(f"Nodes to be deleted: {tools.graph.deletions.preview(found)}")
        if dry_run:
            return True
        if not found or force:
            return False
        echo.echo_warning(f"YOU ARE ABOUT TO DELETE {len(found)} NODES! THIS CANNOT BE UNDONE!")
        return not click.confirm("Do you want to continue?", default=False)

    _, was_done = tools.delete_group_nodes([int(group.pk) for group in groups], dry_run=stop, **rules)
    return was_done or dry_run


@verdi_group.command("relabel")
@arguments.GROUP()
@click.argument("label", type=click.STRING)
@decorators.with_dbenv()
def group_relabel(group: orm.Group, label: str) -> None:
    """Give a group another label."""
    try:
        group.label = label
    except (exceptions.UniquenessError, exceptions.IntegrityError, ValueError) as error:
        echo.echo_critical(str(error))
    echo.echo_success(f"Label changed to '{label}'")
    if "/" in label:
        _check_path(label)


def _check_path(label: str) -> None:
    """Warn if a label with slashes cannot be read as a path."""
    try:
        tools.GroupPath(label)
    except tools.InvalidPath as error:
        echo.echo_warning(f"the label cannot be used as a path: {error}")


@verdi_group.command("description")
@arguments.GROUP()
@click.argument("description", type=click.STRING, required=False)
@decorators.with_dbenv()
def group_description(group: orm.Group, description: str | None) -> None:
    """Show or change the description of a group."""
    if description is None:
        echo.echo(group.description)
        return
    group.description = description
    echo.echo_success(f"Changed the description of Group<{group.label}>.")


@verdi_group.command("show")
@options.RAW(help="Only the pks or uuids, on one line.")
@options.LIMIT()
@click.option("-u", "--uuid", is_flag=True, default=False, help="Show uuids, too; with `--raw` instead of pks.")
@arguments.GROUP()
@decorators.with_dbenv()
def group_show(group: orm.Group, raw: bool, limit: int | None, uuid: bool) -> None:
    """Show a group and its nodes."""
    query = orm.QueryBuilder().append(orm.Group, filters={"id": group.pk}, tag="group")
    query.append(orm.Node, with_group="group", tag="node", project=["id", "uuid", "node_type", "ctime"]).order_by({"node": "id"})
    if limit is not None:
        query.limit(limit)
    rows = query.all()
    if raw:
        echo.echo(" ".join(str(row[1] if uuid else row[0]) for row in rows))
        return
    echo.echo_tabulate([["Group label", group.label], ["Group type_string", group.type_string], ["Group description", group.description or "<no description>"]])
    echo.echo("# Nodes:")
    cells = [[*([key] if uuid else []), pk, kind.rstrip(".").rsplit(".", 1)[-1], _age(time)] for pk, key, kind, time in rows]
    echo.echo_tabulate(cells, headers=[*(["UUID"] if uuid else []), "PK", "Type", "Created"])


def _age(time: datetime) -> str:
    return str_timedelta(timezone.delta(time), max_num_fields=2, short=True, negative_to_zero=True)


@verdi_group.command("list")
@options.ALL_USERS(help="Of all users.")
@options.USER(help="Only groups of this user.")
@options.ALL(help="Of all types.")
@options.TYPE_STRING(default="core")
@click.option("-d", "--with-description", "with_description", is_flag=True, default=False, help="Show descriptions, too.")
@click.option("-C", "--count", is_flag=True, default=False, help="Show how many nodes are in them, too.")
@options.PAST_DAYS(help="Only groups made in the last PAST_DAYS days.", default=None)
@click.option("-s", "--startswith", type=click.STRING, default=None, help="Only groups whose label begins so.")
@click.option("-e", "--endswith", type=click.STRING, default=None, help="Only groups whose label ends so.")
@click.option("-c", "--contains", type=click.STRING, default=None, help="Only groups whose label contains this.")
@options.ORDER_BY(type=click.Choice(["id", "label", "ctime"]), default="label")
@options.ORDER_DIRECTION()
@options.NODE(help="Only groups that contain this node.")
@decorators.with_dbenv()
def group_list(
    all_users: bool, user: orm.User | None, all_entries: bool, type_string: str, with_description: bool, count: bool, past_days: int | None,
    startswith: str | None, endswith: str | None, contains: str | None, order_by: str, order_dir: str, node: orm.Node | None,
) -> None:  # fmt: skip
    """List groups."""
    filters = _filters_of(None if all_entries else type_string, past_days, startswith, endswith, contains)
    if not all_entries:
        echo.echo_report("To show groups of all types, use the `-a/--all` option.")
    owner = None if all_users else user or orm.User.collection.get_default()
    column = {"ctime": "time"}.get(order_by, order_by)
    groups = _find_groups(filters, owner, node, {column: order_dir})
    headers = ["PK", "Label", "Type string", "User", *(["Description"] if with_description else []), *(["Node count"] if count else [])]
    rows = [
        [g.pk, g.label, g.type_string, g.user.email, *([g.description] if with_description else []), *([g.count()] if count else [])] for g in groups
    ]
    if not rows:
        echo.echo_report("No groups found matching the specified criteria.")
        return
    echo.echo_tabulate(rows, headers=headers)


@verdi_group.command("create")
@click.argument("group_label", nargs=1, type=click.STRING)
@decorators.with_dbenv()
def group_create(group_label: str) -> None:
    """Make an empty group."""
    group, created = orm.Group.collection.get_or_create(label=group_label)
    if created:
        echo.echo_success(f"Group created with PK = {group.pk} and label '{group.label}'.")
    else:
        echo.echo_report(f"Group with label '{group.label}' already exists: {group}.")


@verdi_group.command("copy")
@arguments.GROUP("source_group")
@click.argument("destination_group", nargs=1, type=click.STRING)
@decorators.with_dbenv()
def group_copy(source_group: orm.Group, destination_group: str) -> None:
    """Add the nodes of a group to another one, which is made if there is none."""
    target, created = orm.Group.collection.get_or_create(label=destination_group)
    if not created and not target.is_empty:
        echo.echo_warning(f"Destination {target} already exists and is not empty.")
        click.confirm("Do you wish to continue anyway?", abort=True)
    target.add_nodes(list(source_group.nodes))
    echo.echo_success(f"Nodes copied from {source_group} to {target}.")


@verdi_group.group("path", cls=VerdiCommandGroup)
def verdi_group_path() -> None:
    """Read labels with slashes as paths."""


@verdi_group_path.command("ls")
@click.argument("path", type=click.STRING, required=False)
@options.TYPE_STRING(default="core", help="Only groups of this type.")
@click.option("-R", "--recursive", is_flag=True, default=False, help="Show all that is below, too.")
@click.option("-l", "--long", "as_table", is_flag=True, default=False, help="Show as a table, with the number of sub-groups.")
@click.option("-d", "--with-description", "with_description", is_flag=True, default=False, help="Show descriptions, too.")
@click.option("--no-virtual", "no_virtual", is_flag=True, default=False, help="Only paths that are groups themselves.")
@click.option("--no-warn", is_flag=True, default=False, help="Do not warn of labels that are no paths.")
@decorators.with_dbenv()
def group_path_ls(
    path: str | None, type_string: str, recursive: bool, as_table: bool, no_virtual: bool, with_description: bool, no_warn: bool
) -> None:
    """List the groups below a path."""
    cls = types.PluginParamType(group="aiida.groups", load=True).convert(type_string, None, None)
    try:
        start = tools.GroupPath(path or "", cls=cls, warn_invalid_child=not no_warn)
    except tools.InvalidPath as error:
        echo.echo_critical(str(error))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if no_warn else "default")
        try:
            found = list(start.walk()) if recursive else sorted(start.children)
        except tools.NoGroupsInPathError as error:
            echo.echo_critical(str(error))
    shown = [child for child in found if not (no_virtual and child.is_virtual)]
    if not as_table and not with_description:
        for child in shown:
            echo.echo(child.path, bold=not child.is_virtual)
        return
    rows = [[child.path, len(child), *([_description(child)] if with_description else [])] for child in shown]
    echo.echo_tabulate(rows, headers=["Path", "Sub-Groups", *(["Description"] if with_description else [])])


def _description(path: Any) -> str:
    group = path.get_group()
    return "-" if group is None else group.description
