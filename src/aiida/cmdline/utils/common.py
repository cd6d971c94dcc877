"""What several commands, and plugins, print of nodes: properties, links, reports."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click
import tabulate

from aiida import engine, orm
from aiida.cmdline import utils
from aiida.cmdline.utils import echo, session
from aiida.common import exceptions, timezone
from aiida.common.links import LinkType
from aiida.common.log import LOG_LEVELS
from aiida.common.utils import str_timedelta

__all__ = (
    "check_worker_load", "format_flat_links", "format_local_time", "format_nested_links", "get_calcjob_report", "get_env_with_venv_bin",
    "get_node_info", "get_node_summary", "get_num_workers", "get_process_function_report", "get_workchain_report", "is_verbose",
    "print_last_process_state_change", "print_process_info",
)  # fmt: skip


def is_verbose() -> bool:
    """Return whether more than usual is to be printed."""
    return session.get_level() <= session.LEVELS["info"]


def get_env_with_venv_bin() -> dict[str, str]:
    """Return the environment with the programs of this interpreter in front."""
    return {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])}


def format_local_time(timestamp: float, format_str: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Return a time, given in seconds since 1970, in the local zone."""
    return datetime.fromtimestamp(timestamp).strftime(format_str)


def find_last_change(process_type: str | None = None) -> Any:
    """Return when a process last changed."""
    query = orm.QueryBuilder().append(orm.ProcessNode, tag="process", project="mtime").order_by({"process": {"mtime": "desc"}}).limit(1)
    return query.first(flat=True)


def print_last_process_state_change(process_type: str | None = None) -> None:
    """Print when a process last changed: the quickest sign of whether anything happens."""
    timestamp = find_last_change(process_type)
    if timestamp is None:
        echo.echo_report("Last time an entry changed state: never")
        return
    ago = str_timedelta(timezone.delta(timestamp), max_num_fields=1, negative_to_zero=True)
    echo.echo_report(f"Last time an entry changed state: {ago} (at {timezone.localtime(timestamp):%H:%M:%S on %Y-%m-%d})")


def get_num_workers() -> int | None:
    """Return how many workers the daemon has, None if it does not run."""
    client = engine.get_daemon_client()
    if not client.is_daemon_running:
        return None
    return int(client.get_number_of_workers())


def check_worker_load(active_slots: int | None = None) -> None:
    """Warn if nobody works. Waiting takes up no worker here, so there is no load of slots to speak of."""
    try:
        workers = get_num_workers()
    except exceptions.AiidaException as error:
        echo.echo_warning(f"The daemon does not answer: {error}")
        return
    if workers is None and not utils.workers.count_lone_workers():
        echo.echo_warning("The daemon is not running: `verdi daemon start` starts it")
    elif workers == 0:
        echo.echo_warning("The daemon has no workers: `verdi daemon incr` adds one")
    elif workers is not None:
        echo.echo_info(f"The daemon runs with {workers} worker{'s' if workers > 1 else ''}")


def _format_process_state(node: orm.ProcessNode) -> str | None:
    """Return the state of a process in words, with how it ended."""
    state = getattr(node.process_state, "value", node.process_state)
    if state is None:
        return None
    text = str(state).capitalize()
    if state == "finished":
        message = f" {node.exit_message}" if node.exit_message else ""
        return f"{text} [{node.exit_status}]{message}"
    if state == "excepted":
        exception = (node.exception or "").strip().splitlines()
        return f"{text} <{exception[0]}>" if exception else text
    return f"{text} (paused)" if node.paused else text


def get_node_summary(node: orm.Node) -> str:
    """Return the table of a node's properties."""
    rows: list[tuple[str, Any]] = []
    if isinstance(node, orm.ProcessNode):
        rows = [("type", node.process_label or type(node).__name__), ("state", _format_process_state(node))][: 1 if node.process_state is None else 2]
        if node.process_status and not node.is_terminated:
            rows.append(("status", node.process_status))
    else:
        rows = [("type", type(node).__name__)]
    rows += [("pk", str(node.pk)), ("uuid", str(node.uuid)), ("label", node.label), ("description", node.description), ("ctime", node.ctime), ("mtime", node.mtime)]
    if node.computer is not None:
        rows.append(("computer", f"[{node.computer.pk}] {node.computer.label}"))
    shown = [(name, "" if value is None else str(value)) for name, value in rows]
    return tabulate.tabulate(shown, headers=["Property", "Value"], disable_numparse=True)


