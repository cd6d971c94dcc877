"""Make the same jobs in one environment and write down what came of them: run by aiida-core's Python and by ours.

Called as `python jobs.py OUTPUT SEED COUNT`, in a folder of its own. Dry runs for all six schedulers, with options drawn by the seed; then
real runs on this machine. Public names only.
"""

from __future__ import annotations

import copy
import io
import json
import os
import random
import re
import sys
from pathlib import Path
from typing import Any

from aiida import load_profile, orm
from aiida.common import CalcInfo, CodeInfo
from aiida.common.datastructures import CodeRunMode, FileCopyOperation
from aiida.engine import CalcJob, run_get_node
from aiida.storage.sqlite_temp import SqliteTempBackend

SCHEDULERS = ("core.direct", "core.slurm", "core.pbspro", "core.torque", "core.sge", "core.lsf")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: attributes that say when, where or by what version, or that only ours has
VOLATILE = re.compile(
    r"version|remote_workdir|scheduler_lastchecktime|last_job_info|detailed_job_info|job_id|sealed|checkpoint"
)

NODES = (
    {"num_machines": 1},
    {"num_machines": 2, "num_mpiprocs_per_machine": 4},
    {"num_machines": 2, "tot_num_mpiprocs": 6},
    {"num_machines": 1, "num_mpiprocs_per_machine": 2, "num_cores_per_machine": 8},
    {"num_machines": 3, "num_mpiprocs_per_machine": 2, "num_cores_per_mpiproc": 3},
    {"num_machines": 2, "num_mpiprocs_per_machine": 2, "num_cores_per_machine": 3},
    {"num_machines": 0},
    {"tot_num_mpiprocs": 4},
    {"num_machines": 1, "bogus": 1},
    {},
)
ENVIRONMENTS = (
    {"parallel_env": "mpi", "tot_num_mpiprocs": 8},
    {"parallel_env": "smp", "tot_num_mpiprocs": 1},
    {"tot_num_mpiprocs": 4},
    {"parallel_env": "mpi"},
    {"num_machines": 1, "num_mpiprocs_per_machine": 2},
    {"num_machines": 2, "tot_num_mpiprocs": 4, "parallel_env": ""},
    {},
)
OPTIONS: dict[str, tuple[Any, ...]] = {
    "max_wallclock_seconds": (60, 3600, 90061, 1, 0, 86400 * 3),
    "max_memory_kb": (1024, 2000000, 5242880),
    "queue_name": ("normal", "long queue"),
    "account": ("alice", "proj-1"),
    "qos": ("high",),
    "priority": ("100", "-50", "low"),
    "withmpi": (True, False),
    "mpirun_extra_params": (["--bind-to", "core"], ["-x", "A B"]),
    "prepend_text": ("module load x\nulimit -s unlimited", "echo 'it''s'"),
    "append_text": ("echo done",),
    "custom_scheduler_commands": ("#SBATCH --constraint=gpu", "#PBS -W x=y\n#PBS -l z=1"),
    "environment_variables": ({"OMP_NUM_THREADS": "2"}, {"A": "b c", "B": "$HOME", "C": "it's"}),
    "environment_variables_double_quotes": (True, False),
    "import_sys_environment": (True, False),
    "rerunnable": (True, False),
    "submit_script_filename": ("job.sh",),
    "scheduler_stdout": ("out.log",),
    "scheduler_stderr": ("err.log", "out.log"),
    "additional_retrieve_list": (["extra.txt"], ["a/*", "b.txt"], ["/absolute"]),
}
LINES: tuple[dict[str, Any], ...] = (
    {"cmdline_params": ["-a", "it's", "b c", "$HOME", '"q"']},
    {"cmdline_params": [], "stdin_name": "in file.txt", "stdout_name": "out.txt"},
    {"cmdline_params": ["x"], "stdout_name": "out.txt", "stderr_name": "err.txt"},
    {"cmdline_params": ["x"], "stdout_name": "out.txt", "join_files": True},
    {"cmdline_params": ["x"], "withmpi": True},
    {"stderr_name": "err.txt"},
)
INFOS: tuple[dict[str, Any], ...] = (
    {},
    {"retrieve_list": ["out.txt", ("*.dat", ".", 1), ("a/b/*.txt", "target", None)]},
    {"retrieve_temporary_list": ["big.bin"], "retrieve_singlefile_list": []},
    {"prepend_text": "export FROM_PLUGIN=1", "append_text": "echo plugin"},
    {"provenance_exclude_list": ["input.txt"]},
    {"remote_symlink_list": "links"},
    {"remote_copy_list": "copies"},
    {"file_copy_operation_order": [FileCopyOperation.REMOTE, FileCopyOperation.LOCAL, FileCopyOperation.SANDBOX]},
    {"local_copy_list": "local"},
    {"skip_submit": True},
)


