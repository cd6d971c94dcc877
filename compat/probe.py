"""What a plugin does in this environment, as JSON: `python probe.py DISTRIBUTION RESULT`, run by `survey.py` on both sides.

Every module is imported, every entry point loaded, the specification of every process described; every calculation is dry-run with
inputs made up from its specification. Two sides are alike where these facts are, error texts included.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import pkgutil
import re
import sys
import tempfile
import traceback
import warnings
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

OK = "ok"
TESTS = re.compile(r"(^|\.)(tests?|conftest|testing|docs|examples?)(\.|$)")
#: what differs from run to run, and between two implementations of one interface
NOISE = ((re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"), "UUID"), (re.compile(r"0x[0-9a-f]+"), "ADDRESS"))
#: what files of pseudopotentials and the like look like to those who read them
CONTENTS = (b'<UPF version="2.0.1"><PP_HEADER element="Si" z_valence="4.0"/></UPF>\n', b"a line\n")
#: parameters without which a calculation refuses
RECIPES: dict[str, dict[str, Any]] = {
    "quantumespresso.pw": {
        "parameters": {"CONTROL": {"calculation": "scf"}, "SYSTEM": {"ecutwfc": 20.0, "ecutrho": 80.0}}
    },
    "quantumespresso.cp": {
        "parameters": {"CONTROL": {"calculation": "cp"}, "SYSTEM": {"ecutwfc": 20.0, "ecutrho": 80.0}}
    },
    "quantumespresso.pp": {"parameters": {"INPUTPP": {"plot_num": 0}, "PLOT": {"iflag": 3}}},
}


def brief(error: BaseException) -> str:
    """Say what went wrong, without what differs from run to run."""
    text = f"{type(error).__name__}: {error}".strip()
    for pattern, word in NOISE:
        text = pattern.sub(word, text)
    return text.replace(os.getcwd(), "FOLDER").replace(sys.prefix, "ENVIRONMENT")[:600]


def attempt(function: Any, *arguments: Any) -> str:
    """Call a function; return "ok" or what went wrong."""
    try:
        function(*arguments)
    except (Exception, SystemExit) as error:
        if os.environ.get("PROBE_TRACE"):
            traceback.print_exc()
        return brief(error)
    return OK


def find_modules(name: str) -> list[str]:
    """Return the names of the modules that a distribution brings, tests apart."""
    dist = distribution(name)
    tops = {re.split(r"[.:]", point.value)[0] for point in dist.entry_points}
    tops |= {name.replace("-", "_")} | set((dist.read_text("top_level.txt") or "").split())
    found = []
    for top in sorted(tops - {"tests", "aiida"}):
        try:
            package = importlib.import_module(top)
        except (Exception, SystemExit):
            continue
        found.append(top)
        for module in pkgutil.walk_packages(getattr(package, "__path__", ()), top + ".", onerror=lambda _name: None):
            found.append(module.name)
    return sorted({module for module in found if not TESTS.search(module) and not module.endswith("__main__")})


def describe(process: Any) -> Any:
    """Return the specification of a process as plain data."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): plain(item) for key, item in value.items()}
        text = str(value)
        for pattern, word in NOISE:
            text = pattern.sub(word, text)
        return text

    def names(outline: Any) -> Any:
        if isinstance(outline, dict):
            return [[str(key).replace("elif(<lambda>)", "else"), names(block)] for key, block in outline.items()]
        return [names(item) for item in outline] if isinstance(outline, list) else str(outline).partition("(")[0]

    spec = process.spec()
    codes = {label: [code.status, code.message, code.invalidates_cache] for label, code in spec.exit_codes.items()}
    described = {**plain(spec.get_description()), "exit_codes": plain(codes)}
    if (
        "outline" in described
    ):  # the words behind the names come from docstrings, of which those of the framework are our own
        described["outline"] = names(spec.get_outline().get_description())
    return described


