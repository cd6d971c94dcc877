"""The equation of state as a work chain: scale, calculate, fit."""

from __future__ import annotations

from typing import Any

from aiida import orm
from aiida.engine import ExitCode, ToContext, WorkChain, append_
from aiida.plugins import CalculationFactory
from radames_demo.functions import fit_birch_murnaghan, scale_structure


class EquationOfState(WorkChain):
    """Energies of a crystal at several volumes, and the Birch-Murnaghan curve through them."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("structure", valid_type=orm.StructureData, help="The crystal near its equilibrium volume.")
        spec.input("scales", valid_type=orm.List, help="Factors by which the volume is scaled.")
        spec.input("code", valid_type=orm.AbstractCode, help="The code that gives the energy.")
        spec.input("parameters", valid_type=orm.Dict, help="The settings of the code.")
        spec.input("pseudo", valid_type=orm.SinglefileData, required=False, help="The pseudopotential, if the code asks for one.")
        spec.outline(cls.run_points, cls.inspect_points, cls.fit)
        spec.output("equation_of_state", valid_type=orm.Dict)
        spec.exit_code(400, "ERROR_POINT_FAILED", message="The calculation at volume factor {scale} failed: {reason}")

    def run_points(self) -> ToContext:
        """Launch one calculation for each volume."""
        calculation = CalculationFactory(self.inputs.code.default_calc_job_plugin)
        inputs: dict[str, Any] = {"code": self.inputs.code, "parameters": self.inputs.parameters}
        if "pseudo" in self.inputs:
            inputs["pseudo"] = self.inputs.pseudo
        points = []
        for scale in self.inputs.scales.get_list():
            structure = scale_structure(self.inputs.structure, orm.Float(scale))
            metadata = {
                "label": f"volume x {scale:.2f}",
                "options": {
                    "max_wallclock_seconds": 600,
                    "environment_variables": {
                        "OMP_NUM_THREADS": "1",
                        "OMPI_ALLOW_RUN_AS_ROOT": "1",
                        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                    },
                },
            }
            points.append(self.submit(calculation, structure=structure, metadata=metadata, **inputs))
        self.report("launched %d calculations", len(points))
        for point in points:
            self.to_context(points=append_(point))
        return ToContext()

    def inspect_points(self) -> ExitCode | None:
        """Stop if a calculation failed: a fit through a wrong point helps nobody."""
        for scale, point in zip(self.inputs.scales.get_list(), self.ctx.points, strict=True):
            if not point.is_finished_ok:
                reason = point.exit_message or f"it is {point.process_state.value}"
                return self.exit_codes.ERROR_POINT_FAILED.format(scale=scale, reason=reason)
        return None

    def fit(self) -> None:
        """Fit the curve and return it."""
        points = {f"point_{index}": point.outputs.result for index, point in enumerate(self.ctx.points)}
        self.out("equation_of_state", fit_birch_murnaghan(**points))
