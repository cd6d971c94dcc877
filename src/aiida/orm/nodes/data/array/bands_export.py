"""Band structures as plots and files: the path as segments, and a writer per format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# --- data of a plot ---------------------------------------------------------------------------------------------------


def find_positions(points: Array, labelled: Iterable[int]) -> list[float]:
    """Return the position of each point along the path; the jump between two labelled neighbours has no length."""
    marks = set(labelled)
    distances = np.linalg.norm(np.diff(points, axis=0), axis=1)
    steps = [0.0 if at in marks and at + 1 in marks else float(distance) for at, distance in enumerate(distances)]
    return [float(value) for value in np.concatenate([[0.0], np.cumsum(steps)])]


def find_segments(positions: list[float], bands: Array, labels: Sequence[tuple[int, str]], types: Sequence[int]) -> dict[str, Any]:
    """Return the pieces of the path between labels, with the values of each band on them."""
    stops = list(labels) or [(0, "0"), (len(positions) - 1, "1")]
    if stops[0][0] != 0:
        stops.insert(0, (0, "0"))
    if stops[-1][0] != len(positions) - 1:
        stops.append((len(positions) - 1, "1"))
    paths, path = [], []
    for (start, one), (end, other) in pairwise(stops):
        if end - start > 1:
            path.append([one, other])
        paths.append(
            {
                "length": end - start,
                "from": one,
                "to": other,
                "values": bands[start : end + 1].T.tolist(),
                "x": positions[start : end + 1],
                "two_band_types": len(set(types)) == 2,
            }
        )
    return {"path": path, "paths": paths}


# --- formats ----------------------------------------------------------------------------------------------------------


def prepare_header_comment(uuid: str, data: dict[str, Any], prefix: str = "#") -> str:
    """Return the lines that say what the file is."""
    lines = [f"Dumped from BandsData UUID={uuid}", "\tpoints\tbands", f"\t{data['y'].shape[0]}\t{data['y'].shape[1]}", "", "\tlabel\tpoint"]
    lines += [f"\t{label}\t{position:.8f}" for position, label in data["raw_labels"]]
    return "\n".join(f"{prefix} {line}" for line in lines)


def render_blocks(data: dict[str, Any]) -> str:
    """Return one block per band, separated by two empty lines."""
    blocks = ["".join(f"{x:.8f}\t{y:.8f}\n" for x, y in zip(data["x"], band, strict=True)) for band in data["y"].T]
    return "\n\n".join(blocks)


def render_columns(data: dict[str, Any]) -> str:
    """Return one line per point, one column per band."""
    return "".join("\t".join(f"{value:.8f}" for value in (x, *row)) + "\n" for x, row in zip(data["x"], data["y"], strict=True))


def find_limits(data: dict[str, Any], low: float | None, high: float | None) -> tuple[float, float]:
    """Return the range of energies to show."""
    return float(data["y"].min()) if low is None else low, float(data["y"].max()) if high is None else high


def render_gnuplot(data: dict[str, Any], data_file: str, title: str, units: str, limits: tuple[float, float]) -> str:
    """Return a gnuplot script for a file of blocks."""
    ticks = ", ".join(f'"{label}" {position}' for position, label in data["labels"])
    lines = [
        "# For a PDF (needs gnuplot with pdfcairo), uncomment:",
        "# set terminal pdfcairo",
        "# set output 'bands.pdf'",
        "set encoding utf8",
        "set termopt enhanced",
        f"set xtics ({ticks})",
        "unset key",
        f"set yrange [{limits[0]}:{limits[1]}]",
        f'set ylabel "Dispersion ({units})"',
        *([f'set title "{title}"'] if title else []),
        f"set xrange [{data['x'][0]}:{data['x'][-1]}]",
        'set grid xtics lt 1 lc rgb "#888888"',
        f'plot "{Path(data_file).name}" with l lc rgb "#000000"',
    ]
    return "\n".join(lines) + "\n"


def _grace_axes(data: dict[str, Any], limits: tuple[float, float], units: str) -> list[str]:
    return [
        f"world {data['x'][0]}, {limits[0]}, {data['x'][-1]}, {limits[1]}",
        f'yaxis label "Dispersion{units}"',
        "xaxis tick place both",
        "xaxis tick spec type both",
        f"xaxis tick spec {len(data['labels'])}",
        *(line for at, (position, label) in enumerate(data["labels"]) for line in (f"xaxis tick major {at}, {position}", f'xaxis ticklabel {at}, "{label}"')),
        "xaxis tick major color 7",
        "xaxis tick major grid on",
        "yaxis tick minor ticks 3",
    ]


def _colour(type_: int, first: int, second: int) -> int:
    return first if type_ == 0 else second


_GRACE_FONTS = ("frame linewidth 1.0", 'map font 4 to "Helvetica", "Helvetica"', "yaxis label font 4", "xaxis label font 4")


def render_agr_batch(data: dict[str, Any], data_file: str, limits: tuple[float, float]) -> str:
    """Return a batch file for xmgrace that reads a file of blocks."""
    lines = [f'READ XY "{data_file}"', *_grace_axes(data, limits, ""), *_GRACE_FONTS]
    for at, type_ in enumerate(data["band_type_idx"]):
        lines += [f"s{at} line color {_colour(type_, 1, 2)}", f"s{at} linewidth 1"]
    return "\n".join(lines) + "\n"


def render_agr(data: dict[str, Any], limits: tuple[float, float], **options: Any) -> str:
    """Return a project of xmgrace with the data in it."""
    offset, title, legend = options["setnumber_offset"], options["title"], options["legend"]
    colours = (options["color_number"], options["color_number2"])
    lines = ["@version 50122", "@g0 on", "@with g0", *(f"@    {line}" for line in _grace_axes(data, limits, f" ({options['units']})"))]
    if title:
        lines.append(f'@    title "{title}"')
    for at, type_ in enumerate(data["band_type_idx"], start=offset):
        lines += [f"@    s{at} type xy", f"@    s{at} line color {_colour(type_, *colours)}"]
        lines.append(f'@    s{at} legend "{legend if at == offset else ""}"')
    for at, band in enumerate(data["y"].T, start=offset):
        lines += [f"@target G0.S{at}", "@type xy", *(f"{x:.8f}\t{y:.8f}" for x, y in zip(data["x"], band, strict=True)), "&"]
    return "\n".join(lines) + "\n"


_SCRIPT = """\
import json

