"""What AiiDA's public documentation shows, in our own words with the calls that it documents, really runs.

The table says which page each comes from. No text or code of those pages is here: only the calls and what they are said to do.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aiida import orm
from aiida.common.exceptions import NotExistent
from aiida.engine import calcfunction, run, run_get_node, run_get_pk, submit, workfunction
from tests.docs import examples
from tests.docs.conftest import invoke
from tests.docs.examples import ArithmeticAdd, FanOut, FizzBuzz, Horner, Outer, Persistent

pytestmark = pytest.mark.xdist_group("public_documentation")  # one profile and one daemon for all
PAGES = "https://aiida.readthedocs.io/projects/aiida-core/en/stable/"


class Example(NamedTuple):
    """One thing that a page shows."""

    page: str
    calls: str
    test: str


EXAMPLES = (
    Example("topics/processes/usage.html", "run, run_get_node, run_get_pk, inputs as keywords or dictionary", "test_launch_in_three_forms"),
    Example("topics/processes/usage.html", "submit; submit(wait=True, wait_interval=)", "test_submit_and_wait"),
    Example("topics/processes/usage.html", "get_builder, builder in run and submit, namespaces", "test_builders"),
    Example("topics/processes/usage.html", "exit_code, exit_status, exit_message, format", "test_exit_codes_of_work_chains"),
    Example("topics/processes/usage.html", "serializer=to_aiida_type; default lambdas", "test_serialisation"),
    Example("topics/processes/usage.html", "validator of a port and of a namespace; dynamic namespaces", "test_validation_and_dynamic_namespaces"),
    Example("topics/processes/usage.html", "metadata label, description, store_provenance, call_link_label", "test_metadata"),
    Example("topics/processes/usage.html", "is_finished, is_finished_ok, is_failed, process_state, report", "test_states_of_a_node"),
    Example("topics/processes/usage.html", "verdi process list, report, status, show, pause, play, kill", "test_monitoring_by_commands"),
    Example("topics/processes/functions.html", "signature, defaults, None, *args, **kwargs", "test_signatures_of_functions"),
    Example("topics/processes/functions.html", "type hints, plain Python inputs", "test_type_hints"),
    Example("topics/processes/functions.html", "several outputs, exit codes, exceptions", "test_returns_of_functions"),
    Example("topics/processes/functions.html", "source code, function name, docstrings of ports", "test_provenance_of_functions"),
    Example("topics/processes/functions.html", "methods as process functions", "test_methods_as_functions"),
    Example("topics/calculations/concepts.html", "calcfunction called as a function; get_incoming of the result", "test_calculation_functions"),
    Example("topics/workflows/concepts.html", "workfunction calling calcfunctions", "test_work_functions"),
    Example("topics/workflows/usage.html", "outline with if_, elif_, else_, while_, return_", "test_outlines"),
    Example("topics/workflows/usage.html", "ToContext, to_context, append_, dictionary returned by a step", "test_context"),
    Example("topics/workflows/usage.html", "expose_inputs, expose_outputs, exposed_inputs, exposed_outputs, out_many", "test_exposing"),
    Example("howto/write_workflows.html", "work chain with calculation job, submit to the daemon", "test_multiply_add"),
    Example("howto/workchains_restart.html", "BaseRestartWorkChain, process_handler", "test_restarting"),
    Example("topics/calculations/usage.html", "core.arithmetic.add: builder, options, outputs, res", "test_calculation_job"),
    Example("topics/calculations/usage.html", "metadata.dry_run", "test_dry_run"),
    Example("howto/run_codes.html", "load_code, load_computer, code.get_builder", "test_codes"),
    Example("topics/daemon.html", "get_daemon_client, start_daemon, is_daemon_running, get_status, stop_daemon(wait=True)", "test_daemon_client"),
    Example("howto/query.html", "append, filters, project, with_incoming, with_group, order_by, limit, count, all, first, iterall", "test_query_tutorial"),
    Example("topics/database.html", "fields, operators, dictionaries of a query", "test_query_topics"),
    Example("howto/data.html", "organise with groups, extras, load_node, load_group", "test_organising_data"),
    Example("howto/interact.html", "load_profile in a script, temporary profile", "test_scripts"),
    Example("howto/run_workflows.html", "caching switched on for a block", "test_caching"),
)


def test_every_example_has_a_test() -> None:
    """And every test here is in the table."""
    tests = {name for name in globals() if name.startswith("test_")} - {"test_every_example_has_a_test"}
    assert {example.test for example in EXAMPLES} == tests


@pytest.fixture
def code(profile: Path) -> orm.InstalledCode:
    """bash on this machine, for `core.arithmetic.add`."""
    try:
        return orm.load_code("add@localhost")
    except NotExistent:
        computer = orm.load_computer("localhost")
        made = orm.InstalledCode(label="add", computer=computer, filepath_executable="/bin/bash", default_calc_job_plugin="core.arithmetic.add")
        return made.store()


@pytest.fixture(scope="module")
def daemon(presto: Path) -> Any:
    """A daemon as the documentation starts it."""
    from aiida.engine import get_daemon_client
    from aiida.manage.configuration import load_profile

    load_profile("presto", allow_switch=True)
    client = get_daemon_client()
    client.start_daemon()
    yield client
    if client.is_daemon_running:
        client.stop_daemon(wait=True)


# --- launching -----------------------------------------------------------------------------------------------------


def test_launch_in_three_forms(profile: Path) -> None:
    """The results; with the node; with its key. Inputs by keyword or as a dictionary."""
    assert run(Horner, x=orm.Int(1), y=orm.Int(2), z=orm.Int(3))["result"].value == 9
    outcome = run_get_node(Horner, x=orm.Int(1), y=orm.Int(2), z=orm.Int(3))
    assert outcome.result["result"] == 9 and outcome.node.is_finished_ok
    results, pk = run_get_pk(Horner, {"x": orm.Int(1), "y": orm.Int(2)})
    assert results["result"] == 3 and orm.load_node(pk).process_label == "Horner"
    result, node = run.get_node(examples.plus, x=orm.Int(4), y=orm.Int(5))
    assert result == 9 and node.outputs.result.uuid == result.uuid
    assert examples.plus.run_get_node(orm.Int(1), orm.Int(2))[0] == 3 and run.get_pk(examples.plus, x=1, y=2).pk


def test_submit_and_wait(profile: Path, daemon: Any) -> None:
    """A submitted process is run by the daemon; `wait` returns when it has ended."""
    node = submit(Horner, x=orm.Int(1), y=orm.Int(2))
    assert isinstance(node, orm.WorkChainNode) and node.is_stored
    waited = submit(Horner, {"x": orm.Int(2), "y": orm.Int(2)}, wait=True, wait_interval=0.1)
    assert waited.is_finished_ok and waited.outputs.result == 4
    builder = Horner.get_builder()
    builder.x, builder.y = orm.Int(7), orm.Int(1)
    assert submit(builder, wait=True, wait_interval=0.1).outputs.result.value == 8


def test_builders(profile: Path, code: Any) -> None:
    """Inputs are checked when they are set; a builder can be run."""
    builder = Horner.get_builder()
    builder.x = orm.Int(1)
    builder.y = 2  # serialised when it is set
    with pytest.raises(ValueError):
        builder.z = orm.Str("no number")
    builder.metadata.label = "by a builder"
    results, node = run_get_node(builder)
    assert results["result"] == 3 and node.label == "by a builder"
    job = ArithmeticAdd.get_builder()
    job.metadata.options.resources = {"num_machines": 1}
    job.metadata.options.max_wallclock_seconds = 1800
    assert job.metadata.options["max_wallclock_seconds"] == 1800
    with pytest.raises(AttributeError):
        job.unknown = orm.Int(1)
    again = node.get_builder_restart()
    assert again.x.uuid == builder.x.uuid and run(again)["result"] == 3


def test_exit_codes_of_work_chains(profile: Path) -> None:
    """An exit code ends the process; a message may have fields."""
    _, node = run_get_node(Horner, x=orm.Int(-1), y=orm.Int(-2))
    assert (node.exit_status, node.exit_message, node.is_failed) == (410, "the result is negative", True)
    assert node.exit_code == Horner.exit_codes.ERROR_NEGATIVE and node.exit_code.status == 410
    _, node = run_get_node(Horner, x=orm.Int(1000), y=orm.Int(1))
    assert node.exit_message == "the result 1001 is above 1000" and node.is_finished and not node.is_finished_ok


def test_serialisation(profile: Path) -> None:
    """Plain values become nodes by `to_aiida_type`; a default is made anew for each process."""
    results, node = run_get_node(Horner, x=1, y=2)
    assert isinstance(node.inputs.x, orm.Int) and results["result"] == 3 and node.inputs.z == 1
    made = [orm.to_aiida_type(value) for value in (True, 1, 1.5, "a", [1], {"a": 1})]
    assert [type(value) for value in made] == [orm.Bool, orm.Int, orm.Float, orm.Str, orm.List, orm.Dict]
    with pytest.raises(ValueError):
        run(Horner, x="one", y=2)


def test_validation_and_dynamic_namespaces(profile: Path) -> None:
    """A validator returns what is wrong; a dynamic namespace takes any name."""
    from aiida.engine import WorkChain

    class Checked(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.input("positive", valid_type=orm.Int, validator=lambda node, port: None if node.value > 0 else "it is not positive")
            spec.input_namespace("numbers", dynamic=True, valid_type=orm.Int)
            spec.inputs.validator = lambda inputs, port: "too many" if len(inputs.get("numbers", {})) > 2 else None
            spec.output_namespace("doubled", dynamic=True, valid_type=orm.Int)
            spec.outline(cls.double)

        def double(self) -> None:
            self.out("doubled", {name: (node * 2).store() for name, node in self.inputs.numbers.items()})

    results = run(Checked, positive=orm.Int(1), numbers={"a": orm.Int(1), "b": orm.Int(2)})
    assert results["doubled"]["b"] == 4
    with pytest.raises(ValueError, match="it is not positive"):
        run(Checked, positive=orm.Int(-1))
    with pytest.raises(ValueError, match="too many"):
        run(Checked, positive=orm.Int(1), numbers={name: orm.Int(1) for name in "abc"})


def test_metadata(profile: Path) -> None:
    """Label and description go to the node; without provenance nothing is stored."""
    _, node = run_get_node(examples.plus, x=orm.Int(1), y=orm.Int(1), metadata={"label": "one", "description": "and one"})
    assert (node.label, node.description) == ("one", "and one")
    result, node = run_get_node(examples.plus, x=orm.Int(1), y=orm.Int(1), metadata={"store_provenance": False})
    assert result == 2 and not node.is_stored

    @workfunction
    def named(x: orm.Int) -> orm.Int:
        return examples.plus(x, x, metadata={"call_link_label": "the_sum"})

    _, node = run_get_node(named, x=orm.Int(1))
    assert node.base.links.get_outgoing(link_label_filter="the_sum").one().node.process_label == "plus"


def test_states_of_a_node(profile: Path) -> None:
    """What can be asked of a process node, and its report."""
    from aiida.cmdline.utils.common import get_workchain_report
    from aiida.engine import ProcessState

    _, node = run_get_node(Horner, x=1, y=2)
    assert node.process_state == ProcessState.FINISHED and node.is_terminated and node.is_finished_ok and node.is_sealed
    assert not (node.is_failed or node.is_excepted or node.is_killed) and node.exit_status == 0
    assert "the product is 3" in get_workchain_report(node, "REPORT")
    with pytest.raises(TypeError):
        run(examples.plus, x=orm.Int(1), y=orm.Str("x"))
    qb = orm.QueryBuilder().append(orm.CalcFunctionNode, tag="node").order_by({"node": {"id": "desc"}})
    failed = qb.first(flat=True)
    assert failed.is_excepted and "TypeError" in failed.exception


def test_monitoring_by_commands(profile: Path, daemon: Any) -> None:
    """list, report, status, show; pause, play and kill of what has not ended."""
    node = submit(Horner, x=orm.Int(5), y=orm.Int(6), wait=True, wait_interval=0.1)
    listed = invoke("process", "list", "-a", "-p", "1")
    assert all(word in listed for word in ("PK", "Created", "Process label", "Process State", str(node.pk), "Horner", "Finished [0]"))
    assert str(node.pk) not in invoke("process", "list", "--raw", "-P", "pk").split()
    assert invoke("process", "list", "-a", "-S", "finished", "-E", "0", "--raw", "-P", "pk", "process_label").count("Horner") >= 1
    assert "the product is 11" in invoke("process", "report", str(node.pk))
    status = invoke("process", "status", str(node.pk))
    assert "Horner" in status and "plus" in status and "times" in status
    shown = invoke("process", "show", str(node.pk))
    assert all(word in shown for word in ("Inputs", "Outputs", "result", "Called"))
    daemon.stop_daemon(wait=True)
    waiting = submit(Horner, x=orm.Int(1), y=orm.Int(1))
    invoke("process", "pause", str(waiting.pk))
    assert orm.load_node(waiting.pk).paused
    invoke("process", "play", str(waiting.pk))
    invoke("process", "kill", str(waiting.pk))
    assert orm.load_node(waiting.pk).is_killed
    daemon.start_daemon()


# --- process functions ----------------------------------------------------------------------------------------------


def test_signatures_of_functions(profile: Path) -> None:
    """Positional and keyword arguments, defaults, None, and as many as one likes."""

    @calcfunction
    def line(a, x, b=None):
        return a * x if b is None else a * x + b

    assert line(orm.Int(2), orm.Int(3)) == 6 and line(x=orm.Int(3), a=orm.Int(2), b=orm.Int(1)) == 7

    @calcfunction
    def add_up(*numbers):
        return orm.Int(sum(number.value for number in numbers))

    @calcfunction
    def average(**numbers):
        return orm.Float(sum(number.value for number in numbers.values()) / len(numbers))

    _, node = add_up.run_get_node(orm.Int(1), orm.Int(2), orm.Int(3))
    assert node.outputs.result == 6 and len(node.base.links.get_incoming().all()) == 3
    _, node = run_get_node(average, one=orm.Int(1), two=orm.Int(2))
    assert node.outputs.result == 1.5 and node.inputs.one == 1


def test_type_hints(profile: Path) -> None:
    """A hint is the type of the port; plain values are turned into nodes."""

    @calcfunction
    def add(x: int, y: float = 1.0) -> orm.Float:
        return x + y

    _, node = run_get_node(add, x=1, y=2.5)
    assert isinstance(node.inputs.x, orm.Int) and node.outputs.result == 3.5
    with pytest.raises(ValueError):
        add(x="one")

    @calcfunction
    def either(x: orm.Int | orm.Str):
        return orm.Str(f"{x.value}!")

    assert either(orm.Int(1)) == "1!" and either("a") == "a!"


def test_returns_of_functions(profile: Path) -> None:
    """A dictionary gives several outputs; an exit code a failure; an exception goes through."""
    from aiida.engine import ExitCode

    @calcfunction
    def divide(x, y):
        if y.value == 0:
            return ExitCode(300, "division by zero")
        if y.value < 0:
            raise ArithmeticError("negative")
        return {"quotient": orm.Int(x.value // y.value), "rest": orm.Int(x.value % y.value)}

    results, node = divide.run_get_node(orm.Int(7), orm.Int(2))
    assert (results["quotient"], node.outputs.rest) == (3, 1)
    _, node = divide.run_get_node(orm.Int(7), orm.Int(0))
    assert node.is_failed and (node.exit_status, node.exit_message) == (300, "division by zero")
    with pytest.raises(ArithmeticError):
        divide(orm.Int(7), orm.Int(-1))


def test_provenance_of_functions(profile: Path) -> None:
    """Name, source and help are kept."""

    @calcfunction
    def described(x: orm.Int) -> orm.Int:
        """Say the same.

        :param x: what is said.
        """
        return orm.Int(x.value)

    _, node = run_get_node(described, x=orm.Int(1))
    assert node.function_name == "described" and node.process_label == "described"
    assert "def described" in node.get_function_source_code()
    assert described.spec().inputs["x"].help == "what is said."


def test_methods_as_functions(profile: Path) -> None:
    """A static method of a work chain may be a calculation function."""
    from aiida.engine import WorkChain

    class Holder(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.input("x", valid_type=orm.Int)
            spec.output("sum", valid_type=orm.Int)
            spec.outline(cls.work)

        @staticmethod
        @calcfunction
        def add_one(x):
            return x + 1

        def work(self) -> None:
            self.out("sum", self.add_one(self.inputs.x))

    assert run(Holder, x=orm.Int(1))["sum"] == 2


def test_calculation_functions(profile: Path) -> None:
    """Calling it is running it; the result knows where it comes from."""
    total = examples.plus(orm.Int(1), orm.Int(2))
    product = examples.times(total, orm.Int(3))
    assert product == 9 and product.creator.process_label == "times"
    assert product.creator.inputs.x.uuid == total.uuid
    assert {entry.link_label for entry in product.creator.base.links.get_incoming()} == {"x", "y"}


def test_work_functions(profile: Path) -> None:
    """They call, and return what was created."""
    result, node = examples.plus_then_times.run_get_node(orm.Int(1), orm.Int(2), orm.Int(3))
    assert result == 9 and [called.process_label for called in node.called] == ["plus", "times"]
    assert result.creator.caller.uuid == node.uuid and isinstance(node, orm.WorkFunctionNode)


# --- work chains -------------------------------------------------------------------------------------------------------


def test_outlines(profile: Path) -> None:
    """Branches, loops, and an early return."""
    expected = ["fizzbuzz" if i % 15 == 0 else "fizz" if i % 3 == 0 else "buzz" if i % 5 == 0 else i for i in range(1, 17)]
    assert run(FizzBuzz, upto=orm.Int(16))["words"].get_list() == expected
    _, node = run_get_node(FizzBuzz, upto=orm.Int(13))
    assert node.exit_status == 418 and "words" not in node.outputs


def test_context(profile: Path, daemon: Any) -> None:
    """Children are awaited; the context holds them afterwards."""
    results, node = run_get_node(FanOut, count=orm.Int(3))
    assert results["total"] == 1 + 2 + 3 + 10 + 20 and len(node.called) == 5
    assert submit(FanOut, count=orm.Int(2), wait=True, wait_interval=0.1).outputs.total == 33


def test_exposing(profile: Path) -> None:
    """Ports of another process in a namespace; its outputs are taken over."""
    results, node = run_get_node(Outer, x=orm.Int(0), first={"x": orm.Int(1), "y": orm.Int(2), "z": orm.Int(3)})
    assert results["result"] == 9 and results["first"]["result"] == 9
    assert node.inputs.first.y == 2 and node.called[0].process_label == "Horner"
    assert "x" not in Outer.spec().inputs["second"] and "y" in Outer.spec().inputs["second"]


def test_multiply_add(profile: Path, code: Any, daemon: Any) -> None:
    """The example that is shipped, here and by the daemon."""
    from aiida.plugins import WorkflowFactory

    multiply_add = WorkflowFactory("core.arithmetic.multiply_add")
    builder = multiply_add.get_builder()
    builder.code, builder.x, builder.y, builder.z = code, orm.Int(2), orm.Int(3), orm.Int(5)
    results, node = run.get_node(builder)
    assert results["result"] == 11 and node.is_finished_ok
    done = submit(builder, wait=True, wait_interval=0.1)
    assert done.outputs.result == 11
    assert {child.process_label for child in done.called} == {"multiply", "ArithmeticAddCalculation"}


def test_restarting(profile: Path, code: Any) -> None:
    """A handler mends the inputs of a failed job, which is then run again."""
    _, node = run_get_node(Persistent, add={"code": code, "x": orm.Int(1), "y": orm.Int(-5)})
    assert node.is_finished_ok and node.outputs.sum == 6 and len(node.called) == 2
    assert [child.exit_status for child in node.called] == [410, 0]


# --- jobs ------------------------------------------------------------------------------------------------------------


def test_calculation_job(profile: Path, code: Any, daemon: Any) -> None:
    """Options, outputs, files."""
    builder = code.get_builder()
    builder.x, builder.y = orm.Int(4), orm.Int(6)
    builder.metadata.options.withmpi = False
    results, node = run.get_node(builder)
    assert results["sum"] == 10 and isinstance(node, orm.CalcJobNode)
    assert node.get_option("withmpi") is False and node.computer.label == "localhost"
    assert "aiida.out" in node.outputs.retrieved.base.repository.list_object_names()
    assert isinstance(node.outputs.remote_folder, orm.RemoteData) and Path(node.outputs.remote_folder.get_remote_path()).is_dir()
    assert "aiida.in" in node.base.repository.list_object_names()
    done = submit(builder, wait=True, wait_interval=0.1)
    assert done.outputs.sum == 10
    assert "10" in invoke("calcjob", "outputcat", str(done.pk)) and "_aiidasubmit.sh" in invoke("calcjob", "inputls", str(done.pk))
    _, negative = run.get_node(ArithmeticAdd, code=code, x=orm.Int(1), y=orm.Int(-3))
    assert negative.exit_status == 410


def test_dry_run(profile: Path, code: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The input files, in a folder to look at; nothing is stored."""
    monkeypatch.chdir(tmp_path)
    builder = ArithmeticAdd.get_builder()
    builder.code, builder.x, builder.y = code, orm.Int(1), orm.Int(2)
    builder.metadata.dry_run = True
    builder.metadata.store_provenance = False
    results, node = run.get_node(builder)
    folder = Path(node.dry_run_info["folder"])
    assert results == {} and not node.is_stored
    assert folder.parent == tmp_path / "submit_test" and (folder / node.dry_run_info["script_filename"]).is_file()


