"""Two electronic-structure codes behind one face: a crystal in, its total energy out."""

from __future__ import annotations

import json
from typing import Any

from aiida import orm
from aiida.common import CalcInfo, CodeInfo
from aiida.common.folders import Folder
from aiida.engine import CalcJob, CalcJobProcessSpec


class EnergyCalculation(CalcJob):
    """What both codes share: the crystal, the settings, and the energy that comes back."""

    INPUT = "input.in"
    OUTPUT = "output.out"

    @classmethod
    def define(cls, spec: CalcJobProcessSpec) -> None:  # type: ignore[override]
        super().define(spec)
        spec.input("structure", valid_type=orm.StructureData, help="The crystal.")
        spec.input("parameters", valid_type=orm.Dict, help="The settings of the code.")
        spec.output("result", valid_type=orm.Dict, help="Energy (eV) and volume (Å³).")
        spec.inputs["metadata"]["options"]["resources"].default = lambda: {"num_machines": 1, "num_mpiprocs_per_machine": 1}
        spec.exit_code(300, "ERROR_NO_OUTPUT", message="The code wrote no output file.", invalidates_cache=True)
        spec.exit_code(310, "ERROR_INCOMPLETE", message="The output holds no total energy: {reason}", invalidates_cache=True)
        spec.default_output_node = "result"

    def _describe(self, cmdline: list[str], stdin: str | None, pseudos: list[tuple[str, str, str]]) -> CalcInfo:
        code = CodeInfo()
        code.code_uuid = self.inputs.code.uuid
        code.cmdline_params = cmdline
        code.stdin_name = stdin
        code.stdout_name = self.OUTPUT
        info = CalcInfo()
        info.codes_info = [code]
        info.local_copy_list = pseudos
        info.retrieve_list = [self.OUTPUT]
        return info


class PwCalculation(EnergyCalculation):
    """A self-consistent run of Quantum ESPRESSO's ``pw.x``."""

    @classmethod
    def define(cls, spec: CalcJobProcessSpec) -> None:  # type: ignore[override]
        super().define(spec)
        spec.input("pseudo", valid_type=orm.SinglefileData, help="The pseudopotential of the only element.")
        spec.inputs["metadata"]["options"]["parser_name"].default = "demo.pw"

    def prepare_for_submission(self, folder: Folder) -> CalcInfo:
        pseudo = self.inputs.pseudo
        with folder.open(self.INPUT, "w") as handle:
            handle.write(render_pw_input(self.inputs.structure, self.inputs.parameters.get_dict(), pseudo.filename))
        return self._describe([], self.INPUT, [(pseudo.uuid, pseudo.filename, pseudo.filename)])


class XtbCalculation(EnergyCalculation):
    """A single point of the tight-binding method GFN1-xTB, by the driver ``radames-demo-xtb``."""

    INPUT = "input.json"

    @classmethod
    def define(cls, spec: CalcJobProcessSpec) -> None:  # type: ignore[override]
        super().define(spec)
        spec.inputs["metadata"]["options"]["parser_name"].default = "demo.xtb"

    def prepare_for_submission(self, folder: Folder) -> CalcInfo:
        structure = self.inputs.structure
        with folder.open(self.INPUT, "w") as handle:
            json.dump(
                {
                    "cell": structure.cell,
                    "positions": [site.position for site in structure.sites],
                    "symbols": [site.kind_name for site in structure.sites],
                    **self.inputs.parameters.get_dict(),
                },
                handle,
            )
        return self._describe([self.INPUT], None, [])


def render_pw_input(structure: orm.StructureData, parameters: dict[str, Any], pseudo: str) -> str:
    """Return the input file of a self-consistent ``pw.x`` run on a crystal of one element."""
    (kind,) = structure.kinds
    rows = lambda vectors: "\n".join("  " + " ".join(f"{x:.10f}" for x in vector) for vector in vectors)
    positions = "\n".join(
        f"  {site.kind_name} " + " ".join(f"{x:.10f}" for x in site.position) for site in structure.sites
    )
    mesh = " ".join(str(n) for n in parameters["kpoints_mesh"])
    return f"""&CONTROL
  calculation = 'scf', prefix = 'demo', outdir = './out', pseudo_dir = './'
/
&SYSTEM
  ibrav = 0, nat = {len(structure.sites)}, ntyp = 1, ecutwfc = {parameters["ecutwfc"]}
/
&ELECTRONS
  conv_thr = {parameters["conv_thr"]:.1e}
/
ATOMIC_SPECIES
  {kind.name} {kind.mass:.4f} {pseudo}
CELL_PARAMETERS angstrom
{rows(structure.cell)}
ATOMIC_POSITIONS angstrom
{positions}
K_POINTS automatic
  {mesh} 0 0 0
"""
