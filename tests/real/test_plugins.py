"""Published plugins from the package index, in a fresh environment: installed, imported, loaded, and a job of one dry-run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# The installation, some 50 s of CPU, has a limit of its own: on a busy machine it takes minutes.
pytestmark = pytest.mark.timeout(300, func_only=True)
INSTALL = 900

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ("aiida-pseudo==1.10.0", "aiida-quantumespresso==5.1.0", "aiida-diff==2.0.0")
ALL = (
    *PLUGINS,
    "aiida-pythonjob==0.5.2",
    "aiida-workgraph==0.9.0",
    "aiida-grouppathx==0.2.7",
    "aiida-dftbplus==0.1.2",
    "aiida-phonopy==1.6.0",
    "aiida-shell==0.9.0",
)


def run(*words: object, **options: Any) -> str:
    """Run a command and return what it prints; show all of it if it fails."""
    done = subprocess.run(
        [str(word) for word in words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=INSTALL,
        **options,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def need_index(folder: Path) -> None:
    """Skip where no package index is in reach; under RADAMES_REQUIRE_ALL=1 that is a failure."""
    words = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--retries=0",
        "-d",
        folder / "index",
        PLUGINS[-1],
    ]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    if found.returncode:
        message = f"the package index is not in reach: {found.stderr.strip()[-200:]}"
        if os.environ.get("RADAMES_REQUIRE_ALL") == "1":
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """An environment in which Radames was installed from a wheel, then the plugins by `verdi plugin install`; and its variables."""
    folder = tmp_path_factory.mktemp("plugins")
    need_index(folder)
    venv.create(folder / "env", with_pip=True)
    programs = folder / "env" / "bin"
    variables = {
        **os.environ,
        "AIIDA_PATH": str(folder / "home"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    variables.pop("PYTHONPATH", None)
    variables["PIP_NO_COMPILE"] = "1"  # most modules of what is installed are never imported here
    (folder / "home").mkdir()
    run(programs / "pip", "install", "-q", "--disable-pip-version-check", ROOT, env=variables)
    run(programs / "verdi", "plugin", "install", *PLUGINS, env=variables, cwd=folder)
    yield programs, variables


def test_the_requirement_is_met_without_aiida_core(environment: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    programs, variables = environment
    run(programs / "pip", "check", env=variables)
    assert "Radames" in run(programs / "verdi", "status", env=variables, cwd=tmp_path)
    shown = run(
        programs / "python",
        "-c",
        "import aiida, plumpy; print(aiida.radames_version, plumpy.ProcessState)",
        env=variables,
        cwd=tmp_path,
    )
    assert "ProcessState" in shown


WALK = """
import importlib, pkgutil, sys
from aiida.plugins import entry_point
for name in ("aiida_pseudo", "aiida_quantumespresso", "aiida_diff"):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if ".tests" not in module.name:
            importlib.import_module(module.name)
count = 0
for group in entry_point.ENTRY_POINT_GROUP_TO_MODULE_PATH_MAP:
    for name in entry_point.get_entry_point_names(group):
        entry_point.load_entry_point(group, name)
        count += 1