def test_codes(profile: Path, code: Any) -> None:
    """Found by label, with or without the computer."""
    assert orm.load_code("add@localhost").uuid == orm.load_code("add").uuid == code.uuid
    assert orm.load_computer("localhost").is_configured
    assert code.get_builder().process_class is ArithmeticAdd
    assert "add@localhost" in invoke("code", "list")


# --- the daemon ---------------------------------------------------------------------------------------------------------


def test_daemon_client(profile: Path, daemon: Any) -> None:
    """Start, ask, stop, from Python."""
    from aiida.engine.daemon.client import get_daemon_client

    client = get_daemon_client()
    assert client.is_daemon_running and client.get_daemon_pid()
    assert client.get_status()["pid"] == client.get_daemon_pid()
    assert client.get_worker_info()
    client.stop_daemon(wait=True)
    assert not client.is_daemon_running
    client.start_daemon()
    assert client.is_daemon_running
    client.restart_daemon()
    assert client.is_daemon_running


# --- data and queries ----------------------------------------------------------------------------------------------------


def test_query_tutorial(profile: Path, code: Any) -> None:
    """From all nodes to chains of relations."""
    group = orm.Group(label="tutorial").store()
    for x in range(5):
        result, node = run.get_node(examples.plus, x=orm.Int(x), y=orm.Int(100))
        node.base.extras.set("tutorial", True)
        group.add_nodes([node, result])
    qb = orm.QueryBuilder()
    qb.append(orm.Node)
    assert qb.count() >= 15 and isinstance(qb.first(flat=True), orm.Node)
    qb = orm.QueryBuilder()
    qb.append(orm.Group, filters={"label": "tutorial"}, tag="group")
    qb.append(orm.CalcFunctionNode, with_group="group", tag="function", project=["id", "attributes.process_label"])
    qb.append(orm.Int, with_incoming="function", tag="result", project="attributes.value", filters={"attributes.value": {">=": 101, "<": 104}})
    qb.order_by({"result": [{"attributes.value": {"order": "desc", "cast": "i"}}]})
    assert [row[-1] for row in qb.all()] == [103, 102, 101] and qb.first()[1] == "plus"
    qb.limit(2)
    qb.offset(1)
    assert [row[-1] for row in qb.iterall()] == [102, 101]
    qb = orm.QueryBuilder()
    qb.append(orm.Int, filters={"attributes.value": 104}, tag="result")
    qb.append(orm.CalcFunctionNode, with_outgoing="result", filters={"extras": {"has_key": "tutorial"}}, project="uuid")
    assert len(qb.all(flat=True)) == 1
    qb = orm.QueryBuilder()
    qb.append(orm.CalcFunctionNode, filters={"or": [{"label": {"like": "none%"}}, {"extras.tutorial": True}]}, project="*")
    assert {node.process_label for (node,) in qb.iterall()} == {"plus"}
    qb = orm.QueryBuilder()
    qb.append(orm.Computer, filters={"label": "localhost"}, tag="computer", project="label")
    qb.append(orm.InstalledCode, with_computer="computer", project="label")
    assert ["localhost", "add"] in qb.all()
    qb = orm.QueryBuilder()
    qb.append(orm.User, tag="user", project="email")
    qb.append(orm.Node, with_user="user", filters={"id": group.nodes[0].pk})
    assert qb.one()[0] == orm.User.collection.get_default().email


