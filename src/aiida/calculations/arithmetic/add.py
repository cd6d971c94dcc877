"""A sum, computed by a shell."""

from __future__ import annotations

from aiida.common.datastructures import CalcInfo, CodeInfo
from aiida.common.folders import Folder
from aiida.engine.processes.calcjobs.calcjob import CalcJob
from aiida.engine.processes.process_spec import ProcessSpec
from aiida.orm import Float, Int

__all__ = ("ArithmeticAddCalculation",)


class ArithmeticAddCalculation(CalcJob):
    """Add two numbers with bash, as the smallest example of a job."""

    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        """Declare two operands and their sum."""
        super().define(spec)
        spec.input("x", valid_type=(Int, Float), help="The left operand.")
        spec.input("y", valid_type=(Int, Float), help="The right operand.")
        spec.output("sum", valid_type=(Int, Float), help="The sum of the left and right operand.")
        options = spec.inputs["metadata"]["options"]
        options["parser_name"].default = "core.arithmetic.add"
        options["input_filename"].default = "aiida.in"
        options["output_filename"].default = "aiida.out"
        options["resources"].default = {"num_machines": 1, "num_mpiprocs_per_machine": 1}
        spec.input("metadata.options.sleep", valid_type=int, required=False, help="Seconds to sleep before adding.")
        spec.exit_code(310, "ERROR_READING_OUTPUT_FILE", invalidates_cache=True, message="The output file could not be read.")
        spec.exit_code(320, "ERROR_INVALID_OUTPUT", invalidates_cache=True, message="The output file contains invalid output.")
        spec.exit_code(410, "ERROR_NEGATIVE_NUMBER", message="The sum of the operands is a negative number.")

    def prepare_for_submission(self, folder: Folder) -> CalcInfo:
        """Write the shell script that is the input."""
        with folder.open(self.options.input_filename, "w", encoding="utf8") as handle:
            seconds = self.node.get_option("sleep")
            if seconds:
                handle.write(f"sleep {seconds}\n")
            handle.write(f"echo $(({self.inputs.x.value} + {self.inputs.y.value}))\n")

        codeinfo = CodeInfo()
        codeinfo.code_uuid = self.inputs.code.uuid
        codeinfo.stdin_name = self.options.input_filename
        codeinfo.stdout_name = self.options.output_filename
        calcinfo = CalcInfo()
        calcinfo.codes_info = [codeinfo]
        calcinfo.retrieve_list = [self.options.output_filename]
        return calcinfo
