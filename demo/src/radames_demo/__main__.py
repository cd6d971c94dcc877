"""``make demo``: from nothing to the bulk modulus of silicon, through every floor of the house."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

OUTPUT = Path("demo-output").absolute()
os.environ["AIIDA_PATH"] = str(OUTPUT)  # read at first use: the user's own profiles are never touched
os.environ.pop("AIIDA_PROFILE", None)

import numpy as np  # noqa: E402

from aiida import load_profile, orm  # noqa: E402
from aiida.common import NotExistent  # noqa: E402
from aiida.engine import get_daemon_client, submit  # noqa: E402
from aiida.manage.configuration import get_config, reset_config  # noqa: E402
from radames_demo.pictures import draw_equation_of_state, draw_provenance  # noqa: E402
from radames_demo.workflows import EquationOfState  # noqa: E402

PROFILE = "demo"
PSEUDO = Path("/usr/share/espresso/pseudo/Si.pz-vbc.UPF")
SCALES = [0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06]


def main() -> int:
    """Run the demonstration; the exit code is 0 if the work chain finished well."""
    started = time.monotonic()
    (OUTPUT / ".aiida").mkdir(parents=True, exist_ok=True)
    prepare_profile()
    load_profile(PROFILE)
    client = get_daemon_client()
    ours = not client.is_daemon_running
    if ours:
        client.start_daemon()
    say("daemon", "one worker is running")
    try:
        node = submit(EquationOfState, **choose_inputs())
        say("submitted", f"{node.process_label}<{node.pk}>")
        follow(node)
    finally:
        if ours:
            client.stop_daemon(wait=True)
    return report(node, time.monotonic() - started)


def say(topic: str, text: str) -> None:
    """Print one line of progress."""
    print(f"{topic + ':':<13} {text}", flush=True)


def verdi(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``verdi`` as a user would."""
    command = [shutil.which("verdi") or str(Path(sys.executable).with_name("verdi")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def prepare_profile() -> None:
    """Make the profile on the first run; switch caching on, so that a second run reuses the first."""
    if PROFILE in get_config(create=True).profile_names:
        say("profile", f"{PROFILE}, from an earlier run")
        return
    made = verdi("presto", "--profile-name", PROFILE)
    if made.returncode:
        sys.exit(f"The profile could not be made:\n{made.stdout}{made.stderr}")
    verdi("--profile", PROFILE, "config", "set", "caching.default_enabled", "True")
    reset_config()  # other processes have written it
    say("profile", f"{PROFILE} (SQLite, local files), under {OUTPUT}")


def choose_inputs() -> dict[str, Any]:
    """Return the inputs of the work chain for the best code that this machine has."""
    executable = shutil.which("pw.x")
    if executable and PSEUDO.exists():
        say("code", f"Quantum ESPRESSO, {executable} (density-functional theory, LDA)")
        return {
            "code": get_code("pw", "demo.pw", executable),
            "structure": find_or_store(primitive_silicon(5.40), "silicon (primitive cell)"),
            "parameters": find_or_store(orm.Dict({"ecutwfc": 24.0, "conv_thr": 1e-9, "kpoints_mesh": [4, 4, 4]}), "pw.x settings"),
            "scales": find_or_store(orm.List(SCALES), "volume factors"),
            "pseudo": find_or_store(orm.SinglefileData(PSEUDO), PSEUDO.name),
        }
    executable = str(Path(sys.executable).with_name("radames-demo-xtb"))
    say("code", "tight binding, GFN1-xTB (tblite); with Quantum ESPRESSO's pw.x on the PATH this would be DFT")
    return {
        "code": get_code("xtb", "demo.xtb", executable),
        "structure": find_or_store(cubic_silicon(5.70), "silicon (cubic cell)"),
        "parameters": find_or_store(orm.Dict({"method": "GFN1-xTB"}), "xTB settings"),
        "scales": find_or_store(orm.List(SCALES), "volume factors"),
    }


def find_or_store(node: Any, label: str) -> Any:
    """Return the node of an earlier run with this content, or store this one."""
    node.label = label
    for (found,) in orm.QueryBuilder().append(type(node), filters={"label": label}).iterall():
        if found.base.caching.compute_hash() == node.base.caching.compute_hash():
            return found
    return node.store()


def get_code(label: str, plugin: str, executable: str) -> orm.InstalledCode:
    """Return the code on this machine, made on the first run."""
    try:
        code = orm.load_code(f"{label}@localhost")
        if str(code.filepath_executable) == executable:
            return code
        label = f"{label}-{int(time.time())}"
    except NotExistent:
        pass
    computer = orm.load_computer("localhost")
    return orm.InstalledCode(
        label=label, computer=computer, filepath_executable=executable, default_calc_job_plugin=plugin
    ).store()


def primitive_silicon(lattice: float) -> orm.StructureData:
    """Return silicon in the primitive cell of two atoms; the lattice constant in Å."""
    half = lattice / 2
    structure = orm.StructureData(cell=[[0, half, half], [half, 0, half], [half, half, 0]])
    for shift in (0.0, lattice / 4):
        structure.append_atom(position=(shift, shift, shift), symbols="Si")
    return structure


def cubic_silicon(lattice: float) -> orm.StructureData:
    """Return silicon in the cubic cell of eight atoms; the lattice constant in Å."""
    structure = orm.StructureData(cell=(np.eye(3) * lattice).tolist())
    for corner in ((0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)):
        for shift in (0.0, 0.25):
            structure.append_atom(position=tuple(lattice * (x + shift) for x in corner), symbols="Si")
    return structure


def follow(node: orm.ProcessNode, timeout: float = 600) -> None:
    """Print what changes until the process has ended."""
    seen: dict[int, str] = {}
    deadline = time.monotonic() + timeout
    while True:
        ended = node.is_terminated
        for process in [*node.called_descendants, node]:
            state = describe(process)
            if seen.get(process.pk) != state:
                seen[process.pk] = state
                label = process.label if process.label != process.process_label else ""
                name = f"{process.process_label}<{process.pk}> {label}".strip()
                print(f"  {name:<40} {state}", flush=True)
        if ended:
            return
        if time.monotonic() > deadline:
            sys.exit(f"Not finished after {timeout:.0f} s; see: {hint()} verdi process explain {node.pk}")
        time.sleep(0.1)


def describe(process: orm.ProcessNode) -> str:
    """Return the state of a process in a few words."""
    if process.process_state is None:
        return "created"
    state = str(process.process_state.value)
    if process.is_finished:
        state += f" [{process.exit_status}]"
    if process.is_finished and process.base.caching.is_created_from_cache:
        state += " (reused)"
    return state


def hint() -> str:
    """Return the environment in which `verdi` sees the profile of the demonstration."""
    return f"AIIDA_PATH={OUTPUT} PATH={Path(sys.executable).parent}:$PATH"


def print_standard_error(node: orm.ProcessNode) -> None:
    """Print the end of what the first failed calculation wrote to its standard error, and the command that shows all."""
    for job in node.called_descendants:
        if isinstance(job, orm.CalcJobNode) and not job.is_finished_ok:
            lines = (job.get_scheduler_stderr() or "").strip().splitlines()
            print(f"Standard error of {job.process_label}<{job.pk}>:", *lines[-10:] or ["(empty)"], sep="\n  ")
            print(f"All that came back: {hint()} verdi calcjob outputls {job.pk}")
            return


def report(node: orm.ProcessNode, seconds: float) -> int:
    """Print the result, draw the pictures, and say where to look."""
    print(verdi("--profile", PROFILE, "process", "status", str(node.pk)).stdout)
    if not node.is_finished_ok:
        print(verdi("--profile", PROFILE, "process", "report", str(node.pk)).stdout)
        print(f"The work chain did not finish well: {node.exit_message or node.exception}")
        print_standard_error(node)
        return 1
    result = node.outputs.equation_of_state.get_dict()
    name = node.inputs.code.label
    draw_equation_of_state(result, f"Equation of state of silicon ({name})", OUTPUT / "energy-volume.png")
    draw_provenance(node, OUTPUT / "provenance.png")
    jobs = [process for process in node.called_descendants if isinstance(process, orm.CalcJobNode)]
    reused = sum(job.base.caching.is_created_from_cache for job in jobs)
    say("reused", f"{reused} of {len(jobs)} calculations, from an earlier run" if reused else "nothing: every calculation was run")
    say("result", f"silicon, {name}")
    print(f"equilibrium volume: {result['volume']:.3f} Å³")
    print(f"bulk modulus: {result['bulk_modulus']:.1f} GPa")
    print(f"pictures: {OUTPUT / 'energy-volume.png'}, {OUTPUT / 'provenance.png'}")
    print(f"The whole run took {seconds:.0f} s; the daemon is stopped. To look further:")
    print(f"  export {hint()}")
    for command in ("verdi process list -a", f"verdi process show {node.pk}", f"verdi process report {node.pk}", "verdi shell"):
        print(f"  {command}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
