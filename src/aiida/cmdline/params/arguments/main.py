"""The arguments themselves."""

from __future__ import annotations

import pathlib

import click

from aiida.cmdline.params import types
from aiida.cmdline.params.arguments.overridable import OverridableArgument

__all__ = (
    "CALCULATION", "CALCULATIONS", "CODE", "CODES", "COMPUTER", "COMPUTERS", "CONFIG_OPTION", "DATA", "DATUM", "GROUP",
    "GROUPS", "INPUT_FILE", "LABEL", "NODE", "NODES", "OUTPUT_FILE", "PROCESS", "PROCESSES", "PROFILE", "PROFILES", "USER",
    "WORKFLOW", "WORKFLOWS",
)  # fmt: skip

PROFILE = OverridableArgument("profile", type=types.ProfileParamType())
PROFILES = OverridableArgument("profiles", type=types.ProfileParamType(), nargs=-1)
CALCULATION = OverridableArgument("calculation", type=types.CalculationParamType())
CALCULATIONS = OverridableArgument("calculations", nargs=-1, type=types.CalculationParamType())
CODE = OverridableArgument("code", type=types.CodeParamType())
CODES = OverridableArgument("codes", nargs=-1, type=types.CodeParamType())
COMPUTER = OverridableArgument("computer", type=types.ComputerParamType())
COMPUTERS = OverridableArgument("computers", nargs=-1, type=types.ComputerParamType())
DATUM = OverridableArgument("datum", type=types.DataParamType())
DATA = OverridableArgument("data", nargs=-1, type=types.DataParamType())
GROUP = OverridableArgument("group", type=types.GroupParamType())
GROUPS = OverridableArgument("groups", nargs=-1, type=types.GroupParamType())
NODE = OverridableArgument("node", type=types.NodeParamType())
NODES = OverridableArgument("nodes", nargs=-1, type=types.NodeParamType())
PROCESS = OverridableArgument("process", type=types.ProcessParamType())
PROCESSES = OverridableArgument("processes", nargs=-1, type=types.ProcessParamType())
WORKFLOW = OverridableArgument("workflow", type=types.WorkflowParamType())
WORKFLOWS = OverridableArgument("workflows", nargs=-1, type=types.WorkflowParamType())
INPUT_FILE = OverridableArgument("input_file", metavar="INPUT_FILE", type=click.Path(exists=True))
OUTPUT_FILE = OverridableArgument("output_file", metavar="OUTPUT_FILE", type=click.Path(path_type=pathlib.Path))
LABEL = OverridableArgument("label", type=click.STRING)
USER = OverridableArgument("user", metavar="USER", type=types.UserParamType())
CONFIG_OPTION = OverridableArgument("option", type=types.ConfigOptionParamType())
