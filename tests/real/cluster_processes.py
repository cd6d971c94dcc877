"""Work for a real cluster, and what the scripts of the tests share."""

from __future__ import annotations

import os
import time
from typing import Any

import psutil

from aiida import orm
from aiida.calculations.arithmetic.add import ArithmeticAddCalculation
from aiida.engine import ToContext, WorkChain, get_daemon_client, submit
from aiida.engine.processes import control
from radames_demo.calculations import PwCalculation

PSEUDO = "/usr/share/espresso/pseudo/Si.pz-vbc.UPF"
MPI = "export OMP_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1"


class Energy(WorkChain):
    """One self-consistent run of Quantum ESPRESSO, and a look at its result."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.expose_inputs(PwCalculation, namespace="pw")
        spec.output("energy", valid_type=orm.Float)
        spec.exit_code(400, "ERROR_RUN", message="the run failed")
        spec.outline(cls.run_pw, cls.result)

    def run_pw(self) -> Any:
        return ToContext(pw=self.submit(PwCalculation, **self.exposed_inputs(PwCalculation, "pw")))

    def result(self) -> Any:
        if not self.ctx.pw.is_finished_ok:
            return self.exit_codes.ERROR_RUN
        self.out("energy", orm.Float(self.ctx.pw.outputs.result["energy"]).store())
        return None


def make_computer(config: str, workdir: str, interval: float, label: str = "cluster") -> Any:
    """The cluster as a user sets it up."""
    computer = orm.Computer(
        label=label, hostname="cluster", transport_type="core.ssh_auto", scheduler_type="core.slurm", workdir=workdir
    ).store()
    computer.set_mpirun_command(["mpirun", "-np", "{tot_num_mpiprocs}"])
    computer.set_minimum_job_poll_interval(interval)
    computer.configure(ssh_config=config, use_login_shell=False, safe_interval=1.0)
    return computer


def silicon(scale: float) -> Any:
    """A crystal of silicon, two atoms."""
    a = 5.43 * scale
    cell = [[0.0, a / 2, a / 2], [a / 2, 0.0, a / 2], [a / 2, a / 2, 0.0]]
    crystal = orm.StructureData(cell=cell)
    crystal.append_atom(position=(0.0, 0.0, 0.0), symbols="Si")
    crystal.append_atom(position=(a / 4, a / 4, a / 4), symbols="Si")
    return crystal


def submit_energies(code: Any, count: int, ran: str, shift: float = 0.0) -> list[Any]:
    """`count` work chains, each with a crystal of its own; every payload writes a line to `ran`."""
    pseudo = orm.SinglefileData(PSEUDO).store()
    parameters = orm.Dict({"ecutwfc": 10.0, "conv_thr": 1e-6, "kpoints_mesh": [1, 1, 1]}).store()
    options = {
        "resources": {"num_machines": 1, "num_mpiprocs_per_machine": 2}, "withmpi": True, "max_wallclock_seconds": 600,
        "max_memory_kb": 1_500_000, "import_sys_environment": False,
        "prepend_text": f'{MPI}\necho "$PWD" >> {ran}',
    }  # fmt: skip
    inputs = {"code": code, "pseudo": pseudo, "parameters": parameters, "metadata": {"options": options}}
    return [submit(Energy, pw={**inputs, "structure": silicon(0.97 + 0.06 * (i + shift) / count)}) for i in range(count)]


def submit_sums(
    code: Any, count: int, ran: str, sleep: float = 0.0, prepend: str = "true", more: dict[str, Any] | None = None
) -> list[Any]:
    """`count` jobs that add; every payload writes a line to `ran`."""
    options = {
        "resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}, "max_wallclock_seconds": 600,
        "max_memory_kb": 50_000, "import_sys_environment": False,
        "prepend_text": f'echo "$PWD" >> {ran}\nsleep {sleep}\n{prepend}', "append_text": "" if ran == os.devnull else f'echo "$PWD" >> {ran}.over', **(more or {}),
    }  # fmt: skip
    x = orm.Int(1).store()
    return [submit(ArithmeticAddCalculation, x=x, y=orm.Int(i), code=code, metadata={"options": options}) for i in range(count)]


def kill_a_worker(dice: Any) -> None:
    """SIGKILL to one of the daemon's workers."""
    pids = [int(pid) for pid in get_daemon_client().get_worker_info()["info"]]
    if pids:
        try:
            psutil.Process(dice.choice(pids)).kill()
        except psutil.NoSuchProcess:
            return


def play_all(nodes: list[Any]) -> None:
    """A process whose worker was killed several times in one step is paused, and says so; here that was not its fault."""
    paused = [node for node in nodes if node.paused and not node.is_terminated]
    if paused:
        control.play_processes(paused, timeout=1)


def wait_all(nodes: list[Any], seconds: float) -> None:
    """Wait for the end of all; say which ones do not come to it."""
    end = time.monotonic() + seconds
    while not all(node.is_terminated for node in nodes):
        if time.monotonic() > end:
            late = [node for parent in nodes for node in (parent, *getattr(parent, "called", ())) if not node.is_terminated]
            raise TimeoutError([(node.pk, node.process_status, node.paused, node.base.attributes.get("job_id", None)) for node in late])
        time.sleep(0.2)


def _complaint(job: Any) -> list[Any]:
    """What a failed job says of itself."""
    said = job.get_scheduler_stderr() if "retrieved" in job.outputs else None
    info = (job.get_detailed_job_info() or {}).get("stdout", "")
    state = [line.split("|") for line in info.splitlines()[:2]]
    named = dict(zip(*state, strict=False)) if len(state) == 2 else {}
    names = job.outputs.retrieved.list_object_names() if said is not None else []
    return [job.pk, job.exit_status, job.exit_message, (said or "")[-600:], names, named.get("State"), named.get("ExitCode"), named.get("Elapsed")]


def results(nodes: list[Any], ran: str) -> dict[str, Any]:
    """What came of them, and how often each payload ran."""
    lines = open(ran).read().splitlines() if os.path.exists(ran) else []
    jobs = [job for node in nodes for job in ([node] if isinstance(node, orm.CalcJobNode) else node.called)]
    return {
        "ok": sum(node.is_finished_ok for node in nodes),
        "failed": [_complaint(job) for job in jobs if not job.is_finished_ok],
        "runs": len(lines), "directories": len(set(lines)), "jobs": len(jobs), "ids": len({job.get_job_id() for job in jobs}),
        "strangers": sorted(set(lines) - {job.get_remote_workdir() for job in jobs})[:5],
        "paused": sum(bool(job.paused) for job in jobs),
    }  # fmt: skip
