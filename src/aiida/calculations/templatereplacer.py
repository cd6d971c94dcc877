"""A job whose input file is a template with values filled in."""

from __future__ import annotations

from typing import Any

from aiida.common.datastructures import CalcInfo, CodeInfo
from aiida.common.exceptions import InputValidationError
from aiida.common.folders import Folder
from aiida.engine.processes.calcjobs.calcjob import CalcJob
from aiida.engine.processes.process_spec import CalcJobProcessSpec, ProcessSpec
from aiida.orm import Dict, RemoteData, SinglefileData

__all__ = ("TemplatereplacerCalculation",)

#: what a template may say, with what is meant when it does not.
_KEYS: dict[str, Any] = {
    "input_file_template": "",
    "input_file_name": None,
    "output_file_name": None,
    "cmdline_params": [],
    "input_through_stdin": False,
    "files_to_copy": [],
    "retrieve_temporary_files": [],
}


class TemplatereplacerCalculation(CalcJob):
    """Fill parameters into a template and run a code on the result.

    The template is a dictionary: `input_file_template` and `input_file_name` (the input file), `cmdline_params` (a template per word),
    `input_through_stdin`, `output_file_name`, `files_to_copy` (pairs of a link label in `files` and a target), and
    `retrieve_temporary_files`. Values are put in with `str.format`.
    """

    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        """Declare the template, its parameters and further files."""
        super().define(spec)
        spec.inputs["metadata"]["options"]["parser_name"].default = "core.templatereplacer"
        spec.input("template", valid_type=Dict, help="A template for the input file.")
        spec.input("parameters", valid_type=Dict, required=False, help="Parameters used to replace placeholders in the template.")
        spec.input_namespace("files", valid_type=(RemoteData, SinglefileData), required=False, dynamic=True)
        spec.output("output_parameters", valid_type=Dict, required=True)
        assert isinstance(spec, CalcJobProcessSpec)
        spec.default_output_node = "output_parameters"
        for status, label, message in _EXIT_CODES:
            spec.exit_code(status, label, invalidates_cache=True, message=message)

    def prepare_for_submission(self, folder: Folder) -> CalcInfo:
        """Fill in the template."""
        template = read_template(self.inputs.template.get_dict())
        parameters = self.inputs.parameters.get_dict() if "parameters" in self.inputs else {}
        self._write_input(folder, template, parameters)

        calcinfo = CalcInfo()
        calcinfo.retrieve_list = [template["output_file_name"]] if template["output_file_name"] else []
        calcinfo.retrieve_temporary_list = template["retrieve_temporary_files"]
        calcinfo.local_copy_list, calcinfo.remote_copy_list = [], []
        for label, target in template["files_to_copy"]:
            self._copy(calcinfo, label, target)
        codeinfo = CodeInfo()
        codeinfo.cmdline_params = [word.format(**parameters) for word in template["cmdline_params"]]
        if template["input_through_stdin"]:
            if not template["input_file_name"]:
                raise InputValidationError("`input_through_stdin` needs an `input_file_name` in the template")
            codeinfo.stdin_name = template["input_file_name"]
        if template["output_file_name"]:
            codeinfo.stdout_name = template["output_file_name"]
        codeinfo.code_uuid = self.inputs.code.uuid
        calcinfo.codes_info = [codeinfo]
        return calcinfo

    def _write_input(self, folder: Folder, template: dict[str, Any], parameters: dict[str, Any]) -> None:
        text, name = template["input_file_template"].format(**parameters), template["input_file_name"]
        if name:
            if not text:
                self.logger.warning("No input file template passed, but an input file name is present")
            with folder.open(name, "w", encoding="utf8") as handle:
                handle.write(text)
        elif text:
            self.logger.warning("No input file name passed, but a input file template is present")

    def _copy(self, calcinfo: CalcInfo, label: str, target: str) -> None:
        files = self.inputs.get("files", {})
        if label not in files:
            raise InputValidationError(f"the template asks to copy the file `{label}`, but `files` has no such input")
        node = files[label]
        if isinstance(node, SinglefileData):
            calcinfo.local_copy_list.append((node.uuid, node.filename, target))
        else:
            calcinfo.remote_copy_list.append((node.computer.uuid, node.get_remote_path(), target))


def read_template(given: dict[str, Any]) -> dict[str, Any]:
    """Return the template with defaults; raise on keys that mean nothing."""
    unknown = sorted(set(given) - set(_KEYS))
    if unknown:
        raise InputValidationError(f"The following keys could not be used in the template node: {', '.join(unknown)}")
    return {key: given.get(key, default) for key, default in _KEYS.items()}


_EXIT_CODES = (
    (301, "ERROR_NO_TEMPORARY_RETRIEVED_FOLDER", "The temporary retrieved folder data node could not be accessed."),
    (305, "ERROR_NO_OUTPUT_FILE_NAME_DEFINED", "The `template` input node did not specify the key `output_file_name`."),
    (310, "ERROR_READING_OUTPUT_FILE", "The output file could not be read from the retrieved folder."),
    (
        311,
        "ERROR_READING_TEMPORARY_RETRIEVED_FILE",
        "A temporary retrieved file could not be read from the temporary retrieved folder.",
    ),
    (320, "ERROR_INVALID_OUTPUT", "The output file contains invalid output."),
)
