"""Copying files between nodes and a computer, as a calculation: nothing is run, but where the files came from is on record."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from aiida.common.datastructures import CalcInfo
from aiida.common.folders import Folder
from aiida.engine.processes.calcjobs.calcjob import CalcJob
from aiida.engine.processes.process_spec import ProcessSpec
from aiida.orm import Dict, FolderData, Node, RemoteData

__all__ = ("TransferCalculation", "check_node_type", "validate_instructions", "validate_transfer_inputs")

#: list of the instructions -> type of the nodes that it names.
_LISTS: dict[str, type[Node]] = {"local_files": FolderData, "remote_files": RemoteData, "symlink_files": RemoteData}


def validate_instructions(instructions: Dict, _: Any) -> str | None:
    """Check that it is said what to copy, and where to."""
    content = instructions.get_dict()
    retrieve = content.get("retrieve_files")
    if retrieve is None:
        return (
            f"the instructions {instructions.uuid} lack `retrieve_files`: True keeps the files in the repository, False leaves them in "
            "a folder on the computer"
        )
    if not isinstance(retrieve, bool):
        return f"`retrieve_files` of the instructions {instructions.uuid} must be either True or False, not {retrieve!r}"
    if not any(content.get(name) for name in _LISTS):
        return (
            f"the instructions {instructions.uuid} name no files to copy: give at least one of `local_files`, `remote_files` or "
            "`symlink_files`, a list of (source_node_key, source_relpath, target_relpath)"
        )
    return None


def validate_transfer_inputs(inputs: Any, _ctx: Any) -> str | None:
    """Check that instructions and source nodes fit each other and the computer."""
    if not all(name in inputs for name in ("instructions", "source_nodes")):
        return None
    sources, computer = inputs["source_nodes"], inputs.get("metadata", {}).get("computer")
    problems = []
    for label, node in sources.items():
        if isinstance(node, RemoteData) and computer is not None and node.computer.uuid != computer.uuid:
            problems.append(f" > remote node `{label}` points to computer `{node.computer}`, not the one being used (`{computer}`)")
    used = set()
    for list_name, (key, _source, _target) in _entries(inputs["instructions"]):
        used.add(key)
        problem = check_node_type(list_name, key, sources.get(key), _LISTS[list_name])
        if problem is not None:
            problems.append(problem)
    problems += [f" > node `{label}` provided as inputs is not being used" for label in sources if label not in used]
    return "\n\n" + "\n".join(dict.fromkeys(problems)) + "\n" if problems else None


def check_node_type(list_name: str, node_label: str, node_object: Node | None, node_type: type[Node]) -> str | None:
    """Return what is wrong with a node that a list names."""
    if node_object is None:
        return f" > node `{node_label}` requested on list `{list_name}` not found among inputs"
    if not isinstance(node_object, node_type):
        return f" > node `{node_label}`, requested on list `{list_name}` should be of type `{node_type.class_node_type}`"
    return None


def _entries(instructions: Dict) -> Iterator[tuple[str, tuple[str, str, str]]]:
    content = instructions.get_dict()
    for name in _LISTS:
        for entry in content.get(name) or []:
            key, source, target = entry
            yield name, (key, source, target)


class TransferCalculation(CalcJob):
    """Copy files of nodes to a folder on a computer, or files of a computer into the repository.

    `instructions` is a dictionary: `retrieve_files` (keep what was copied in the repository), and lists of
    (source_node_key, source_relpath, target_relpath) in `local_files`, `remote_files` and `symlink_files`; the keys are those of
    `source_nodes`.
    """

    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        """Declare instructions and sources."""
        super().define(spec)
        spec.input(
            "instructions", valid_type=Dict, validator=validate_instructions,
            help="`retrieve_files`, and at least one of `local_files`, `remote_files`, `symlink_files`.",
        )  # fmt: skip
        spec.input_namespace("source_nodes", valid_type=(FolderData, RemoteData), dynamic=True, help="The nodes that the files come from.")
        _without_code(spec)
        spec.inputs.validator = validate_transfer_inputs

    def prepare_for_submission(self, folder: Folder) -> CalcInfo:
        """Turn the instructions into lists of copies."""
        info = CalcInfo()
        info.skip_submit, info.codes_info = True, []
        info.local_copy_list, info.remote_copy_list, info.remote_symlink_list, info.retrieve_list = [], [], [], []
        instructions = self.inputs.instructions
        keep = instructions.get_dict()["retrieve_files"]
        for list_name, (key, source, target) in _entries(instructions):
            node = self.inputs.source_nodes[key]
            if list_name == "local_files":
                info.local_copy_list.append((node.uuid, source, target))
            else:
                copies = info.remote_copy_list if list_name == "remote_files" else info.remote_symlink_list
                copies.append((node.computer.uuid, os.path.join(node.get_remote_path(), source), target))
            if keep:
                info.retrieve_list.append(target)
        return info


def _without_code(spec: ProcessSpec) -> None:
    """No code is run: the computer is said, and one process is enough."""
    spec.inputs["metadata"]["computer"].required = True
    spec.inputs["metadata"]["options"]["resources"].default = {"num_machines": 1, "num_mpiprocs_per_machine": 1}


