"""Two pictures: energy over volume, and the provenance graph (drawn here: Graphviz is not needed)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from aiida import orm

matplotlib.use("Agg")

from matplotlib import pyplot as plt

COLOURS = {"data": "#8cd499", "calculation": "#de707f", "workflow": "#e38851", "code": "#f2f1a5"}


def draw_equation_of_state(result: dict[str, Any], title: str, path: Path) -> None:
    """Draw the calculated points, the fitted curve and its minimum."""
    volumes = np.linspace(min(result["volumes"]) * 0.99, max(result["volumes"]) * 1.01, 200)
    curve = np.polynomial.Polynomial(result["polynomial"])(volumes ** (-2 / 3))
    figure, axes = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
    axes.plot(volumes, curve, color="#3b6ea8", label="Birch-Murnaghan fit")
    axes.plot(result["volumes"], result["energies"], "o", color="#c2412d", label="calculations")
    axes.axvline(result["volume"], color="grey", linestyle=":", linewidth=1)
    axes.set(xlabel="volume (Å³)", ylabel="energy (eV)", title=title)
    axes.annotate(
        f"$V_0$ = {result['volume']:.2f} Å³\n$B_0$ = {result['bulk_modulus']:.1f} GPa",
        (0.5, 0.75), xycoords="axes fraction", ha="center",
    )
    axes.legend()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_provenance(root: orm.ProcessNode, path: Path) -> None:
    """Draw the graph of everything that went into the process and came out of it, oldest at the top."""
    nodes, edges = collect(root)
    rank = rank_nodes(nodes, edges)
    place = place_nodes(nodes, edges, rank)
    width = max(x for x, _ in place.values()) - min(x for x, _ in place.values())
    figure, axes = plt.subplots(figsize=(max(9, 0.85 * width), 1.35 * (max(rank.values()) + 2)), layout="constrained")
    for source, target, kind in edges:
        style = "--" if kind.startswith("call") else ":" if kind == "return" else "-"
        axes.annotate(
            "", place[target], place[source],
            arrowprops={"arrowstyle": "->", "color": "#777777", "linestyle": style, "shrinkA": 12, "shrinkB": 12, "linewidth": 0.8},
        )
    for pk, node in nodes.items():
        box = {"boxstyle": shape_of(node), "facecolor": colour_of(node), "edgecolor": "#444444"}
        axes.text(*place[pk], caption_of(node), ha="center", va="center", fontsize=6, bbox=box)
    xs, ys = zip(*place.values(), strict=True)
    axes.set(xlim=(min(xs) - 1, max(xs) + 1), ylim=(min(ys) - 0.7, max(ys) + 0.7))
    axes.axis("off")
    figure.savefig(path, dpi=130)
    plt.close(figure)


def collect(root: orm.ProcessNode) -> tuple[dict[int, orm.Node], set[tuple[int, int, str]]]:
    """Return the process, all that it called, their inputs and outputs, and the links between them."""
    nodes: dict[int, orm.Node] = {}
    edges: set[tuple[int, int, str]] = set()
    for process in [root, *root.called_descendants]:
        nodes[process.pk] = process
        for entry in process.base.links.get_incoming().all():
            nodes.setdefault(entry.node.pk, entry.node)
            edges.add((entry.node.pk, process.pk, entry.link_type.value))
        for entry in process.base.links.get_outgoing().all():
            nodes.setdefault(entry.node.pk, entry.node)
            edges.add((process.pk, entry.node.pk, entry.link_type.value))
    return nodes, edges


def rank_nodes(nodes: dict[int, orm.Node], edges: set[tuple[int, int, str]]) -> dict[int, int]:
    """Return the longest way from a source to each node; a returned node stays where it was created."""
    rank = dict.fromkeys(nodes, 0)
    arrows = [(s, t) for s, t, kind in edges if kind != "return"]
    for _ in nodes:
        moved = False
        for source, target in arrows:
            if rank[target] <= rank[source]:
                rank[target], moved = rank[source] + 1, True
        if not moved:
            break
    return rank


def place_nodes(
    nodes: dict[int, orm.Node], edges: set[tuple[int, int, str]], rank: dict[int, int]
) -> dict[int, tuple[float, float]]:
    """Place nodes in rows by rank, each row ordered by the mean place of its neighbours to lessen crossings."""
    rows: dict[int, list[int]] = {}
    for pk in sorted(nodes):
        rows.setdefault(rank[pk], []).append(pk)
    place = {pk: float(i - len(row) / 2) for row in rows.values() for i, pk in enumerate(row)}
    for _ in range(8):
        for level in sorted(rows):
            near = {
                pk: [place[s] for s, t, _ in edges if t == pk] + [place[t] for s, t, _ in edges if s == pk]
                for pk in rows[level]
            }
            rows[level].sort(key=lambda pk: sum(near[pk]) / max(1, len(near[pk])))
            for i, pk in enumerate(rows[level]):
                place[pk] = i - (len(rows[level]) - 1) / 2
    return {pk: (place[pk] * 1.6, -float(rank[pk])) for pk in nodes}


def caption_of(node: orm.Node) -> str:
    """Return two short lines that say what the node is."""
    name = getattr(node, "process_label", None) or type(node).__name__
    detail = node.label or f"<{node.pk}>"
    if isinstance(node, orm.ProcessNode) and node.exit_status is not None:
        detail += f" [{node.exit_status}]"
    return f"{name}\n{detail}"


def colour_of(node: orm.Node) -> str:
    """Return the colour of the kind of node."""
    if isinstance(node, orm.AbstractCode):
        return COLOURS["code"]
    if isinstance(node, orm.CalculationNode):
        return COLOURS["calculation"]
    return COLOURS["workflow"] if isinstance(node, orm.WorkflowNode) else COLOURS["data"]


def shape_of(node: orm.Node) -> str:
    """Return the shape of the kind of node: processes are square, data is round."""
    return "square,pad=0.4" if isinstance(node, orm.ProcessNode) else "round,pad=0.4"