class Inputs:
    """Inputs made up for a process from the types of its ports."""

    def __init__(self) -> None:
        from aiida import orm

        self.orm = orm
        place = tempfile.mkdtemp()
        self.computer = orm.Computer("here", "localhost", "", "core.local", "core.direct", place).store()
        self.computer.configure(safe_interval=0)
        self.computer.set_default_mpiprocs_per_machine(1)

    def code(self, entry_point: str) -> Any:
        """A program that does nothing; stored, for the script names it by its UUID."""
        code = self.orm.InstalledCode(label="code", computer=self.computer, filepath_executable="/bin/true")
        code.default_calc_job_plugin = entry_point
        return code.store()

    def structure(self) -> Any:
        """Silicon."""
        structure = self.orm.StructureData(cell=[[0, 2.7, 2.7], [2.7, 0, 2.7], [2.7, 2.7, 0]])
        structure.append_atom(position=(0, 0, 0), symbols="Si", name="Si")
        structure.append_atom(position=(1.35, 1.35, 1.35), symbols="Si", name="Si")
        return structure

    def kpoints(self) -> Any:
        """A mesh."""
        kpoints = self.orm.KpointsData()
        kpoints.set_kpoints_mesh([2, 2, 2])
        return kpoints

    def file(self) -> Any:
        """A file with a line."""
        return self.orm.SinglefileData(io.BytesIO(b"a line\n"), filename="file.txt")

    def special_file(self, kind: Any) -> Any:
        """A file of a class of the plugin's own, with the first content that it takes."""
        for content in CONTENTS[:-1]:
            try:
                return kind(io.BytesIO(content), filename="Si.upf")
            except Exception:
                continue
        return kind(io.BytesIO(CONTENTS[-1]), filename="Si.upf")

    def folder(self) -> Any:
        """A folder with a file."""
        folder = self.orm.FolderData()
        folder.base.repository.put_object_from_filelike(io.BytesIO(b"a line\n"), "file.txt")
        return folder

    def make(self, valid_type: Any, entry_point: str) -> Any:
        """Make a value of a type; None if there is no way that is known for it."""
        orm = self.orm
        types = valid_type if isinstance(valid_type, tuple) else (valid_type,)
        known = (
            (orm.AbstractCode, lambda: self.code(entry_point)),
            (orm.StructureData, self.structure),
            (orm.KpointsData, self.kpoints),
            (orm.RemoteData, lambda: orm.RemoteData("/tmp/there", computer=self.computer)),
            (orm.FolderData, self.folder),
            (orm.Dict, lambda: orm.Dict({})),
            (orm.List, lambda: orm.List([])),
            (orm.Int, lambda: orm.Int(1)),
            (orm.Float, lambda: orm.Float(1.0)),
            (orm.Bool, lambda: orm.Bool(True)),
            (orm.Str, lambda: orm.Str("text")),
            (orm.SinglefileData, self.file),
        )
        for kind in types:
            for wanted, maker in known:
                if isinstance(kind, type) and kind is not type(None) and issubclass(wanted, kind):
                    return maker()
        for kind in types:
            if isinstance(kind, type) and issubclass(kind, orm.SinglefileData):
                return self.special_file(kind)
            if isinstance(kind, type) and issubclass(kind, orm.Dict):
                return kind({})
            if isinstance(kind, type) and issubclass(kind, orm.Data):
                return kind()
        return None

    def fill(self, namespace: Any, entry_point: str) -> dict[str, Any]:
        """Make the required inputs of a namespace, and those whose presence a calculation can count on."""
        values: dict[str, Any] = {}
        for name, port in namespace.items():
            if name == "metadata":
                continue
            if hasattr(port, "items"):
                if inner := self.fill(port, entry_point):
                    values[name] = inner
                elif port.dynamic and port.required and port.valid_type is not None:
                    if (value := self.make(port.valid_type, entry_point)) is not None:
                        values[name] = {"Si": value}
            elif name in RECIPES.get(entry_point, {}):
                values[name] = self.orm.Dict(RECIPES[entry_point][name])
            elif (port.required and not port.has_default()) or name in ("code", "structure"):
                if (value := self.make(port.valid_type, entry_point)) is not None:
                    values[name] = value
        return values


def dry_run(inputs: Inputs, process: Any, name: str) -> Any:
    """Prepare a calculation as for a run; return the files written, or what went wrong."""
    from aiida.engine import run_get_node

    try:
        given = inputs.fill(process.spec().inputs, name)
        options = {"resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}, "max_wallclock_seconds": 600}
        given["metadata"] = {"dry_run": True, "store_provenance": False, "options": options}
        _, node = run_get_node(process, **given)
        folder = Path(node.dry_run_info["folder"])
        return {str(path.relative_to(folder)): read(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    except (Exception, SystemExit) as error:
        if os.environ.get("PROBE_TRACE"):
            traceback.print_exc()
        return brief(error)


def without_uuids(value: Any) -> Any:
    """Return JSON without its entries of identifiers."""
    if isinstance(value, dict):
        return {key: without_uuids(item) for key, item in value.items() if not key.endswith("uuid")}
    return [without_uuids(item) for item in value] if isinstance(value, list) else value


def read(path: Path) -> str:
    """Return the text of a file without identifiers."""
    text = path.read_text(errors="replace")
    if (
        path.parent.name == ".aiida"
    ):  # what the engine notes for itself: the order of its keys and identifiers say nothing
        noted = without_uuids(json.loads(text))
        if (
            path.name == "calcinfo.json"
        ):  # what the scheduler writes is retrieved anyway, whether it is noted here or not
            noted.setdefault("retrieve_list", ["_scheduler-stdout.txt", "_scheduler-stderr.txt"])
        text = json.dumps(noted, sort_keys=True)
    if path.name.startswith("_aiida_remote"):
        text = text.replace("\n", "").replace(" ", "")
    for pattern, word in NOISE:
        text = pattern.sub(word, text)
    return re.sub(r"aiida-(None|\d+)", "aiida-PK", text)[:20000]


def main(name: str, result: Path) -> None:
    """Find out everything and write it down."""
    warnings.simplefilter("ignore")
    from aiida import load_profile
    from aiida.engine import CalcJob, Process
    from aiida.storage.sqlite_temp import SqliteTempBackend

    load_profile(SqliteTempBackend.create_profile("probe"), allow_switch=True)
    facts: dict[str, Any] = {"modules": {}, "entry_points": {}, "specs": {}, "dry_runs": {}}
    try:
        import matplotlib as plotting

        plotting.use("Agg")
    except ImportError:
        pass
    for module in find_modules(name):
        facts["modules"][module] = attempt(importlib.import_module, module)
    inputs = Inputs()
    for point in sorted(distribution(name).entry_points, key=lambda point: (point.group, point.name)):
        if not point.group.startswith("aiida."):
            continue
        key = f"{point.group}:{point.name}"
        facts["entry_points"][key] = attempt(point.load)
        loaded = point.load() if facts["entry_points"][key] == OK else None
        if isinstance(loaded, type) and issubclass(loaded, Process):
            try:
                facts["specs"][key] = describe(loaded)
            except Exception as error:
                facts["specs"][key] = brief(error)
            if issubclass(loaded, CalcJob):
                facts["dry_runs"][key] = dry_run(inputs, loaded, point.name)
    result.write_text(json.dumps(facts, indent=1, default=str))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).absolute())
