"""aiida-quantumespresso's own work chains on silicon, aluminium and nickel, through the daemon: ``flows.py SETTINGS.json RESULT.json [NAME …]``.

The same file runs in an environment of Radames and in one of aiida-core; it uses nothing but the common surface. The result holds exit
statuses, the tree of what was called, and every number of the outputs, times and dates apart.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from aiida_pseudo.data.pseudo.upf import UpfData
from aiida_pseudo.groups.family import CutoffsPseudoPotentialFamily
from aiida_quantumespresso.common.types import ElectronicType, SpinType
from ase.build import bulk

from aiida import load_profile, orm
from aiida.engine import get_daemon_client, submit
from aiida.plugins import WorkflowFactory

PSEUDOS = {"Si": "Si.pz-vbc.UPF", "Al": "Al.pz-vbc.UPF", "Ni": "Ni.pz-nd-rrkjus.UPF"}
CUTOFFS = {"Si": (18.0, 72.0), "Al": (15.0, 60.0), "Ni": (27.0, 240.0)}
FAMILY = "debian"
#: words in keys of outputs that say when or how fast, and where, not what
NO_RESULT = ("time", "date", "seconds", "timer", "version", "job_id", "walltime", "creator", "scratch", "do_not", "memory", "pool", "process")


def family() -> str:
    """Make the family from the files of Debian's quantum-espresso-data."""
    folder = Path("pseudos")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for element, name in PSEUDOS.items():
        shutil.copy(f"/usr/share/espresso/pseudo/{name}", folder / f"{element}.upf")
    made = CutoffsPseudoPotentialFamily.create_from_folder(folder.absolute(), FAMILY, pseudo_type=UpfData)
    cutoffs = {element: {"cutoff_wfc": wfc, "cutoff_rho": rho} for element, (wfc, rho) in CUTOFFS.items()}
    made.set_cutoffs(cutoffs, "normal", unit="Ry")
    return FAMILY