def test_query_topics(profile: Path) -> None:
    """Fields as filters, negations, ancestors and descendants, a query as a dictionary."""
    x = orm.Int(41, label="start").store()
    end = examples.times(examples.plus(x, orm.Int(1)), orm.Int(2))
    qb = orm.QueryBuilder().append(orm.Int, filters=orm.Int.fields.label == "start", project=[orm.Int.fields.uuid])
    assert qb.all(flat=True) == [x.uuid]
    qb = orm.QueryBuilder().append(orm.Int, filters={"uuid": x.uuid}, tag="x").append(orm.Data, with_ancestors="x", project="id")
    assert end.pk in qb.all(flat=True)
    qb = orm.QueryBuilder().append(orm.Data, filters={"uuid": end.uuid}, tag="end").append(orm.ProcessNode, with_descendants="end", project="attributes.process_label")
    assert sorted(qb.all(flat=True)) == ["plus", "times"]
    qb = orm.QueryBuilder().append(orm.Int, filters={"and": [{"label": {"!==": "other"}}, {"label": {"in": ["start", "other"]}}]}, project=["label"])
    again = orm.QueryBuilder.from_dict(qb.as_dict())
    assert again.dict() == [{next(iter(qb.dict()[0])): {"label": "start"}}] and again.as_dict() == qb.as_dict()
    qb = orm.QueryBuilder().append(orm.Node, tag="source", project="id").append(orm.Node, with_incoming="source", edge_project=["label", "type"], filters={"uuid": end.uuid})
    assert qb.one()[1:] == ["result", "create"]


