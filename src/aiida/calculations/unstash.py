"""Bringing stashed files back."""

from __future__ import annotations

from typing import Any

from aiida.common.datastructures import CalcInfo
from aiida.common.folders import Folder
from aiida.engine.processes.calcjobs.calcjob import CalcJob
from aiida.engine.processes.process_spec import ProcessSpec
from aiida.orm import RemoteStashData

__all__ = ("UnstashCalculation",)


class UnstashCalculation(CalcJob):
    """Bring stashed files to a new folder on the computer (`NewRemoteData`), or back to where they came from (`OriginalPlace`)."""

    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        """Declare the stash, and where its files go."""
        super().define(spec)
        spec.input("source_node", valid_type=RemoteStashData, help="The stash.")
        options = spec.inputs["metadata"]["options"]
        spec.inputs["metadata"]["computer"].required = True
        options["resources"].default = {"num_machines": 1, "num_mpiprocs_per_machine": 1}
        options["input_filename"].default = "aiida.in"
        options["output_filename"].default = "aiida.out"
        options["unstash"].required = True
        options["unstash"]["unstash_target_mode"].required = True
        spec.inputs.validator = _validate

    def prepare_for_submission(self, folder: Folder) -> CalcInfo:
        """Nothing is run: the engine moves the files."""
        info = CalcInfo()
        info.skip_submit = True
        info.codes_info, info.retrieve_list = [], []
        info.local_copy_list, info.remote_copy_list, info.remote_symlink_list = [], [], []
        return info


def _validate(inputs: Any, _: Any) -> str | None:
    source, computer = inputs.get("source_node"), inputs.get("metadata", {}).get("computer")
    if source is not None and computer is not None and source.computer.uuid != computer.uuid:
        return f"the stash is on {source.computer.label}, but the calculation is to be run on {computer.label}"
    return None