def codes(settings: dict) -> dict:
    """Make the computer and the codes."""
    computer = orm.Computer(
        label="cluster", hostname=settings["hostname"], transport_type=settings["transport"], scheduler_type=settings["scheduler"], workdir=settings["workdir"]
    )
    computer.set_minimum_job_poll_interval(1.0)
    computer.set_default_mpiprocs_per_machine(1)
    computer.set_mpirun_command(["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "{tot_num_mpiprocs}"])
    computer.set_prepend_text("export OMP_NUM_THREADS=1")
    computer.store()
    computer.configure(safe_interval=0.1, **settings["configure"])
    made = {}
    for program in ("pw", "ph", "bands", "projwfc", "dos"):
        made[program] = orm.InstalledCode(
            label=program, computer=computer, filepath_executable=f"/usr/bin/{program}.x", default_calc_job_plugin=f"quantumespresso.{program}"
        ).store()
    return made


def options(**more: object) -> dict:
    """Resources of every job: one rank, as sums of floats depend on their order."""
    return {"resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}, "max_wallclock_seconds": 600, "withmpi": True, **more}


def structure(element: str) -> orm.StructureData:
    """The crystal, slightly off its minimum so that a relaxation has something to do."""
    lattice = {"Si": 5.35, "Al": 4.0, "Ni": 3.45}[element]
    return orm.StructureData(ase=bulk(element, "diamond" if element == "Si" else "fcc", a=lattice))


def chain(name: str, code: orm.Code, element: str, **more: object):
    """The builder of a work chain by protocol, with the family above and coarse meshes."""
    kinds = {
        "Si": {"electronic_type": ElectronicType.INSULATOR},
        "Al": {"electronic_type": ElectronicType.METAL},
        "Ni": {"electronic_type": ElectronicType.METAL, "spin_type": SpinType.COLLINEAR},
    }
    mesh = {"Si": 0.6, "Al": 0.45, "Ni": 0.5}[element]
    base = {"pseudo_family": FAMILY, "kpoints_distance": mesh, "kpoints_force_parity": False}
    overrides = {
        "pw.base": base,
        "pw.relax": {"base_relax": base, "base_init_relax": base},
        "pw.bands": {"relax": {"base_relax": base, "base_init_relax": base}, "scf": base, "bands": {"pseudo_family": FAMILY}, "bands_kpoints_distance": 0.2},
    }[name]
    return WorkflowFactory(f"quantumespresso.{name}").get_builder_from_protocol(
        code, structure(element), protocol="fast", overrides=overrides, options=options(), **kinds[element], **more
    )


def base(made: dict, element: str):
    return chain("pw.base", made["pw"], element)


def relax(made: dict, element: str):
    builder = chain("pw.relax", made["pw"], element)
    return builder


def bands(made: dict, element: str):
    builder = chain("pw.bands", made["pw"], element)
    if element != "Si":
        builder.pop("relax", None)
    return builder


def phonon(made: dict, element: str):
    """Phonons at Gamma of a finished ground state."""
    ground = orm.load_node(json.loads(Path("done.json").read_text())[f"base-{element}"])
    builder = WorkflowFactory("quantumespresso.ph.base").get_builder_from_protocol(
        made["ph"], parent_folder=ground.outputs.remote_folder, protocol="fast", options=options()
    )
    builder.pop("qpoints_distance", None)
    parameters = builder.ph.parameters.get_dict()
    parameters["INPUTPH"]["nmix_ph"] = 4  # the protocol's 8 is for a later Quantum ESPRESSO than Debian's
    builder.ph.parameters = orm.Dict(parameters)
    mesh = orm.KpointsData()
    mesh.set_kpoints_mesh([1, 1, 1])
    builder.qpoints = mesh
    return builder


def not_converging(made: dict, element: str):
    """Two electronic steps are not enough: the plugin's handler goes on from there."""
    builder = base(made, element)
    parameters = builder.pw.parameters.get_dict()
    parameters["ELECTRONS"]["electron_maxstep"] = 2
    builder.pw.parameters = orm.Dict(parameters)
    return builder


def walltime(made: dict, element: str):
    """pw.x stops by itself when its time is over; the plugin's handler goes on from there, as often as it takes."""
    builder = base(made, element)
    parameters = builder.pw.parameters.get_dict()
    parameters["CONTROL"]["max_seconds"] = 4
    parameters["ELECTRONS"]["conv_thr"] = 1e-12
    builder.pw.parameters = orm.Dict(parameters)
    del builder["kpoints_distance"]
    builder.kpoints = orm.KpointsData()
    builder.kpoints.set_kpoints_mesh([9, 9, 9])
    builder.max_iterations = orm.Int(40)
    return builder


def killed(made: dict, element: str):
    """Its first job is killed from outside; whatever the plugin does not know how to handle is tried once more."""
    builder = base(made, element)
    builder.on_unhandled_failure = orm.Str("restart_once")
    return builder


FLOWS = {
    "base-Si": (base, "Si"),
    "base-Al": (base, "Al"),
    "base-Ni": (base, "Ni"),
    "relax-Si": (relax, "Si"),
    "relax-Al": (relax, "Al"),
    "bands-Si": (bands, "Si"),
    "bands-Al": (bands, "Al"),
    "bands-Ni": (bands, "Ni"),
    "phonon-Si": (phonon, "Si"),
    "not-converging-Si": (not_converging, "Si"),
    "walltime-Ni": (walltime, "Ni"),
    "killed-Ni": (killed, "Ni"),
}


def kill_first_job(node: orm.WorkChainNode, settings: dict) -> None:
    """Cancel the first job behind the engine's back, as an operator would."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        jobs = [child for child in node.called_descendants if isinstance(child, orm.CalcJobNode) and child.get_job_id()]
        if jobs:
            time.sleep(1.0)
            if settings["scheduler"] == "core.slurm":
                subprocess.run(["scancel", jobs[0].get_job_id()], env=settings["environment"], check=True)
            else:
                subprocess.run(["pkill", "-9", "-s", jobs[0].get_job_id().split(":")[0]], check=True)
            return
        time.sleep(0.2)
    raise TimeoutError("no job was submitted")


def numbers(node: orm.Data) -> object:
    """What a data node says, ready for JSON."""
    if isinstance(node, orm.Dict):
        return clean(node.get_dict())
    if isinstance(node, orm.StructureData):
        return {"cell": node.cell, "sites": [(site.kind_name, list(site.position)) for site in node.sites]}
    if isinstance(node, orm.ArrayData):
        return {name: clean(node.get_array(name)) for name in sorted(node.get_arraynames())}
    return type(node).__name__


def clean(value: object) -> object:
    """Without what says when, how fast and where."""
    if isinstance(value, dict):
        return {key: clean(item) for key, item in sorted(value.items()) if not any(word in key.lower() for word in NO_RESULT)}
    if isinstance(value, np.ndarray):
        return clean(value.tolist())
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return value


def outcome(node: orm.WorkChainNode) -> dict:
    """Exit status, tree of calls, outputs."""
    found = {}
    for triple in node.base.links.get_outgoing().all():
        if triple.link_type.value == "return":
            found[triple.link_label] = numbers(triple.node)
    return {"exit_status": node.exit_status, "exit_message": node.exit_message, "tree": tree(node), "outputs": found}


def tree(node: orm.ProcessNode) -> list:
    """Labels and exit statuses of what was called, in order."""
    called = sorted(node.called, key=lambda child: child.ctime)
    return [node.process_label, node.exit_status, [tree(child) for child in called]]


def main() -> None:
    """Run the named flows, or all."""
    settings = json.loads(Path(sys.argv[1]).read_text())
    names = sys.argv[3:] or list(FLOWS)
    load_profile()
    client = get_daemon_client()
    if not client.is_daemon_running:
        client.start_daemon()
    results: dict[str, dict] = {}
    try:
        made = codes(settings)
        family()
        first = [name for name in names if not name.startswith("phonon")]
        running = {}
        for name in first:
            build, element = FLOWS[name]
            running[name] = submit(build(made, element))
            if name.startswith("killed"):
                kill_first_job(running[name], settings)
        wait(running)
        Path("done.json").write_text(json.dumps({name: node.pk for name, node in running.items()}))
        second = {name: submit(FLOWS[name][0](made, FLOWS[name][1])) for name in names if name.startswith("phonon")}
        wait(second)
        results = {name: outcome(node) for name, node in {**running, **second}.items()}
        Path(sys.argv[2]).write_text(json.dumps(results, indent=1, sort_keys=True))
    finally:
        with contextlib.suppress(Exception):  # a daemon that does not answer in time has no say in the results
            client.stop_daemon(wait=True)
    for name, result in results.items():
        print(f"{name:<20} {result['exit_status']} {result['exit_message'] or ''}")


def wait(running: dict, seconds: float = 1500.0) -> None:
    """Until all have ended."""
    deadline = time.monotonic() + seconds
    while not all(node.is_terminated for node in running.values()):
        if time.monotonic() > deadline:
            raise TimeoutError({name: node.process_status for name, node in running.items() if not node.is_terminated})
        time.sleep(0.3)


if __name__ == "__main__":
    main()
