"""`verdi data core.trajectory`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from aiida import orm
from aiida.cmdline.commands.cmd_data import cmd_export, cmd_list, cmd_show, verdi_data
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.params.options.multivalue import MultipleValueOption
from aiida.cmdline.utils import decorators, echo

__all__ = ("trajectory",)

TRAJECTORY = types.DataParamType(sub_classes=("aiida.data:core.array.trajectory",))


@verdi_data.group("core.trajectory")
def trajectory() -> None:
    """Look at and export trajectories of atoms."""


@trajectory.command("list")
@cmd_list.list_options
@decorators.with_dbenv()
def trajectory_list(raw: bool, past_days: int | None, groups: Sequence[orm.Group] | None, all_users: bool) -> None:
    """List trajectories."""
    cmd_list.print_table(cmd_list.query(orm.TrajectoryData, ["Id", "Label"], past_days, groups, all_users), ["Id", "Label"], raw)


@trajectory.command("show")
@arguments.DATA(type=TRAJECTORY)
@cmd_show.viewer_options(("jmol", "xcrysden", "mpl_heatmap", "mpl_pos"), "jmol")
@options.TRAJECTORY_INDEX()
@options.WITH_ELEMENTS(help="Only these elements.")
@click.option("-c", "--contour", type=click.FLOAT, cls=MultipleValueOption, default=None, help="Levels of the contours (mpl_heatmap).")
@click.option("--sampling-stepsize", type=click.INT, default=None, help="Distance of the points that are drawn (mpl_heatmap).")
@click.option("--stepsize", type=click.INT, help="Distance of the steps that are drawn (mpl_pos).")
@click.option("--mintime", type=click.INT, default=None, help="First time to draw (mpl_pos).")
@click.option("--maxtime", type=click.INT, default=None, help="Last time to draw (mpl_pos).")
@click.option("--indices", type=click.INT, cls=MultipleValueOption, default=None, help="Only these atoms (mpl_pos).")
@click.option("--dont-block", "block", is_flag=True, default=True, help="Do not wait until the window is closed.")
@decorators.with_dbenv()
def trajectory_show(data: Sequence[orm.TrajectoryData], fmt: str, **kwargs: Any) -> None:
    """Open trajectories in a program, or draw them."""
    given = {key: value for key, value in kwargs.items() if value is not None}
    if not fmt.startswith("mpl"):
        name = "index" if fmt == "xcrysden" else "trajectory_index"
        cmd_show.show_with(fmt, data, **({name: given["trajectory_index"]} if "trajectory_index" in given else {}))
        return
    for node in data:
        draw = node.show_mpl_heatmap if fmt == "mpl_heatmap" else node.show_mpl_pos
        try:
            draw(**given)
        except (ImportError, ValueError, TypeError) as error:
            echo.echo_critical(f"TrajectoryData<{node.pk}> cannot be drawn: {error}")


@trajectory.command("export")
@arguments.DATUM(type=TRAJECTORY)
@cmd_export.format_option(("cif", "xsf"), "cif")
@options.TRAJECTORY_INDEX()
@cmd_export.export_options
@decorators.with_dbenv()
def trajectory_export(datum: orm.TrajectoryData, fmt: str, trajectory_index: int | None, output: str | None, force: bool, **kwargs: Any) -> None:
    """Write a trajectory, or a step of it, to a file."""
    name = "index" if fmt == "xsf" else "trajectory_index"
    cmd_export.data_export(datum, output, fileformat=fmt, other_args={name: trajectory_index, **kwargs}, overwrite=force)
