"""What published packages use of the interface is there: paths, members, keywords, options, plugins, fixtures, commands."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from aiida.common.exceptions import EntryPointError
from tests.public_api.lookup import compare, find, read

_ARCHIVE = "archives are read as storages; making and importing them is not built yet"
_GRAPH = "pictures of the graph are not built yet"
_OLD = "a command of older versions that 2.9.4 only keeps as deprecated"

_OWN = "a name that plugins give to a step of their own; nothing is taken over from here"
_SCAN = "the record names a class that 2.9.4 does not have there; what plugins call is found by another path"
_PRIVATE = "a private name that one package reaches into"
_FOREIGN = "insides of plumpy's states; a process with a `run` of its own is hosted without them"
_IMPORTERS = "readers of databases on the web are not built yet"
_NEITHER = "2.9.4 does not take it either"
_EXTRA = "no field in 2.9.4 either: any name may be set on it"

MISSING = {
    "aiida.cmdline.params.arguments.overridable.OverridableOption.__call__.type=": _SCAN,
    "aiida.cmdline.params.types.group.GroupParamType.pseudo_types=": "of a subclass in aiida-pseudo",
    "aiida.common.CalcInfo.cmdline_params": _EXTRA,
    "aiida.common.CalcInfo.retrieve_singlefile_list": _EXTRA,
    "aiida.common.CalcInfo.std*_name": _EXTRA,
    "aiida.common.CodeInfo.code_pk": _EXTRA,
    "aiida.cmdline.utils.query.calculation": "an empty path of old versions; the class is in `aiida.tools.query.calculation`",
    "aiida.engine.processes.control.pause_processes.wait=": _NEITHER,
    "aiida.orm.Computer.name=": _NEITHER,
    "aiida.orm.FolderData.put_object_from_filelike.mode=": _NEITHER,
    "aiida.orm.Node.store.*": _NEITHER,
    "aiida.orm.SinglefileData.get_content.decompress=": "of a subclass in aiida-cusp",
    "aiida.orm.StructureData._internal_kind_tags": _PRIVATE,
    "aiida.orm.nodes.node.Node.MutableNodeFields.*": "fields of a model; 2.9.4 does not give them by attribute either",
    "aiida.schedulers.datastructures.JobTemplateCodeInfo.cmdline_params": _SCAN,
    "aiida.schedulers.plugins.slurm._TIME_REGEXP": _PRIVATE,
    "aiida.tools.GroupPath.*_cache=": "of a subclass in aiida-grouppathx",
    "aiida.tools.dbimporters.*": _IMPORTERS,
    "aiida.transports.Transport.listdir*.recursive=": "of a subclass in aiida-firecrest",
    "cli.verdi archive *": _ARCHIVE,
    "cli.verdi restapi": "the web part is not built yet",
    "entry-point-group.aiida.cmdline": _NEITHER,
    "entry-point-group.aiida.tests": _NEITHER,
    "entry-point-group:aiida.calculations.aiida.orm.calculation.job.JobCalculation": _NEITHER,
    "entry-point:DbImporterFactory.cod": _IMPORTERS,
    "plumpy.RemoteProcessThreadController.continue_process*": "the controller of a manager has it; the name of plumpy's class stands for that",
    "plumpy.Waiting*": _FOREIGN,
    "plumpy.base.state_machine.State.create_state": _FOREIGN,
    "cli.verdi node graph generate": _GRAPH,
    "cli.verdi *setup": _OLD,
    "plumpy.Process.result": _OWN,
    "plumpy.Process.run": "of process classes with a `run` of their own, which the engine hosts; the base class has none",
    "aiida.tools.archive.*": _ARCHIVE,
    "aiida.tools.Graph*": _GRAPH,
    "aiida.tools.visualization*": _GRAPH,
}


def accepts(callable_: Any, keyword: str) -> bool:
    """Whether something can be called with this keyword."""
    function = callable_.__func__ if isinstance(callable_, classmethod | staticmethod) else callable_
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True  # of C: cannot be asked
    return keyword in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def look_path(place: str, symbol: str) -> bool:
    find(f"{place}.{symbol}" if symbol else place)
    return True


def look_member(place: str, symbol: str) -> bool:
    find(f"{place}.{symbol}")
    return True


def look_base(place: str, symbol: str) -> bool:
    outer, _, name = place.rpartition(".")
    return inspect.isclass(find(place)) or inspect.isclass(getattr(find(outer), name, None))  # some are made when they are asked for


def look_keyword(place: str, symbol: str) -> bool:
    return accepts(find(place), symbol.rstrip("="))


def look_entry_point_base(place: str, symbol: str) -> bool:
    return not symbol.startswith("aiida.") or inspect.isclass(find(symbol))


def look_entry_point_group(place: str, symbol: str) -> bool:
    from aiida.plugins.groups import GROUPS

    return symbol in GROUPS or not symbol.startswith("aiida.")


def look_entry_point(place: str, symbol: str) -> bool:
    return find(f"aiida.plugins.{place.partition(':')[2]}")(symbol) is not None


def look_option(place: str, symbol: str) -> bool:
    from aiida.engine import CalcJob

    ports: Any = CalcJob.spec().inputs["metadata"]
    return symbol.startswith("(") or symbol in (ports if place == "metadata" else ports["options"])


def look_fixture(place: str, symbol: str) -> bool:
    modules = [find("aiida.tools.pytest_fixtures"), find("aiida.manage.tests.pytest_fixtures")]
    return any(hasattr(module, symbol) for module in modules)


def look_command(place: str, symbol: str) -> bool:
    from aiida.cmdline.commands.cmd_verdi import verdi

    command: Any = verdi
    for word in symbol.replace("(group)", "").split()[1:]:
        command = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
        if command is None:
            return False
    return True


_BY_NAME = ("aiida.orm", "aiida.engine", "aiida.parsers", "aiida.plugins", "aiida.repository", "aiida.common", "aiida.schedulers")


def look_by_name(place: str, symbol: str) -> bool:
    """A member of something public: the class could not be told from the code of the package."""
    for module in map(find, _BY_NAME):
        for name in module.__all__:
            thing = getattr(module, name, None)
            if inspect.isclass(thing) and (hasattr(thing, symbol) or symbol in getattr(thing, "_default_fields", ())):
                return True
    return hasattr(find("aiida.orm.nodes.node.NodeBase"), symbol)


LOOK: dict[str, Callable[[str, str], bool]] = {
    "class": look_path,
    "exception": look_path,
    "function": look_path,
    "constant": look_path,
    "module": look_path,
    "star-import": lambda place, symbol: look_path(place, ""),
    "pytest-plugin": lambda place, symbol: look_path(place, ""),
    "attribute": look_member,
    "override": look_member,
    "base-class": look_base,
    "keyword": look_keyword,
    "entry-point-base": look_entry_point_base,
    "entry-point-group": look_entry_point_group,
    "entry-point-name": look_entry_point,
    "entry-point-name-without-core-prefix": look_entry_point,
    "option-key": look_option,
    "metadata-key": look_option,
    "fixture": look_fixture,
    "cli": look_command,
    "attribute-by-name": look_by_name,
}
ROWS = [tuple(line.split("\t")) for line in read("surface.txt")]


def test_every_kind_is_looked_at() -> None:
    """No kind of row is passed over in silence."""
    assert {kind for kind, _, _ in ROWS} == set(LOOK) and len(ROWS) > 1000


@pytest.mark.filterwarnings("ignore")
def test_paths_and_members_are_there_but_for_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is in the table, and what is in the table is missing. The names of plumpy come with a distribution of their own."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "compat" / "aiida-core" / "src"))
    missing: set[str] = set()
    for kind, place, symbol in ROWS:
        try:
            there = LOOK[kind](place, symbol)
        except (AttributeError, ImportError, EntryPointError, click.UsageError):
            there = False
        if not there:
            missing.add(".".join(filter(None, [place, symbol])))
    wrong = compare(missing, MISSING)
    assert not wrong, "\n".join(wrong)