def _type_of(node: orm.Node) -> str:
    return str(node.process_label or type(node).__name__) if isinstance(node, orm.ProcessNode) else type(node).__name__


def get_node_info(node: orm.Node, include_summary: bool = True) -> str:
    """Return what is shown of a node: properties, inputs, outputs, caller and called, number of log messages."""
    parts = [get_node_summary(node)] if include_summary else []
    if isinstance(node, orm.ProcessNode):
        inputs = node.base.links.get_incoming(link_type=(LinkType.INPUT_CALC, LinkType.INPUT_WORK))
        outputs = node.base.links.get_outgoing(link_type=(LinkType.CREATE, LinkType.RETURN))
        caller = node.base.links.get_incoming(link_type=(LinkType.CALL_CALC, LinkType.CALL_WORK)).all()
        called = node.base.links.get_outgoing(link_type=(LinkType.CALL_CALC, LinkType.CALL_WORK)).all()
        if inputs.all():
            parts.append(format_nested_links(inputs.nested(), headers=["Inputs", "PK", "Type"]))
        if outputs.all():
            parts.append(format_nested_links(outputs.nested(), headers=["Outputs", "PK", "Type"]))
        parts += [format_flat_links(links, headers=[name, "PK", "Type"]) for name, links in (("Caller", caller), ("Called", called)) if links]
        count = len(orm.Log.collection.get_logs_for(node))
        if count:
            lines = [[f"There are {count} log messages for this calculation"], [f"Run 'verdi process report {node.pk}' to see them"]]
            parts.append(tabulate.tabulate(lines, headers=["Log messages"]))
    return "\n\n".join(parts)


def format_flat_links(links: Iterable[Any], headers: Sequence[str]) -> str:
    """Return a table of links."""
    rows = [[link.link_label, link.node.pk, _type_of(link.node)] for link in sorted(links, key=lambda link: (link.link_label, link.node.pk))]
    return tabulate.tabulate(rows, headers=list(headers))


def format_nested_links(links: Mapping[str, Any], headers: Sequence[str]) -> str:
    """Return a table of links, with namespaces indented."""
    rows: list[tuple[str, Any, str]] = []

    def collect(mapping: Mapping[str, Any], depth: int) -> None:
        for label, value in sorted(mapping.items(), key=lambda item: str(item[0])):
            name = "    " * depth + str(label)
            if isinstance(value, Mapping) and not isinstance(value, orm.Node):
                rows.append((name, "", ""))
                collect(value, depth + 1)
            else:
                rows.append((name, value.pk, _type_of(value)))

    collect(links, 0)
    text = tabulate.tabulate(rows, headers=list(headers), preserve_whitespace=True)
    return "\n".join(line.rstrip() for line in text.splitlines())


def get_calcjob_report(calcjob: orm.CalcJobNode) -> str:
    """Return what the log, the scheduler and the parser said about a job."""
    logs = orm.Log.collection.get_logs_for(calcjob)
    label = f" [{calcjob.label}]" if calcjob.label else ""
    state = calcjob.get_state()
    text = [f"*** {calcjob.pk}{label}: {getattr(state, 'value', state)}"]
    for kind, output in (("output", calcjob.get_scheduler_stdout()), ("errors", calcjob.get_scheduler_stderr())):
        if output is None:
            text.append(f"*** Scheduler {kind}: N/A")
        elif output:
            text.append(f"*** Scheduler {kind}:\n{output}")
        else:
            text.append(f"*** (empty scheduler {kind} file)")
    text.append(f"*** {len(logs)} LOG MESSAGES{':' if logs else ''}")
    for log in logs:
        text.append(f"+-> {log.levelname} at {log.time}")
        text += [f" | {line}" for line in log.message.splitlines()]
    return "\n".join(text)