print(count)
"""


def test_every_module_and_entry_point_loads(environment: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    programs, variables = environment
    assert int(run(programs / "python", "-W", "ignore", "-c", WALK, env=variables, cwd=tmp_path).split()[-1]) > 150


DRY_RUN = """
import io, sys
from aiida import load_profile, orm
from aiida.engine import run_get_node
from aiida.plugins import DataFactory
from aiida.storage.sqlite_temp import SqliteTempBackend
load_profile(SqliteTempBackend.create_profile("dry"), allow_switch=True)
computer = orm.Computer(label="here", hostname="localhost", transport_type="core.local", scheduler_type="core.direct", workdir="/tmp").store()
computer.configure()
code = orm.InstalledCode(label="pw", computer=computer, filepath_executable="/bin/true", default_calc_job_plugin="quantumespresso.pw").store()
upf = DataFactory("pseudo.upf")(io.BytesIO(b'<UPF version="2.0.1"><PP_HEADER element="Si" z_valence="4.0"/></UPF>'), filename="Si.upf")
structure = orm.StructureData(cell=[[0, 2.7, 2.7], [2.7, 0, 2.7], [2.7, 2.7, 0]])
structure.append_atom(position=(0, 0, 0), symbols="Si")
kpoints = orm.KpointsData()
kpoints.set_kpoints_mesh([2, 2, 2])
builder = code.get_builder()
builder.structure, builder.kpoints, builder.pseudos = structure, kpoints, {"Si": upf}
builder.parameters = orm.Dict({"CONTROL": {"calculation": "scf"}, "SYSTEM": {"ecutwfc": 20.0, "ecutrho": 80.0}})
builder.metadata.options.resources = {"num_machines": 1, "num_mpiprocs_per_machine": 1}
builder.metadata.dry_run = True
builder.metadata.store_provenance = False
_, node = run_get_node(builder)
print(open(node.dry_run_info["folder"] + "/aiida.in").read())
"""


def test_a_job_of_pw_is_prepared(environment: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    programs, variables = environment
    written = run(programs / "python", "-W", "ignore", "-c", DRY_RUN, env=variables, cwd=tmp_path)
    assert "ecutwfc =   2.0000000000d+01" in written
    assert "K_POINTS automatic\n2 2 2 0 0 0" in written


def test_the_real_one_beside_us_is_named(environment: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """What `pip install aiida-core` leaves behind, and nothing more of it: its record."""
    programs, variables = environment
    site = Path(run(programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    rival = site / "aiida_core-2.9.3.dist-info"
    rival.mkdir()
    try:
        (rival / "RECORD").write_text("aiida/__init__.py,,\n")
        (rival / "METADATA").write_text("Metadata-Version: 2.1\nName: aiida-core\nVersion: 2.9.3\n")
        done = subprocess.run(
            [programs / "verdi", "status"], env=variables, capture_output=True, text=True, check=False
        )
        assert "aiida-core 2.9.3" in done.stdout
        assert "pip uninstall aiida-core radames" in done.stdout
        assert done.returncode != 0
    finally:
        for path in rival.iterdir():
            path.unlink()
        rival.rmdir()


def test_uv_does_the_same(tmp_path: Path) -> None:
    """In an environment without pip, as uv makes them."""
    need_index(tmp_path)
    variables = {**os.environ, "AIIDA_PATH": str(tmp_path)}
    variables.pop("PYTHONPATH", None)
    uv = shutil.which("uv")
    if uv is None:
        pip = (sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check")
        run(*pip, "--target", tmp_path / "tool", "uv", env=variables)
        uv = str(tmp_path / "tool" / "bin" / "uv")
    python = tmp_path / "env" / "bin" / "python"
    path = f"{python.parent}{os.pathsep}{Path(uv).parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
    mine = {**variables, "PATH": path, "VIRTUAL_ENV": str(tmp_path / "env")}
    run(uv, "venv", "-q", "--python", sys.executable, tmp_path / "env", env=mine)
    run(uv, "pip", "install", "-q", "--python", python, ROOT, env=mine)
    shown = run(python.parent / "verdi", "plugin", "install", "aiida-diff==2.0.0", env=mine, cwd=tmp_path)
    assert "Success: installed aiida-diff==2.0.0" in shown
    run(uv, "pip", "check", "--python", python, env=mine)
    loaded = "from aiida.plugins import CalculationFactory as f; import aiida; print(f('diff').__name__, aiida.radames_version)"
    assert "DiffCalculation" in run(python, "-W", "ignore", "-c", loaded, env=mine, cwd=tmp_path)


@pytest.mark.proof
@pytest.mark.timeout(1500)
def test_all_published_plugins_of_the_issue(environment: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """Every module, entry point, specification and dry run of each: nothing fails for a name of ours."""
    programs, variables = environment
    run(programs / "verdi", "plugin", "install", *ALL, env=variables, cwd=tmp_path)
    faults = []
    for name in (requirement.partition("==")[0] for requirement in ALL):
        result = tmp_path / f"{name}.json"
        run(programs / "python", "-W", "ignore", ROOT / "compat" / "probe.py", name, result, env=variables, cwd=tmp_path)
        facts = json.loads(result.read_text())
        assert facts["modules"] or facts["entry_points"], f"{name} has nothing in it"
        told = {**facts["modules"], **facts["entry_points"]}
        faults += [f"{name}: {where}: {text}" for where, text in told.items() if text != "ok"]
        faults += [f"{name}: {where}: {spec}" for where, spec in facts["specs"].items() if isinstance(spec, str)]
    assert not faults, "\n".join(faults)


def test_this_interpreter_has_no_rival() -> None:
    shown = run(sys.executable, "-c", "from aiida.cmdline.utils.installation import find_rival; print(find_rival())")
    assert shown.strip() == "None"