class Job(CalcJob):
    """A job that does what its inputs say."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("what", valid_type=dict, non_db=True)

    def prepare_for_submission(self, folder: Any) -> CalcInfo:
        what = self.inputs.what
        for name, content in what.get("files", {"input.txt": "some input\n"}).items():
            folder.get_subfolder(os.path.dirname(name) or ".", create=True)
            with folder.open(name, "w", encoding="utf-8") as handle:
                handle.write(content)
        info = CalcInfo()
        info.codes_info = []
        for line in what["lines"]:
            code = CodeInfo()
            code.code_uuid = self.inputs.code.uuid
            for key, value in line.items():
                setattr(code, key, value)
            info.codes_info.append(code)
        if "mode" in what:
            info.codes_run_mode = what["mode"]
        computer = self.node.computer.uuid
        for key, value in what["info"].items():
            if value == "links":
                value = [(computer, "/etc/hosts", "hosts"), (computer, "/etc", "etc")]
            elif value == "copies":
                value = [(computer, "/etc/hostname", "copied"), (computer, "/etc/hosts", "copied too")]
            elif value == "local":
                value = what["local"]
            setattr(info, key, value)
        return info


def make_computers(work: Path) -> dict[str, Any]:
    """One per scheduler, and codes on it."""
    made = {}
    for name in SCHEDULERS:
        computer = orm.Computer(
            label=name, hostname="localhost", transport_type="core.local", scheduler_type=name, workdir=str(work)
        ).store()
        computer.configure(safe_interval=0.0, use_login_shell=False)
        computer.set_minimum_job_poll_interval(0.0)
        computer.set_mpirun_command(["mpirun", "-np", "{tot_num_mpiprocs}"])
        if name in ("core.direct", "core.slurm", "core.pbspro", "core.torque"):
            computer.set_default_mpiprocs_per_machine(2)
        if name in ("core.slurm", "core.pbspro"):
            computer.set_default_memory_per_machine(1000000)
        computer.set_prepend_text("# computer before")
        computer.set_append_text("# computer after")
        codes = [
            orm.InstalledCode(label=f"plain-{name}", computer=computer, filepath_executable="/bin/bash"),
            orm.InstalledCode(
                label=f"quoted-{name}", computer=computer, filepath_executable="/opt/a b/code", use_double_quotes=True,
                prepend_text="# code before", append_text="# code after",
            ),
            orm.InstalledCode(label=f"mpi-{name}", computer=computer, filepath_executable="/opt/code.x", with_mpi=True),
            orm.ContainerizedCode(
                label=f"box-{name}", computer=computer, filepath_executable="/usr/bin/pw.x", image_name="docker://qe:7",
                engine_command="singularity exec --bind $PWD:$PWD {image_name}", wrap_cmdline_params=False,
            ),
        ]  # fmt: skip
        made[name] = [code.store() for code in codes]
    return made


def draw(dice: random.Random, scheduler: str, codes: list[Any], local: list[Any]) -> dict[str, Any]:
    """Inputs of one job."""
    resources = NODES if scheduler in ("core.direct", "core.slurm", "core.pbspro", "core.torque") else ENVIRONMENTS
    options: dict[str, Any] = {"resources": dict(dice.choice(resources[:2] if dice.random() < 0.7 else resources))}
    for name in sorted(OPTIONS):
        if dice.random() < 0.25:
            options[name] = copy.deepcopy(dice.choice(OPTIONS[name]))
    what: dict[str, Any] = {
        "lines": [dice.choice(LINES) for _ in range(dice.choice((1, 1, 1, 2, 3)))],
        "info": copy.deepcopy(dice.choice(INFOS)),
        "local": local,
    }
    if len(what["lines"]) > 1 and dice.random() < 0.9:
        what["mode"] = dice.choice((CodeRunMode.SERIAL, CodeRunMode.PARALLEL))
    return {"code": dice.choice(codes), "what": what, "metadata": {"options": options}}


def clean(text: str, here: str) -> str:
    """Without what differs from run to run."""
    seen: dict[str, str] = {}
    text = UUID.sub(lambda match: seen.setdefault(match[0], f"<uuid {len(seen)}>"), text.replace(here, "<HERE>"))
    return re.sub(r"aiida-(\d+|None)\b", "aiida-<pk>", text)


def read_tree(folder: Path, here: str) -> dict[str, str]:
    """Names and contents; of a link, its target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_file():
            text = path.read_text(errors="replace")
            found[name] = clean(
                json.dumps(json.loads(text), sort_keys=True, indent=1) if name.endswith(".json") else text, here
            )
    return found