def get_process_function_report(node: orm.ProcessNode) -> str:
    """Return what the log says about a process function."""
    logs = orm.Log.collection.get_logs_for(node)
    return "\n".join(f"{log.time:%Y-%m-%d %H:%M:%S} [{log.pk}]: {log.message}" for log in logs)


def get_workchain_report(node: orm.ProcessNode, levelname: str, indent_size: int = 4, max_depth: int | None = None) -> str:
    """Return what the log says about a workflow and all that it called, in the order of time."""
    depths: dict[int, int] = {}

    def walk(process: orm.ProcessNode, depth: int) -> None:
        if process.pk in depths:
            return
        depths[int(process.pk)] = depth
        if max_depth is None or depth + 1 < max_depth:
            for child in process.called:
                if isinstance(child, orm.WorkflowNode):
                    walk(child, depth + 1)

    walk(node, 0)
    least = LOG_LEVELS[levelname.upper()]
    query = orm.QueryBuilder().append(orm.Log, filters={"dbnode_id": {"in": list(depths)}}, tag="log").order_by({"log": ["time", "id"]})
    logs = [log for log in query.all(flat=True) if LOG_LEVELS.get(log.levelname, 100) >= least]
    if not logs:
        return "No log messages recorded for this entry"
    id_width = max(len(str(log.pk)) for log in logs)
    level_width = max(len(log.levelname) for log in logs)
    lines = []
    for log in logs:
        indent = " " * (depths[log.dbnode_id] * indent_size)
        lines.append(f"{log.time:%Y-%m-%d %H:%M:%S} [{log.pk:<{id_width}} | {log.levelname:>{level_width}}]: {indent}{log.message}")
    return "\n".join(lines)


def _describe_port(name: str, port: Any) -> tuple[str, str, str]:
    """Return name, types and help of a port; a required one is marked for the terminal."""
    kinds = getattr(port, "valid_type", None)
    names = [kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)) if kind is not None]
    text = " ".join((port.help or "").split())
    return (click.style(name, fg="red", bold=True) if port.required else name), ", ".join(names), text


def _print_ports(title: str, namespace: Mapping[str, Any]) -> None:
    """Print the table of a namespace of ports."""
    echo.echo(click.style(f"{title}:", bold=True))
    ports = [(name, port) for name, port in namespace.items() if not name.startswith("_")]
    rows = [_describe_port(name, port) for name, port in sorted(ports, key=lambda item: (not item[1].required, item[0]))]
    wrapped = [(name, kinds, "\n".join(textwrap.wrap(text, 75))) for name, kinds, text in rows]
    if wrapped:
        echo.echo_tabulate(wrapped, tablefmt="plain", colalign=("right", "left", "left"))
        echo.echo("\nRequired inputs are displayed in bold red.\n" if title == "Inputs" else "\nRequired outputs are displayed in bold red.\n")
    else:
        echo.echo("None are defined.\n")


def print_process_info(process: Any) -> None:
    """Print what a process class does, takes, gives, and how it may fail."""
    description = getattr(process, "__doc__", None) or "No description available"
    echo.echo(click.style("Description:\n", bold=True))
    echo.echo(textwrap.indent(textwrap.dedent(description).strip(), "    "))
    echo.echo("")
    spec = process.spec() if hasattr(process, "spec") else process.process_class.spec()
    _print_ports("Inputs", spec.inputs)
    _print_ports("Outputs", spec.outputs)
    echo.echo(click.style("Exit codes:\n", bold=True))
    codes = sorted(spec.exit_codes.values(), key=lambda code: code.status)
    rows = [(click.style(str(c.status), fg="red", bold=True) if c.invalidates_cache else str(c.status), c.message) for c in codes]
    echo.echo_tabulate([("0", "The process finished successfully."), *rows] if not any(c.status == 0 for c in codes) else rows,
                       tablefmt="plain", colalign=("right", "left"), disable_numparse=True)  # fmt: skip
    echo.echo("\nExit codes that invalidate the cache are marked in bold red.\n")