def test_organising_data(profile: Path) -> None:
    """Groups, extras, loading."""
    node = orm.Dict({"a": {"b": 1}}, label="mine").store()
    group, created = orm.Group.collection.get_or_create(label="of/mine")
    group.add_nodes(node)
    assert created and group.count() == 1 and orm.load_group("of/mine").nodes[0].uuid == node.uuid
    node.base.extras.set_many({"checked": True, "rank": 3})
    assert orm.load_node(node.pk).base.extras.all["rank"] == 3 and orm.load_node(label="mine").pk == node.pk
    assert orm.load_node(node.uuid[:13]).get_dict() == {"a": {"b": 1}} and node["a"]["b"] == 1
    group.remove_nodes([node])
    assert group.is_empty


def test_scripts(profile: Path, tmp_path: Path) -> None:
    """A script loads a profile by itself, or makes one that lives as long as it does; `verdi run` loads it for the script."""
    import subprocess

    script = tmp_path / "script.py"
    script.write_text("from aiida import load_profile, orm\nprofile = load_profile()\nprint(profile.name, orm.Int(3).store().is_stored)\n")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["presto", "True"]
    script.write_text(
        "from aiida import load_profile, orm\nfrom aiida.storage.sqlite_temp import SqliteTempBackend\n"
        "load_profile(SqliteTempBackend.create_profile('for-now'))\nprint(orm.QueryBuilder().append(orm.Node).count())\n"
    )
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0"]
    script.write_text("import sys\nfrom aiida import orm\nprint(orm.Str(sys.argv[1]).store().value)\n")
    verdi = shutil.which("verdi", path=environment["PATH"]) or "verdi"
    done = subprocess.run([verdi, "run", str(script), "hello"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["hello"]


def test_caching(profile: Path, code: Any) -> None:
    """With caching on, an equal job is not run again."""
    from aiida.manage.caching import disable_caching, enable_caching

    inputs = {"code": code, "x": orm.Int(8), "y": orm.Int(9)}
    _, first = run_get_node(ArithmeticAdd, **inputs)
    with enable_caching(identifier="aiida.calculations:core.arithmetic.add"):
        _, second = run_get_node(ArithmeticAdd, **inputs)
    with disable_caching():
        _, third = run_get_node(ArithmeticAdd, **inputs)
    assert second.base.caching.get_cache_source() == first.uuid and second.outputs.sum == 17
    assert second.base.caching.is_created_from_cache and not third.base.caching.is_created_from_cache
