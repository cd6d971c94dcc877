"""Trees in text: who called whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from aiida import orm

__all__ = ("build_call_graph", "calc_info", "format_call_graph", "print_call_graph", "print_tree_descending")

TREE_LAST_ENTRY = "\u2514\u2500\u2500 "
TREE_MIDDLE_ENTRY = "\u251c\u2500\u2500 "
TREE_FIRST_ENTRY = TREE_MIDDLE_ENTRY
INDENT = "    "
BAR = "\u2502   "


def calc_info(node: orm.ProcessNode, call_link_label: bool = False) -> str:
    """Return a line about a process: label, pk, state, where a work chain stands."""
    state = getattr(node.process_state, "value", node.process_state)
    words = [f"{node.process_label or type(node).__name__}<{node.pk}>"]
    if call_link_label and (caller := node.caller) is not None:
        links = caller.base.links.get_outgoing(link_label_filter=None, node_class=type(node)).all()
        label = next((link.link_label for link in links if link.node.pk == node.pk), "CALL")
        if label != "CALL":
            words.insert(1, f"[{label}]")
    words.append(str(state or "").capitalize())
    if state == "finished":
        words.append(f"[{node.exit_status}]")
    if node.paused and not node.is_terminated:
        words.append("(paused)")
    if isinstance(node, orm.WorkChainNode):
        words.append(f"[{node.stepper_state_info}]")
    return " ".join(words)


def format_call_graph(
    calc_node: orm.ProcessNode, max_depth: int | None = None, call_link_label: bool = False, info_fn: Callable[..., str] = calc_info
) -> str:
    """Return the tree of a process and all that it called."""
    tree = build_call_graph(calc_node, max_depth=max_depth, call_link_label=call_link_label, info_fn=info_fn)
    return format_tree_descending(tree)


def build_call_graph(
    calc_node: orm.ProcessNode, max_depth: int | None = None, call_link_label: bool = False, info_fn: Callable[..., str] = calc_info
) -> Any:
    """Return the tree as a text, or a text and the trees below it."""
    info = info_fn(calc_node, call_link_label) if info_fn is calc_info else info_fn(calc_node)
    if max_depth is not None and max_depth <= 1:
        return info
    below = None if max_depth is None else max_depth - 1
    children = sorted(calc_node.called, key=lambda node: (node.ctime, node.pk))
    trees = [build_call_graph(child, below, call_link_label, info_fn) for child in children]
    return (info, trees) if trees else info


def format_tree_descending(tree: Any, prefix: str = "", pos: int = -1) -> str:
    """Return the lines of a tree."""
    info, children = tree if isinstance(tree, tuple) else (tree, [])
    lines = [str(info)]

    def add(trees: list[Any], indent: str) -> None:
        for index, item in enumerate(trees):
            text, below = item if isinstance(item, tuple) else (item, [])
            is_last = index == len(trees) - 1
            lines.append(indent + (TREE_LAST_ENTRY if is_last else TREE_MIDDLE_ENTRY) + str(text))
            add(below, indent + (INDENT if is_last else BAR))

    add(children, prefix + INDENT)
    return "\n".join(lines)


def print_tree_descending(tree: Any, prefix: str = "", pos: int = -1) -> None:
    """Print a tree."""
    click.echo(format_tree_descending(tree, prefix, pos))


def print_call_graph(calc_node: orm.ProcessNode, max_depth: int | None = None, info_fn: Callable[..., str] = calc_info) -> None:
    """Print the tree of a process and all that it called."""
    click.echo(format_call_graph(calc_node, max_depth=max_depth, info_fn=info_fn))
