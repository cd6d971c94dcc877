"""BEHAVIOUR F: calculation jobs and parsers, on this machine by direct execution."""

from __future__ import annotations

import io
import json
import os

import pytest

from aiida import orm
from aiida.calculations.arithmetic.add import ArithmeticAddCalculation
from aiida.common import CalcInfo, CodeInfo, LinkType
from aiida.common.datastructures import CodeRunMode
from aiida.common.exceptions import NotExistent
from aiida.common.exit_code import ExitCode
from aiida.common.folders import SandboxFolder
from aiida.engine import CalcJob, run_get_node
from aiida.engine.processes.calcjobs import plan
from aiida.parsers import Parser
from aiida.parsers.plugins.arithmetic.add import ArithmeticAddParser


class Job(CalcJob):
    """A job that does what its inputs say."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("info", valid_type=dict, non_db=True, required=False)
        spec.input("files", valid_type=dict, non_db=True, required=False)
        spec.input("codes", valid_type=list, non_db=True, required=False)
        spec.input_namespace("nodes", dynamic=True, required=False)

    def prepare_for_submission(self, folder):
        for name, content in (self.inputs.get("files") or {}).items():
            os.makedirs(os.path.dirname(folder.get_abs_path(name)), exist_ok=True)
            with folder.open(name, "w", encoding="utf8") as handle:
                handle.write(content)
        info = CalcInfo()
        info.codes_info = []
        for settings in self.inputs.get("codes") or [{}]:
            code = CodeInfo()
            code.code_uuid = self.inputs.code.uuid
            for key, value in settings.items():
                setattr(code, key, value)
            info.codes_info.append(code)
        for key, value in (self.inputs.get("info") or {}).items():
            setattr(info, key, value)
        return info


@pytest.fixture
def computer(engine, tmp_path):
    label = f"here-{os.urandom(4).hex()}"
    made = orm.Computer(
        label=label, hostname="localhost", transport_type="core.local", scheduler_type="core.direct", workdir=str(tmp_path / "work")
    ).store()
    made.configure(safe_interval=0.0, use_login_shell=False)
    made.set_minimum_job_poll_interval(0.0)
    made.set_default_mpiprocs_per_machine(1)
    return made


@pytest.fixture
def bash(computer):
    return orm.InstalledCode(computer=computer, filepath_executable="/bin/bash", label=f"bash-{os.urandom(4).hex()}").store()


def run(code, options=None, **inputs):
    metadata = {"options": {"resources": {"num_machines": 1}, **(options or {})}}
    return run_get_node(Job, code=code, metadata=metadata, **inputs)


def names(node):
    return sorted(str(path / name) for path, _, files in node.base.repository.walk() for name in files)


def test_f01_what_prepare_for_submission_may_use(bash):
    seen = {}

    class Using(Job):
        def prepare_for_submission(self, folder):
            seen["stored"], seen["uuid"], seen["code"] = self.node.is_stored, self.uuid, self.inputs.code.uuid
            seen["resources"] = self.options.resources
            seen["option"] = self.inputs.metadata.options.get("withmpi")
            with folder.open("in", "w", encoding="utf8") as handle:
                handle.write("true\n")
            sub = folder.get_subfolder("sub", create=True)
            sub.create_file_from_filelike(io.BytesIO(b"x"), "file", "wb")
            folder.insert_path(folder.get_abs_path("in"), "copy")
            seen["list"] = sorted(folder.get_content_list())
            return super().prepare_for_submission(folder)

    metadata = {"options": {"resources": {"num_machines": 1}}}
    _, node = run_get_node(Using, code=bash, metadata=metadata, codes=[{"stdin_name": "in"}])
    assert node.is_finished_ok
    assert seen == {
        "stored": True, "uuid": node.uuid, "code": bash.uuid, "resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}, "option": None,
        "list": ["copy", "in", "sub"],
    }  # fmt: skip
    assert "sub/file" in names(node)


def test_f04_dry_run(bash, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    metadata = {"dry_run": True, "store_provenance": False}
    results, node = run_get_node(ArithmeticAddCalculation, code=bash, x=orm.Int(1), y=orm.Int(2), metadata=metadata)
    assert results == {} and not node.is_stored
    folder = node.dry_run_info["folder"]
    assert os.path.dirname(folder) == str(tmp_path / "submit_test")
    assert {"aiida.in", node.dry_run_info["script_filename"]} <= set(os.listdir(folder))


def test_f02_unset_fields_read_as_none_and_lists_count_as_empty(bash):
    info = CalcInfo()
    assert info.retrieve_list is None and (info.get("retrieve_list", 5), info.get("no_such_field", 6)) == (5, 6)
    with pytest.raises(AttributeError):
        info.no_such_field
    info.something_new = 1
    results, node = run(bash, files={"in": "true"}, codes=[{"stdin_name": "in"}])
    assert node.is_finished_ok and names(results["retrieved"]) == ["_scheduler-stderr.txt", "_scheduler-stdout.txt"]


def test_f03_input_files_in_the_node_and_listed_files_in_retrieved(bash):
    results, node = run(
        bash,
        files={"in": "echo A > a; mkdir -p d/e; echo B > d/e/b; cp secret/s copy", "secret/s": "S"},
        codes=[{"stdin_name": "in"}],
        info={"provenance_exclude_list": ["secret/s"], "retrieve_list": ["a", "missing", ("d/*/b", ".", 2), "copy"]},
    )
    assert node.is_finished_ok
    assert names(node) == [".aiida/calcinfo.json", ".aiida/job_tmpl.json", "_aiidasubmit.sh", "in"]
    assert names(results["retrieved"]) == ["_scheduler-stderr.txt", "_scheduler-stdout.txt", "a", "copy", "e/b"]
    assert node.get_retrieve_list()[2] == ["d/*/b", ".", 2]
    recorded = json.loads(node.base.repository.get_object_content(".aiida/calcinfo.json"))
    assert recorded["uuid"] == node.uuid and recorded["file_copy_operation_order"] == [2, 0, 1]


class Looking(Parser):
    """Notes what it is given."""

    seen: dict = {}

    def parse(self, **kwargs):
        type(self).seen = dict(kwargs)
        folder = kwargs.get("retrieved_temporary_folder")
        type(self).content = open(os.path.join(folder, "big")).read() if folder else None


def test_f03_f07_temporary_files_are_given_to_the_parser_then_gone(bash, monkeypatch):
    monkeypatch.setattr(orm.CalcJobNode, "get_parser_class", lambda self: Looking)
    results, node = run(
        bash, files={"in": "echo BIG > big"}, codes=[{"stdin_name": "in"}], info={"retrieve_temporary_list": ["big"]}
    )
    assert node.is_finished_ok and Looking.content == "BIG\n"
    assert set(Looking.seen) == {"retrieved", "retrieved_temporary_folder"} and isinstance(Looking.seen["retrieved_temporary_folder"], str)
    assert Looking.seen["retrieved"].uuid == results["retrieved"].uuid
    assert not os.path.exists(Looking.seen["retrieved_temporary_folder"]) and "big" not in names(results["retrieved"])
    run(bash, files={"in": "true"}, codes=[{"stdin_name": "in"}])
    assert set(Looking.seen) == {"retrieved"}


def test_f05_without_a_parser_outputs_are_not_missed(bash):
    class Demanding(Job):
        @classmethod
        def define(cls, spec):
            super().define(spec)
            spec.output("result", valid_type=orm.Int)

    metadata = {"options": {"resources": {"num_machines": 1}}}
    _, node = run_get_node(Demanding, code=bash, files={"in": "true"}, codes=[{"stdin_name": "in"}], metadata=metadata)
    assert node.exit_status == 0


def test_local_copies_links_and_order(bash, computer, tmp_path):
    folder = orm.FolderData()
    folder.base.repository.put_object_from_filelike(io.BytesIO(b"F1"), "d/f1")
    folder.base.repository.put_object_from_filelike(io.BytesIO(b"F2"), "f2")
    folder.store()
    single = orm.SinglefileData(io.BytesIO(b"S"), filename="s.dat").store()
    there = tmp_path / "there"
    (there / "x").mkdir(parents=True)
    (there / "x" / "y").write_text("Y")
    (there / "w").write_text("W")
    results, node = run(
        bash,
        files={"in": "find . -path ./.aiida -prune -o -print | sort > list; cat both >> list"},
        codes=[{"stdin_name": "in"}],
        nodes={"folder": folder, "single": single},
        info={
            "local_copy_list": [(folder.uuid, "d", "dd"), (folder.uuid, "f2", "both"), (single.uuid, "s.dat", "new/deep/s"), (folder.uuid, None, "all")],
            "remote_copy_list": [(computer.uuid, str(there / "x"), "."), (computer.uuid, str(there / "w"), "both"), (computer.uuid, str(there / "gone"), ".")],
            "remote_symlink_list": [(computer.uuid, str(there / "w"), "links/w")],
            "retrieve_list": ["list"],
        },
    )  # fmt: skip
    listed = results["retrieved"].base.repository.get_object_content("list").splitlines()
    assert node.is_finished_ok
    assert {"./dd/f1", "./new/deep/s", "./all/d/f1", "./all/f2", "./x/y", "./links/w"} <= set(listed)
    assert listed[-1] == "W"  # sandbox, then nodes, then remote files: the last one stays
    assert os.path.islink(f"{node.get_remote_workdir()}/links/w")
    assert any("Unable to copy remote resource" in log.message for log in orm.Log.collection.get_logs_for(node))


def test_order_and_texts_of_the_script(engine, computer):
    computer.set_prepend_text("echo COMPUTER")
    computer.set_append_text("echo after COMPUTER")
    computer.set_mpirun_command(["mpirun", "-np", "{tot_num_mpiprocs}"])
    code = orm.InstalledCode(
        computer=computer, filepath_executable="/bin/cat", label=os.urandom(4).hex(), prepend_text="echo CODE", append_text="echo after CODE"
    ).store()
    process = Job(inputs={
        "code": code,
        "metadata": {"options": {"resources": {"num_machines": 2}, "prepend_text": "echo OPTION", "append_text": "echo after OPTION",
                                 "withmpi": True, "mpirun_extra_params": ["-x", "it's"], "environment_variables": {"A": "b c"}}},
        "info": {"prepend_text": "echo INFO", "append_text": "echo after INFO"},
        "codes": [{"cmdline_params": ["in"], "stdout_name": "out", "stderr_name": "err"}],
    })  # fmt: skip
    with SandboxFolder() as folder:
        process.presubmit(folder)
        with folder.open("_aiidasubmit.sh", "r") as handle:
            text = handle.read()
    expected = [
        "export A='b c'", "echo COMPUTER", "echo CODE", "echo INFO", "echo OPTION",
        "'mpirun' '-np' '2' '-x' 'it'\"'\"'s' '/bin/cat' 'in'  > 'out' 2> 'err'",
        "echo after OPTION", "echo after INFO", "echo after CODE", "echo after COMPUTER",
    ]  # fmt: skip
    places = [text.index(part) for part in expected]
    assert places == sorted(places)


def test_several_codes_run_all(bash):
    files = {"one": "echo 1 > o1", "two": "echo 2 > o2"}
    codes = [{"cmdline_params": ["one"]}, {"cmdline_params": ["two"]}]
    for mode in (None, CodeRunMode.SERIAL, CodeRunMode.PARALLEL):  # None: one after the other
        results, node = run(bash, files=files, codes=codes, info={"codes_run_mode": mode, "retrieve_list": ["o1", "o2"]})
        assert node.is_finished_ok and {"o1", "o2"} <= set(names(results["retrieved"]))


@pytest.mark.parametrize("by_plugin, by_code, by_option, mpi", [(None, None, None, False), (True, None, None, True), (None, True, True, True), (False, None, None, False)])
def test_who_decides_about_mpi(by_plugin, by_code, by_option, mpi):
    assert plan.decide_mpi(by_plugin, by_code, by_option, "code") is mpi


def test_disagreement_about_mpi_is_an_error():
    with pytest.raises(RuntimeError, match="Inconsistent"):
        plan.decide_mpi(True, False, None, "code")


def test_skip_submit_runs_nothing(bash):
    results, node = run(bash, files={"kept": "K"}, info={"skip_submit": True, "retrieve_list": ["kept"]})
    assert node.is_finished_ok and node.get_job_id() is None
    assert "kept" in names(results["retrieved"])


@pytest.mark.parametrize("x, y, status, total", [(1, 2, 0, 3), (1, -5, 410, -4)])
def test_sums(bash, x, y, status, total):
    results, node = run_get_node(ArithmeticAddCalculation, code=bash, x=orm.Int(x), y=orm.Int(y))
    assert (node.exit_status, results["sum"].value) == (status, total)


def test_monitor_kills_and_results_are_kept(bash):
    inputs = {"code": bash, "x": orm.Int(1), "y": orm.Int(2), "monitors": {"m": orm.Dict({"entry_point": "core.always_kill"})}}
    results, node = run_get_node(ArithmeticAddCalculation, metadata={"options": {"sleep": 60}}, **inputs)
    assert node.exit_status == 150 and "submission script" in node.exit_message
    assert "retrieved" in results


def test_import_of_a_finished_job(bash, computer):
    _, first = run_get_node(ArithmeticAddCalculation, code=bash, x=orm.Int(1), y=orm.Int(2))
    folder = orm.RemoteData(remote_path=first.get_remote_workdir(), computer=computer)
    inputs = ArithmeticAddCalculation.get_importer().parse_remote_data(folder)
    results, node = run_get_node(ArithmeticAddCalculation, code=bash, remote_folder=folder, **inputs)
    assert results["sum"].value == 3 and node.is_imported and node.get_job_id() is None
    assert node.exit_status == 0


@pytest.fixture
def finished(engine, computer):
    """A hand-made node of a job with a retrieved folder."""

    def make(content):
        node = orm.CalcJobNode(computer=computer, process_type="aiida.calculations:core.arithmetic.add")
        node.set_option("output_filename", "aiida.out")
        node.set_option("resources", {"num_machines": 1, "num_mpiprocs_per_machine": 1})
        node.store()
        folder = orm.FolderData()
        if content is not None:
            folder.base.repository.put_object_from_filelike(io.BytesIO(content), "aiida.out")
        folder.base.links.add_incoming(node, LinkType.CREATE, "retrieved")
        folder.store()
        return node

    return make


@pytest.mark.parametrize("content, status, total", [(b"3\n", 0, 3), (b"-3", 410, -3), (b"abc", 320, None), (b"", 320, None), (None, 310, None)])
def test_f06_parse_from_node(finished, content, status, total):
    results, node = ArithmeticAddParser.parse_from_node(finished(content), store_provenance=False)
    assert node.exit_status == status and node.is_finished_ok is (status == 0) and node.is_failed is (status != 0)
    assert ({key: value.value for key, value in results.items()} == ({"sum": total} if total is not None else {}))
    assert not node.is_stored and not any(value.is_stored for value in results.values())


def test_f06_with_provenance_the_results_are_stored(finished):
    results, node = ArithmeticAddParser.parse_from_node(finished(b"3"))
    assert node.is_stored and results["sum"].is_stored and node.base.links.get_outgoing().all_link_labels() == ["sum"]


def test_f08_no_retrieved_folder(engine, computer):
    node = orm.CalcJobNode(computer=computer, process_type="aiida.calculations:core.arithmetic.add").store()
    with pytest.raises(NotExistent):
        ArithmeticAddParser.parse_from_node(node, store_provenance=False)


def test_f08_errors_of_a_parser(finished):
    class Raising(Parser):
        def parse(self, **kwargs):
            raise RuntimeError("mine")

    class Undeclared(Parser):
        def parse(self, **kwargs):
            self.out("no_such_output", orm.Int(1))

    class Returning(Parser):
        def parse(self, **kwargs):
            return "text"

    for parser, kind in ((Raising, RuntimeError), (Undeclared, ValueError), (Returning, AttributeError)):
        with pytest.raises(kind):
            parser.parse_from_node(finished(b"1"), store_provenance=False)


def test_f09_exit_codes_are_those_of_the_class(finished):
    parser = ArithmeticAddParser(finished(b"1"))
    assert parser.exit_codes.ERROR_NEGATIVE_NUMBER == ExitCode(410, "The sum of the operands is a negative number.", False)
    with pytest.raises(AttributeError):
        parser.exit_codes.ERROR_NO_SUCH_THING
    with pytest.raises(ValueError):
        ArithmeticAddParser(orm.CalcJobNode()).exit_codes


def test_f10_warnings_belong_to_the_job(finished):
    class Warning_(Parser):
        def parse(self, **kwargs):
            self.logger.warning("look here")

    node = finished(b"1")
    Warning_.parse_from_node(node, store_provenance=False)
    assert "look here" in [log.message for log in orm.Log.collection.get_logs_for(node)]


def test_f11_parsers_are_made_by_hand(finished, monkeypatch):
    node = finished(b"5")
    monkeypatch.setattr(ArithmeticAddParser, "retrieved", property(lambda self: node.get_retrieved_node()))
    parser = ArithmeticAddParser(node)
    assert parser.parse() is None and parser.outputs["sum"].value == 5


def test_f12_no_results(engine, computer):
    node = orm.CalcJobNode(computer=computer, process_type="aiida.calculations:core.arithmetic.add").store()
    assert node.get_retrieved_node() is None
    with pytest.raises(AttributeError):
        node.res.anything


def test_f13_remote_folder(engine, computer, tmp_path):
    (tmp_path / "remote").mkdir()
    (tmp_path / "remote" / "f").write_text("F")
    remote = orm.RemoteData(remote_path=str(tmp_path / "remote"), computer=computer).store()
    assert remote.listdir() == ["f"] and not remote.is_empty
    remote.getfile("f", str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_text() == "F"
    remote._clean()
    assert remote.is_empty and remote.is_cleaned
    assert not (tmp_path / "remote" / "f").exists()


async def test_a_job_driven_by_hand_step_by_step(engine, bash):
    from aiida.common.exit_code import ExitCode as Code
    from aiida.engine.processes.calcjobs.tasks import Waiting
    from aiida.engine.transports import TransportQueue

    process = ArithmeticAddCalculation(inputs={"code": bash, "x": orm.Int(4), "y": orm.Int(5)})
    queue = TransportQueue()
    process._runner = type("Runner", (), {"transport": queue})()
    state, seen = Waiting(process, None), []
    while isinstance(state, Waiting):
        seen.append(state.data["command"])
        state = await state.execute()
    await queue.pool.close()
    assert seen == ["upload", "submit", "update", "retrieve", "parse"]
    assert state == Code(0) and process.outputs["sum"].value == 9


@pytest.mark.parametrize("mode", ["copy", "tar.gz"])
def test_stash_and_unstash(engine, computer, tmp_path, mode):
    from aiida.plugins import CalculationFactory

    there = tmp_path / "there"
    (there / "sub").mkdir(parents=True)
    (there / "keep").write_text("K")
    (there / "sub" / "deep").write_text("D")
    source = orm.RemoteData(remote_path=str(there), computer=computer).store()
    stash = {"target_base": str(tmp_path / "stash"), "source_list": ["keep", "sub/*"], "stash_mode": mode}
    results, node = run_get_node(
        CalculationFactory("core.stash"), source_node=source, metadata={"computer": computer, "options": {"stash": stash}}
    )
    assert node.is_finished_ok and results["remote_stash"].source_list == ["keep", "sub/*"]
    (there / "keep").unlink()
    for target in ("NewRemoteData", "OriginalPlace"):
        unstash = {"unstash_target_mode": target, "source_list": ["keep", "sub/*"]}
        found, node = run_get_node(
            CalculationFactory("core.unstash"), source_node=results["remote_stash"], metadata={"computer": computer, "options": {"unstash": unstash}}
        )
        assert node.is_finished_ok
        place = str(there) if target == "OriginalPlace" else found["remote_folder"].get_remote_path()
        assert open(f"{place}/keep").read() == "K" and open(f"{place}/sub/deep").read() == "D"


def test_a_stash_of_what_is_missing_ends_in_160(engine, computer, tmp_path):
    from aiida.plugins import CalculationFactory

    (tmp_path / "there").mkdir()
    source = orm.RemoteData(remote_path=str(tmp_path / "there"), computer=computer).store()
    stash = {"target_base": str(tmp_path / "stash"), "source_list": ["none"], "stash_mode": "copy", "fail_on_missing": True}
    _, node = run_get_node(
        CalculationFactory("core.stash"), source_node=source, metadata={"computer": computer, "options": {"stash": stash}}
    )
    assert node.exit_status == 160 and "none" in node.exit_message


def test_transfer(engine, computer, tmp_path):
    from aiida.plugins import CalculationFactory

    transfer = CalculationFactory("core.transfer")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "far").write_text("R")
    folder = orm.FolderData()
    folder.base.repository.put_object_from_filelike(io.BytesIO(b"N"), "a/near")
    sources = {"here": folder.store(), "there": orm.RemoteData(remote_path=str(tmp_path / "there"), computer=computer).store()}
    instructions = orm.Dict({"retrieve_files": True, "local_files": [("here", "a/near", "x/near")], "remote_files": [("there", "far", "far")]})
    results, node = run_get_node(transfer, instructions=instructions, source_nodes=sources, metadata={"computer": computer})
    assert node.is_finished_ok and {"near", "far"} <= set(names(results["retrieved"]))
    for wrong in ({"retrieve_files": 1}, {"retrieve_files": True}, {"retrieve_files": True, "local_files": [("nobody", "a", "b")]}):
        with pytest.raises(ValueError):
            run_get_node(transfer, instructions=orm.Dict(wrong), source_nodes=sources, metadata={"computer": computer})


def test_template(bash):
    from aiida.plugins import CalculationFactory

    template = orm.Dict({"input_file_template": "echo {value}; echo T > temp", "input_file_name": "in", "input_through_stdin": True,
                         "output_file_name": "out", "retrieve_temporary_files": ["temp"]})  # fmt: skip
    results, node = run_get_node(
        CalculationFactory("core.templatereplacer"), code=bash, template=template, parameters=orm.Dict({"value": 5}),
        metadata={"options": {"resources": {"num_machines": 1}}},
    )  # fmt: skip
    assert node.is_finished_ok
    assert results["output_parameters"].get_dict() == {"value": "5\n", "retrieved_temporary_files": [["temp", "T"]]}
