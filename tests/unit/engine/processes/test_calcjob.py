"""The class that job plugins subclass: what it refuses, what it puts on the node, and what it writes before the upload."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.calculations.arithmetic.add import ArithmeticAddCalculation
from aiida.common.exceptions import InvalidOperation
from aiida.common.folders import SandboxFolder
from aiida.common.slots import current_store
from aiida.engine import CalcJob
from aiida.engine.processes.calcjobs.options import OPTIONS
from aiida.storage.sqlite_temp.backend import SqliteTempBackend


class Bare(CalcJob):
    """Declares nothing of its own."""


@pytest.fixture(scope="module")
def store() -> Iterator[Any]:
    backend = SqliteTempBackend(SqliteTempBackend.create_profile("calcjob"))
    with current_store.override(backend):
        yield backend
    backend.close()


@pytest.fixture(scope="module")
def computer(store: Any, tmp_path_factory: Any) -> Any:
    made = orm.Computer(
        "here",
        "localhost",
        transport_type="core.local",
        scheduler_type="core.direct",
        workdir=str(tmp_path_factory.mktemp("w")),
    )
    made.set_default_mpiprocs_per_machine(1)
    return made.store()


@pytest.fixture(scope="module")
def code(computer: Any) -> Any:
    return orm.InstalledCode(label="bash", computer=computer, filepath_executable="/bin/bash").store()


def make(code: Any, **options: Any) -> Any:
    computer = options.pop("computer", None)
    metadata: dict[str, Any] = {
        "options": {"resources": {"num_machines": 1}, **options},
        **({"computer": computer} if computer else {}),
    }
    return Bare._create({**({"code": code} if code else {}), "metadata": metadata})


def test_every_option_of_the_table_is_a_port() -> None:
    ports = CalcJob.spec_options
    assert {option.name for option in OPTIONS} | {"stash", "unstash"} == set(ports)
    assert all(ports[option.name].help for option in OPTIONS) and ports["resources"].required


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parser_name": "nope"}, "inputs.metadata.options.parser_name': invalid parser specified: "),
        (
            {"additional_retrieve_list": ["/a"]},
            "`additional_retrieve_list` should only contain relative filepaths but got: ['/a']",
        ),
        (
            {"additional_retrieve_list": [("a", "b")]},
            "`additional_retrieve_list` should only contain relative filepaths",
        ),
        (
            {"stash": {"source_list": ["a"]}},
            "`metadata.options.stash.target_base` should be an absolute filepath, got: None",
        ),
        (
            {"stash": {"target_base": "/s", "source_list": ["/a"]}},
            "should be a list or tuple of relative filepaths, got: ['/a']",
        ),
        (
            {"stash": {"target_base": "/s", "source_list": ["a"], "stash_mode": "x"}},
            "should be a member of aiida.common.datastructures.StashMode, got: x",
        ),
        (
            {"unstash": {"source_list": ["a"]}},
            "should be a member of aiida.common.datastructures.UnstashTargetMode, got: None",
        ),
        ({"withmpi": "yes"}, "value 'withmpi' is not of the right type"),
        (
            {"resources": {"foo": 1}},
            "input `metadata.options.resources` is not valid for the `DirectScheduler` scheduler: ",
        ),
    ],
)
def test_refusals(code: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make(code, **options)
    assert message in str(caught.value)


def test_refusals_about_code_and_computer(code: Any, store: Any, computer: Any) -> None:
    with pytest.raises(ValueError, match="required value was not provided for 'code'"):
        make(None)
    other = orm.Computer(
        "there", "localhost", transport_type="core.local", scheduler_type="core.direct", workdir="/tmp"
    )
    with pytest.raises(ValueError, match="is not stored"):
        make(code, computer=other)
    with pytest.raises(ValueError, match="explicitly defined in `metadata.computer` is different from"):
        make(code, computer=other.store())


@pytest.mark.parametrize(
    ("monitor", "message"),
    [({"entry_point": "nope"}, "nope"), ({}, "entry_point"), ({"entry_point": "core.always_kill", "foo": 1}, "foo")],
)
def test_refusals_of_monitors(code: Any, monitor: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r"inputs.monitors': `monitors.m` is invalid: ") as caught:
        Bare._create(
            {
                "code": code,
                "monitors": {"m": orm.Dict(monitor)},
                "metadata": {"options": {"resources": {"num_machines": 1}}},
            }
        )
    assert message in str(caught.value)


def test_options_are_on_the_node(code: Any, computer: Any) -> None:
    process = make(code, withmpi=True, stash={"target_base": "/s", "source_list": ["a"], "stash_mode": "copy"})
    options = process.node.get_options()
    assert (
        options["withmpi"] is True
        and options["submit_script_filename"] == "_aiidasubmit.sh"
        and "queue_name" not in options
    )
    assert (
        process.options.withmpi is True
        and "queue_name" not in process.options
        and process.node.computer.pk == computer.pk
    )
    assert process.node.get_metadata_inputs()["metadata"]["options"]["withmpi"] is True
    with pytest.raises(InvalidOperation):
        process._run_step()


def test_a18_presubmit_writes_the_folder(code: Any) -> None:
    process = ArithmeticAddCalculation(inputs={"code": code, "x": 1, "y": 2})
    assert process.node.is_stored
    with SandboxFolder() as folder:
        calc_info = process.presubmit(folder)
        assert {".aiida", "aiida.in", "_aiidasubmit.sh"} <= set(folder.get_content_list())
        assert "'/bin/bash' < 'aiida.in' > 'aiida.out'" in Path(folder.get_abs_path("_aiidasubmit.sh")).read_text()
        records = folder.get_subfolder(".aiida")
        assert (
            json.loads(Path(records.get_abs_path("calcinfo.json")).read_text())["uuid"]
            == process.uuid
            == calc_info.uuid
        )
    assert process.node.get_retrieve_list() == ["aiida.out", "_scheduler-stdout.txt", "_scheduler-stderr.txt"]


def test_a19_without_provenance(code: Any) -> None:
    x = orm.Int(1)
    process = ArithmeticAddCalculation(inputs={"code": code, "x": x, "y": 2, "metadata": {"store_provenance": False}})
    assert not process.node.is_stored and not x.is_stored and process._nodes_to_store() == []
    with SandboxFolder() as folder:
        assert process.presubmit(folder).codes_info[0].code_uuid == code.uuid


def test_without_a_parser_outputs_are_not_asked_for(code: Any) -> None:
    process = make(code)
    assert process._finish(process.exit_codes.ERROR_UNSPECIFIED).status == 1
    assert process._finish(type(process.exit_codes.ERROR_UNSPECIFIED)(0)).status == 0
    parsed = ArithmeticAddCalculation._create({"code": code, "x": 1, "y": 2})
    assert parsed._finish(type(process.exit_codes.ERROR_UNSPECIFIED)(0)) == parsed.exit_codes.ERROR_MISSING_OUTPUT


def test_a_job_that_retrieved_nothing(code: Any) -> None:
    process = ArithmeticAddCalculation(inputs={"code": code, "x": 1, "y": 2})
    assert process.parse() == process.exit_codes.ERROR_NO_RETRIEVED_FOLDER


def test_importer_by_the_name_of_the_class() -> None:
    assert type(ArithmeticAddCalculation.get_importer()).__name__ == "ArithmeticAddCalculationImporter"
    with pytest.raises(ValueError, match="could not determine the entry point"):
        Bare.get_importer()