import matplotlib
{backend}
from matplotlib import pyplot

{load}

figure, axes = pyplot.subplots()
for path in data["paths"]:
    for kind, values in zip(data["band_type_idx"], path["values"]):
        axes.plot(path["x"], values, color=("k", "r")[kind % 2], linewidth=0.5)
for position in data["tick_pos"]:
    axes.axvline(position, color="0.7", linewidth=0.5)
axes.set_xticks(data["tick_pos"], data["tick_labels"])
if data["x_max_lim"] > data["x_min_lim"]:
    axes.set_xlim(data["x_min_lim"], data["x_max_lim"])
axes.set_ylim(data["y_min_lim"], data["y_max_lim"])
axes.set_ylabel(data["yaxis_label"])
axes.set_title(data["title"])
if data["legend_text"]:
    names = [name for name in (data["legend_text"], data["legend_text2"]) if name]
    lines = [axes.plot([], [], color=colour, label=name)[0] for colour, name in zip(("k", "r"), names)]
    axes.legend(handles=lines)
{finish}
"""


def make_plot_options(data: dict[str, Any], limits: tuple[float, float], units: str, comment: str, **options: Any) -> dict[str, Any]:
    """Return all that the script of a plot needs."""
    return {
        "paths": data["paths"],
        "band_type_idx": [int(kind) for kind in data["band_type_idx"]],
        "tick_pos": [position for position, _ in data["labels"]],
        "tick_labels": [label for _, label in data["labels"]],
        "legend_text": options.get("legend"),
        "legend_text2": options.get("legend2"),
        "yaxis_label": options.get("yaxis_label") or f"Dispersion ({units})",
        "title": options.get("title", ""),
        "comment": comment,
        "x_min_lim": data["x"][0],
        "x_max_lim": data["x"][-1],
        "y_min_lim": limits[0],
        "y_max_lim": limits[1],
    }


def render_script(options: dict[str, Any] | None, data_file: str | None = None, output: tuple[str, int | None] | None = None) -> str:
    """Return a Python script that plots: data inside or in a file, shown or saved as (file, dots per inch)."""
    if data_file is not None:
        load = f"with open({data_file!r}, encoding='utf8') as handle:\n    data = json.load(handle)"
    else:
        load = f'data = json.loads(r"""{json.dumps(options, indent=2)}""")'
    if output is None:
        finish = "pyplot.show()"
    else:
        finish = f"figure.savefig({output[0]!r}" + (f", dpi={output[1]}" if output[1] else "") + ")"
    return _SCRIPT.format(backend="matplotlib.use('Agg')" if output else "", load=load, finish=finish)