def dry_run(inputs: dict[str, Any], here: str) -> dict[str, Any]:
    """What a dry run leaves, or which error it is."""
    inputs["metadata"] |= {"dry_run": True, "store_provenance": False}
    try:
        _, node = run_get_node(Job, **inputs)
        return {
            "files": read_tree(Path(node.dry_run_info["folder"]), here),
            "script": node.dry_run_info["script_filename"],
        }
    except Exception as error:
        return {"error": type(error).__name__}


def show(node: Any, here: str) -> dict[str, Any]:
    """What a finished job has left in the graph."""
    attributes = {key: value for key, value in node.base.attributes.all.items() if not VOLATILE.search(key)}
    outputs = {link.link_label: link.node for link in node.base.links.get_outgoing().all()}
    trees = {}
    for label, output in [("self", node), *outputs.items()]:
        repository = output.base.repository
        trees[label] = {
            str(root / name): clean(repository.get_object_content(str(root / name)), here)
            for root, _, names in repository.walk() for name in names
        }  # fmt: skip
        trees[label] = {
            name: text if not name.endswith(".json") else json.dumps(json.loads(text), sort_keys=True)
            for name, text in trees[label].items()
        }
    return {
        "attributes": json.loads(clean(json.dumps(attributes, default=str, sort_keys=True), here)),
        "state": [node.process_state.value, node.exit_status, node.exit_message],
        "inputs": sorted((link.link_label, link.link_type.value) for link in node.base.links.get_incoming().all()),
        "outputs": sorted((label, type(output).__name__) for label, output in outputs.items()),
        "files": trees,
    }


