"""Keeping files of a finished job, later than the job itself."""

from __future__ import annotations

from typing import Any

from aiida.common.datastructures import CalcInfo, CodeInfo, StashMode
from aiida.common.folders import Folder
from aiida.engine.processes.calcjobs.calcjob import CalcJob
from aiida.engine.processes.process_spec import ProcessSpec
from aiida.orm import Computer, RemoteData

__all__ = ("StashCalculation", "validate_source_node")


def validate_source_node(source_node: Any, _: Any) -> str | None:
    """Check that the folder is of a job: only then is it known where the files belong."""
    if source_node.computer is None:
        return "the source node is on no computer"
    return None


class StashCalculation(CalcJob):
    """Stash files of a remote folder: by copying or packing, or with a code of the user's own (mode `submit_custom_code`)."""

    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        """Declare the folder, and what to stash."""
        super().define(spec)
        spec.input("source_node", valid_type=RemoteData, validator=validate_source_node, help="The folder with the files to stash.")
        options = spec.inputs["metadata"]["options"]
        spec.inputs["metadata"]["computer"].required = True
        spec.inputs["metadata"]["computer"].valid_type = Computer
        options["resources"].default = {"num_machines": 1, "num_mpiprocs_per_machine": 1}
        options["input_filename"].default = "aiida.in"
        options["output_filename"].default = "aiida.out"
        options["stash"].required = True
        for name in ("target_base", "source_list", "stash_mode"):
            options["stash"][name].required = True
        spec.inputs.validator = _validate

    def prepare_for_submission(self, folder: Folder) -> CalcInfo:
        """Nothing is run, except for a code of the user's own: it finds what to do in a file of words."""
        info = CalcInfo()
        info.codes_info, info.retrieve_list = [], []
        info.local_copy_list, info.remote_copy_list, info.remote_symlink_list = [], [], []
        stash = self.inputs.metadata.options.stash
        if stash.get("stash_mode") != StashMode.SUBMIT_CUSTOM_CODE.value:
            info.skip_submit = True
            return info
        with folder.open(self.options.input_filename, "w", encoding="utf8") as handle:
            source = self.inputs.source_node.get_remote_path()
            handle.write(f"source_path={source}\nsource_list={' '.join(stash['source_list'])}\ntarget_base={stash['target_base']}\n")
        code = CodeInfo()
        code.stdin_name, code.stdout_name = self.options.input_filename, self.options.output_filename
        code.code_uuid = self.inputs.code.uuid
        info.codes_info, info.retrieve_list = [code], [self.options.output_filename]
        return info


def _validate(inputs: Any, _: Any) -> str | None:
    stash = inputs.get("metadata", {}).get("options", {}).get("stash", {})
    custom = stash.get("stash_mode") == StashMode.SUBMIT_CUSTOM_CODE.value
    if custom and inputs.get("code") is None:
        return "the stash mode `submit_custom_code` needs a `code` that does the work"
    source, computer = inputs.get("source_node"), inputs.get("metadata", {}).get("computer")
    if source is not None and computer is not None and source.computer.uuid != computer.uuid:
        return f"the source node is on {source.computer.label}, but the calculation is to be run on {computer.label}"
    return None
