"""`verdi node`."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click

from aiida import orm
from aiida.cmdline import utils
from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import common, decorators, echo, files, multi_line_input, nodes
from aiida.cmdline.utils.repository import list_repository_contents
from aiida.common import exceptions, timezone
from aiida.common.links import GraphTraversalRules

__all__ = ("verdi_node",)


@click.group("node", cls=VerdiCommandGroup)
def verdi_node() -> None:
    """Look at and manage nodes."""


@verdi_node.group("repo", cls=VerdiCommandGroup)
def verdi_node_repo() -> None:
    """Look at the files of a node."""


@verdi_node_repo.command("cat")
@arguments.NODE()
@click.argument("relative_path", type=str, required=False)
@decorators.with_dbenv()
def repo_cat(node: orm.Node, relative_path: str | None) -> None:
    """Print a file of a node."""
    path = relative_path or getattr(node, "filename", None)
    if not path:
        raise click.BadArgumentUsage("Missing argument 'RELATIVE_PATH'.")
    try:
        with node.base.repository.open(path, mode="rb") as handle:
            files.copy_to_stdout(handle)
    except BrokenPipeError:
        pass  # the reader, `head` say, has seen enough
    except (OSError, ValueError) as error:
        echo.echo_critical(f"failed to get the content of file `{path}`: {error}")


@verdi_node_repo.command("ls")
@arguments.NODE()
@click.argument("relative_path", type=str, required=False)
@click.option("-c", "--color", "color", is_flag=True, default=False, help="Write folders in colour.")
@decorators.with_dbenv()
def repo_ls(node: orm.Node, relative_path: str | None, color: bool) -> None:
    """List the files of a node."""
    try:
        list_repository_contents(node, relative_path or "", color)
    except (FileNotFoundError, NotADirectoryError):
        echo.echo_critical(f"the path `{relative_path}` does not exist for the given node")


@verdi_node_repo.command("dump")
@arguments.NODE()
@click.argument("output_directory", type=click.Path(path_type=pathlib.Path), required=True)
@decorators.with_dbenv()
def repo_dump(node: orm.Node, output_directory: pathlib.Path) -> None:
    """Copy all files of a node to a new folder."""
    try:
        output_directory.mkdir(parents=True, exist_ok=False)
    except FileExistsError:
        echo.echo_critical(f'Invalid value for "OUTPUT_DIRECTORY": Path "{output_directory}" exists.')
    node.base.repository.copy_tree(output_directory)
    echo.echo_success(f"Copied the files of {type(node).__name__}<{node.pk}> to `{output_directory}`.")


def _name_nodes(found: Sequence[orm.Node], value: str | None, raw: bool, force: bool, attribute: str) -> None:
    """Show or set the label or the description of nodes."""
    if value is None:
        rows = [[getattr(node, attribute)] if raw else [node.pk, getattr(node, attribute)] for node in found]
        if raw:
            echo.echo_tabulate(rows, tablefmt="plain")
        else:
            echo.echo_tabulate(rows, headers=["ID", attribute.capitalize()])
        return
    if not force:
        click.confirm(f"Are you sure you want to set the {attribute} for {len(found)} nodes?", abort=True)
    for node in found:
        setattr(node, attribute, value)
    echo.echo_success(f"Set {attribute} '{value}' for {len(found)} nodes")


@verdi_node.command("label")
@arguments.NODES()
@options.LABEL(help="Label to set.")
@options.RAW(help="Only the labels.")
@options.FORCE()
@decorators.with_dbenv()
def node_label(nodes: Sequence[orm.Node], label: str | None, raw: bool, force: bool) -> None:
    """Show or set the label of nodes."""
    _name_nodes(nodes, label, raw, force, "label")


@verdi_node.command("description")
@arguments.NODES()
@options.DESCRIPTION(help="Description to set.", default=None)
@options.RAW(help="Only the descriptions.")
@options.FORCE()
@decorators.with_dbenv()
def node_description(nodes: Sequence[orm.Node], description: str | None, raw: bool, force: bool) -> None:
    """Show or set the description of nodes."""
    _name_nodes(nodes, description, raw, force, "description")


@verdi_node.command("show")
@arguments.NODES()
@click.option("--print-groups", "print_groups", is_flag=True, default=False, help="Show the groups that it is in.")
@decorators.with_dbenv()
def node_show(nodes: Sequence[orm.Node], print_groups: bool) -> None:
    """Show nodes: properties; of processes their inputs and outputs, too."""
    for node in nodes:
        echo.echo(common.get_node_info(node))
        if print_groups:
            _print_groups(node)


def _print_groups(node: orm.Node) -> None:
    query = orm.QueryBuilder().append(orm.Node, tag="node", filters={"id": node.pk})
    query.append(orm.Group, with_node="node", project=["id", "label", "type_string"])
    echo.echo("#### GROUPS:")
    rows = query.all()
    if rows:
        echo.echo(f"Node {node.pk} belongs to the following groups:")
        echo.echo_tabulate(rows, headers=["PK", "Label", "Group type"])
    else:
        echo.echo(f"Node {node.pk} does not belong to any group")


def echo_node_dict(
    found: Sequence[orm.Node], keys: Sequence[str] | None, fmt: str, identifier: str, raw: bool, use_attrs: bool = True
) -> None:
    """Print the attributes or extras of nodes."""
    kind = "attributes" if use_attrs else "extras"
    all_rows = []
    for node in found:
        values = dict(node.base.attributes.all if use_attrs else node.base.extras.all)
        if keys is not None:
            values = {key: value for key, value in values.items() if key in keys}
        name, value = ("PK", node.pk) if identifier == "pk" else ("UUID", node.uuid)
        if raw:
            all_rows.append({name: value, kind: values})
        else:
            echo.echo(f"{name}: {value}", bold=True)
            echo.echo_dictionary(values, fmt=fmt)
    if raw:
        echo.echo_dictionary(all_rows, fmt=fmt)


@verdi_node.command("attributes")
@arguments.NODES()
@options.DICT_KEYS()
@options.DICT_FORMAT()
@options.IDENTIFIER()
@options.RAW(help="One list of all nodes, for programs to read.")
@decorators.with_dbenv()
def attributes(nodes: Sequence[orm.Node], keys: Sequence[str] | None, fmt: str, identifier: str, raw: bool) -> None:
    """Show the attributes of nodes."""
    echo_node_dict(nodes, keys, fmt, identifier, raw)


@verdi_node.command("extras")
@arguments.NODES()
@options.DICT_KEYS()
@options.DICT_FORMAT()
@options.IDENTIFIER()
@options.RAW(help="One list of all nodes, for programs to read.")
@decorators.with_dbenv()
def extras(nodes: Sequence[orm.Node], keys: Sequence[str] | None, fmt: str, identifier: str, raw: bool) -> None:
    """Show the extras of nodes."""
    echo_node_dict(nodes, keys, fmt, identifier, raw, use_attrs=False)


PROJECTIONS = ("id", "uuid", "node_type", "process_type", "label", "description", "ctime", "mtime", "attributes", "extras", "user_id", "dbcomputer_id")


@verdi_node.command("list")
@click.option("-e", "--entry-point", type=str, required=False, help="Only nodes of this class: `core.int`, or `aiida.data:core.int`.")
@click.option("--subclassing/--no-subclassing", default=True, help="Include the nodes of sub-classes.")
@options.PROJECT(type=click.Choice(PROJECTIONS), default=("id", "uuid", "node_type"))
@options.PAST_DAYS()
@options.ORDER_BY()
@options.ORDER_DIRECTION()
@options.LIMIT()
@options.RAW()
@decorators.with_dbenv()
def node_list(
    entry_point: str | None, subclassing: bool, project: Sequence[str], past_days: int | None, order_by: str, order_dir: str, limit: int | None, raw: bool
) -> None:
    """List nodes."""
    cls = _class_of(entry_point) if entry_point else orm.Node
    filters = {"ctime": {">": timezone.now() - timedelta(days=past_days)}} if past_days is not None else {}
    query = orm.QueryBuilder().append(cls, tag="node", subclassing=subclassing, filters=filters, project=list(project))
    query.order_by({"node": [{order_by: {"order": order_dir}}]})
    if limit is not None:
        query.limit(limit)
    rows = query.all()
    if raw:
        echo.echo_tabulate(rows, tablefmt="plain")
    else:
        echo.echo_tabulate(rows, headers=list(project))


def _class_of(name: str) -> type[orm.Node]:
    """Return the class of an entry point of data or of nodes."""
    param = types.PluginParamType(group=("aiida.data", "aiida.node"), load=True)
    found: type[orm.Node] = param.convert(name, None, None)
    return found


@verdi_node.command("delete")
@click.argument("identifier", nargs=-1, metavar="NODES")
@options.DRY_RUN()
@options.FORCE()
@click.option("--clean-workdir", is_flag=True, help="Also empty the folders of jobs on their computers.")
@options.graph_traversal_rules(GraphTraversalRules.DELETE.value)
@decorators.with_dbenv()
def node_delete(identifier: Sequence[str], dry_run: bool, force: bool, clean_workdir: bool, **traversal_rules: bool) -> None:
    """Delete nodes, with all that was made from them, after asking."""
    pks = []
    for name in identifier:
        try:
            # An integer is taken as it is: nodes that are gone already are no error.
            pks.append(int(name) if name.isdigit() else int(orm.load_node(name).pk))
        except (exceptions.NotExistent, exceptions.MultipleObjectsError, ValueError) as error:
            echo.echo_error(str(error))
    if clean_workdir:
        _clean_folders(pks, dry_run, force)
    nodes.delete(pks, dry_run=dry_run, force=force, **traversal_rules)


def _clean_folders(pks: Sequence[int], dry_run: bool, force: bool) -> None:
    """Empty the folders of the jobs among the nodes and what they called."""
    jobs = orm.QueryBuilder().append(orm.ProcessNode, filters={"id": {"in": list(pks)}}).all(flat=True) if pks else []
    found = [job for process in jobs for job in [process, *process.called_descendants] if isinstance(job, orm.CalcJobNode) and "remote_folder" in job.outputs]
    if not found:
        echo.echo_report("There are no job folders to clean.")
        return
    echo.echo_warning(f"{len(found)} job folders will be emptied: {', '.join(str(job.pk) for job in found)}")
    if dry_run or not (force or click.confirm("Shall I continue?")):
        return
    for job in found:
        job.outputs.remote_folder._clean()
    echo.echo_success(f"{len(found)} job folders emptied.")


@verdi_node.command("rehash")
@arguments.NODES()
@options.OverridableOption("-e", "--entry-point", type=types.PluginParamType(group=("aiida.calculations", "aiida.data", "aiida.node", "aiida.workflows"), load=True),
                           default=None, help="Only nodes of this class or made by this plugin.")()  # fmt: skip
@options.FORCE()
@decorators.with_dbenv()
def rehash(nodes: Sequence[orm.Node], entry_point: Any, force: bool) -> None:
    """Compute the hashes of nodes anew, for the cache: after moving over from another implementation."""
    if not force:
        what = entry_point.__name__ if entry_point else (f"{len(nodes)} nodes" if nodes else "all data and process nodes")
        echo.echo_warning(f"This command will recompute and overwrite the hashes of {what}.")
        click.confirm("Do you want to continue?", abort=True)
    count = 0
    for node in nodes or _nodes_to_hash(entry_point):
        if entry_point is None or isinstance(node, entry_point) or _is_made_by(node, entry_point):
            node.base.caching.rehash()
            count += 1
    if count == 0:
        echo.echo_critical("no matching nodes found")
    echo.echo_success(f"{count} nodes re-hashed.")


def _is_made_by(node: orm.Node, plugin: Any) -> bool:
    """Return whether a process node is of this plugin; classes of nodes, which have no process type, made none."""
    return hasattr(plugin, "build_process_type") and node.process_type == plugin.build_process_type()


def _nodes_to_hash(entry_point: Any) -> Any:
    """Yield all nodes that have hashes."""
    cls = entry_point if entry_point is not None and issubclass(entry_point, orm.Node) else (orm.Data, orm.ProcessNode)
    query = orm.QueryBuilder().append(cls, project=["*"])
    return (row[0] for row in query.iterall())


@verdi_node.command("explain-cache")
@arguments.NODES()
@decorators.with_dbenv()
def node_explain_cache(nodes: Sequence[orm.Node]) -> None:
    """Say what a node's hash is made of, whether the cache may use it, and which nodes are the same.

    Of two nodes: in which fields they differ, so that the one was not taken for the other.
    """
    if not nodes:
        raise click.UsageError("Missing argument 'NODES...': name the nodes whose caching is in question by pk, uuid or label.")
    if len(nodes) == 2:
        echo.echo(utils.explain_cache.compare(*nodes))
        return
    for node in nodes:
        echo.echo(utils.explain_cache.explain(node))


@verdi_node.command("tree")
@arguments.NODE()
@click.option("-d", "--depth", type=click.IntRange(min=0), default=1, show_default=True, help="Steps to follow.")
@decorators.with_dbenv()
def tree(node: orm.Node, depth: int) -> None:
    """Show what came out of a node, as a tree."""

    def children(current: orm.Node, level: int) -> Any:
        name = f"{type(current).__name__ if not isinstance(current, orm.ProcessNode) else current.process_label}<{current.pk}>"
        if level == 0:
            return name
        below = [children(link.node, level - 1) for link in sorted(current.base.links.get_outgoing().all(), key=lambda link: link.node.pk)]
        return (name, below) if below else name

    utils.ascii_vis.print_tree_descending(children(node, depth))


@verdi_node.group("comment", cls=VerdiCommandGroup)
def verdi_comment() -> None:
    """Write comments on nodes, and read them."""


@verdi_comment.command("add")
@options.NODES(required=True)
@click.argument("content", type=click.STRING, required=False)
@decorators.with_dbenv()
def comment_add(nodes: Sequence[orm.Node], content: str | None) -> None:
    """Add a comment to nodes; without CONTENT the editor opens."""
    text = content or multi_line_input.edit_comment()
    if not text:
        echo.echo_critical("the comment is empty; nothing was added")
    for node in nodes:
        node.base.comments.add(text)
    echo.echo_success(f"comment added to {len(nodes)} nodes")


@verdi_comment.command("update")
@click.argument("comment_id", type=int, metavar="COMMENT_ID")
@click.argument("content", type=click.STRING, required=False)
@decorators.with_dbenv()
def comment_update(comment_id: int, content: str | None) -> None:
    """Change a comment."""
    comment = _load_comment(comment_id)
    comment.set_content(content or multi_line_input.edit_comment(comment.content))
    echo.echo_success(f"comment<{comment_id}> updated")


def _load_comment(pk: int) -> orm.Comment:
    try:
        return orm.Comment.collection.get(id=pk)
    except (exceptions.NotExistent, exceptions.MultipleObjectsError):
        echo.echo_critical(f"comment<{pk}> not found")


@verdi_comment.command("show")
@options.USER()
@arguments.NODES()
@decorators.with_dbenv()
def comment_show(user: orm.User | None, nodes: Sequence[orm.Node]) -> None:
    """Show the comments on nodes."""
    for node in nodes:
        title = f"* Comments for Node<{node.pk}>"
        bar = "*" * len(title)
        echo.echo(f"{bar}\n{title}\n{bar}")
        found = node.base.comments.all()
        shown = [comment for comment in found if user is None or comment.user.email == user.email]
        if found and not shown:
            echo.echo_warning(f"Nothing found for user '{user}'; valid users found: {', '.join(sorted({c.user.email for c in found}))}")
        for comment in shown:
            echo.echo(f"Comment<{comment.pk}> for Node<{node.pk}> by {comment.user.email}")
            echo.echo(f"Created on {timezone.localtime(comment.ctime):%Y-%m-%d %H:%M}\nLast modified on {timezone.localtime(comment.mtime):%Y-%m-%d %H:%M}")
            echo.echo(f"\n{comment.content}\n")
        if not shown:
            echo.echo_report("no comments found")


@verdi_comment.command("remove")
@options.FORCE()
@click.argument("comment_id", type=int, metavar="COMMENT_ID")
@decorators.with_dbenv()
def comment_remove(force: bool, comment_id: int) -> None:
    """Delete a comment, after asking."""
    _load_comment(comment_id)
    if not force:
        click.confirm(f"Are you sure you want to remove comment<{comment_id}>", abort=True)
    orm.Comment.collection.delete(comment_id)
    echo.echo_success(f"removed comment<{comment_id}>")