def real_jobs(code: Any, local: list[Any]) -> dict[str, dict[str, Any]]:
    """Jobs that are run on this machine, by a name."""
    write = "mkdir -p a/b; for n in 1 2; do echo $n > f$n.dat; echo $n > a/b/g$n.txt; done; echo big > big.bin; cat input.txt"
    base: dict[str, Any] = {
        "lines": [{"cmdline_params": ["-c", write], "stdout_name": "out.txt"}],
        "info": {},
        "local": local,
    }
    options = {"resources": {"num_machines": 1}}

    def job(info: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        what = {**base, "info": {"retrieve_list": ["out.txt"], **(info or {})}, **more.pop("what", {})}
        return {"code": code, "what": what, "metadata": {"options": {**options, **more}}}

    two = [{"cmdline_params": ["-c", f"echo {n}"], "stdout_name": f"out{n}.txt"} for n in (1, 2)]
    everything = [FileCopyOperation.LOCAL, FileCopyOperation.REMOTE, FileCopyOperation.SANDBOX]
    return {
        "plain": job(),
        "globs": job({"retrieve_list": ["out.txt", "f*.dat", ("a/b/*.txt", "into", 2), ("a", ".", 1), "none*"]}),
        "depths": job({"retrieve_list": [("a/b/g1.txt", ".", 0), ("a/b/g2.txt", "x", 3), ("a/*/g*.txt", ".", None)]}),
        "excluded": job({"provenance_exclude_list": ["input.txt", "sub/deep"]}, what={"files": {"input.txt": "i", "sub/deep/x": "1", "sub/y": "2"}}),
        "local": job({"local_copy_list": "local", "retrieve_list": ["out.txt", "copied", "folder", "*.txt"]}),
        "order": job({"local_copy_list": "local", "file_copy_operation_order": everything, "retrieve_list": ["copied", "out.txt"]}),
        "remote": job({"remote_copy_list": "copies", "remote_symlink_list": "links", "retrieve_list": ["copied", "copied too"]}),
        "temporary": job({"retrieve_temporary_list": ["big.bin"]}),
        "serial": job({"retrieve_list": ["out*.txt"]}, what={"lines": two, "mode": CodeRunMode.SERIAL}),
        "parallel": job({"retrieve_list": ["out*.txt"]}, what={"lines": two, "mode": CodeRunMode.PARALLEL}),
        "skipped": job({"skip_submit": True, "retrieve_list": ["input.txt"]}),
        "fails": job(what={"lines": [{"cmdline_params": ["-c", "echo no >&2; exit 3"], "stdout_name": "out.txt"}]}),
        "additional": job(additional_retrieve_list=["f1.dat"], environment_variables={"X": "1"}, scheduler_stdout="s.out"),
        "copy stash": job(stash={"source_list": ["f*.dat", "a"], "target_base": str(Path.cwd() / "stash"), "stash_mode": "copy"}),
        "tar stash": job(stash={"source_list": ["f1.dat"], "target_base": str(Path.cwd() / "stash"), "stash_mode": "tar.gz", "dereference": True}),
    }  # fmt: skip


def main(out: Path, seed: int, count: int) -> None:
    """Write all down."""
    load_profile(SqliteTempBackend.create_profile("jobs"), allow_switch=True)
    here = str(Path.cwd())
    codes = make_computers(Path.cwd() / "work")
    folder = orm.FolderData()
    for name in ("one.txt", "sub/two.txt"):
        folder.base.repository.put_object_from_filelike(io.BytesIO(name.encode()), name)
    folder.store()
    local = [(folder.uuid, "one.txt", "copied"), (folder.uuid, "sub", "folder"), (folder.uuid, "one.txt", "input.txt")]
    dice, told = random.Random(seed), {}
    for number in range(count):
        for scheduler in SCHEDULERS:
            inputs = draw(dice, scheduler, codes[scheduler], local)
            asked = {
                "code": inputs["code"].label,
                "options": inputs["metadata"]["options"].copy(),
                "what": str(inputs["what"]),
            }
            told[f"{scheduler} {number}"] = {
                "asked": json.loads(clean(json.dumps(asked, default=str), here)),
                **dry_run(inputs, here),
            }
    for name, inputs in real_jobs(codes["core.direct"][0], local).items():
        try:
            told[f"run {name}"] = show(run_get_node(Job, **inputs)[1], here)
        except Exception as error:
            told[f"run {name}"] = {"error": type(error).__name__, "message": str(error)[:300]}
    out.write_text(json.dumps(told, indent=1, default=str))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
