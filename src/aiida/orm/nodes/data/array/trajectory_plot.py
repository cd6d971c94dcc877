"""Plots of trajectories with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from aiida.orm.nodes.data.array.trajectory import TrajectoryData


def _choose(trajectory: TrajectoryData, elements: Sequence[str] | None, indices: Sequence[int] | None) -> list[int]:
    """Return the sites of the wanted elements or indices."""
    if indices is not None:
        return [int(at) for at in indices]
    wanted = set(elements or trajectory.symbols)
    return [at for at, symbol in enumerate(trajectory.symbols) if symbol in wanted]


def _steps(trajectory: TrajectoryData, minimum: float | None, maximum: float | None, stepsize: int) -> tuple[Any, Any, str]:
    """Return the indices of the wanted steps, their position on the axis, and the name of the axis."""
    times = trajectory.get_times()
    axis, name = (trajectory.get_stepids(), "step") if times is None else (times, "time (ps)")
    chosen = (axis >= (axis.min() if minimum is None else minimum)) & (axis <= (axis.max() if maximum is None else maximum))
    at = np.flatnonzero(chosen)[::stepsize]
    return at, axis[at], name


def plot_positions(
    trajectory: TrajectoryData,
    *,
    elements: Sequence[str] | None = None,
    indices: Sequence[int] | None = None,
    stepsize: int = 1,
    mintime: float | None = None,
    maxtime: float | None = None,
    label: str | None = None,
    dont_block: bool = False,
    filename: str | None = None,
) -> None:
    """Draw the three coordinates of the chosen atoms over time, one below the other."""
    pyplot: Any = import_module("matplotlib.pyplot")
    sites = _choose(trajectory, elements, indices)
    at, axis, name = _steps(trajectory, mintime, maxtime, stepsize)
    positions = trajectory.get_positions()[at]
    figure, panels = pyplot.subplots(3, 1, sharex=True)
    figure.suptitle(label or trajectory.label or str(trajectory.uuid))
    kinds = sorted(set(trajectory.symbols))
    for component, panel in enumerate(panels):
        for site in sites:
            symbol = trajectory.symbols[site]
            first = site == next(one for one in sites if trajectory.symbols[one] == symbol)
            panel.plot(axis, positions[:, site, component], color=f"C{kinds.index(symbol)}", label=symbol if first else None)
        panel.set_ylabel(f"{'xyz'[component]} (Å)")
    panels[0].legend()
    panels[-1].set_xlabel(name)
    _finish(pyplot, figure, filename, dont_block)


def plot_heatmap(
    trajectory: TrajectoryData,
    *,
    elements: Sequence[str] | None = None,
    indices: Sequence[int] | None = None,
    stepsize: int = 1,
    mintime: float | None = None,
    maxtime: float | None = None,
    bins: int = 50,
    label: str | None = None,
    dont_block: bool = False,
    filename: str | None = None,
) -> None:
    """Draw how often the chosen atoms were where, seen along each axis."""
    pyplot: Any = import_module("matplotlib.pyplot")
    sites = _choose(trajectory, elements, indices)
    at, _, _ = _steps(trajectory, mintime, maxtime, stepsize)
    points = trajectory.get_positions()[at][:, sites].reshape(-1, 3)
    figure, panels = pyplot.subplots(1, 3, figsize=(12, 4))
    figure.suptitle(label or trajectory.label or str(trajectory.uuid))
    for panel, (one, other) in zip(panels, ((0, 1), (0, 2), (1, 2)), strict=True):
        panel.hist2d(points[:, one], points[:, other], bins=bins)
        panel.set_xlabel(f"{'xyz'[one]} (Å)")
        panel.set_ylabel(f"{'xyz'[other]} (Å)")
    _finish(pyplot, figure, filename, dont_block)


def _finish(pyplot: Any, figure: Any, filename: str | None, dont_block: bool) -> None:
    if filename:
        figure.savefig(filename)
        pyplot.close(figure)
    else:
        pyplot.show(block=not dont_block)
