"""BEHAVIOUR E: work chains in a run."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import process_examples as examples
import pytest

from aiida import orm
from aiida.common.extendeddicts import AttributeDict
from aiida.common.links import LinkType
from aiida.common.slots import current_engine
from aiida.engine import (
    ExitCode,
    ProcessState,
    ToContext,
    WorkChain,
    append_,
    calcfunction,
    if_,
    return_,
    run_get_node,
    submit,
    while_,
)
from aiida.engine.processes.control import kill_processes, play_processes
from aiida.engine.runtime.worker import Worker
from aiida.engine.utils import instantiate_process

pytestmark = pytest.mark.usefixtures("engine")
_keys = itertools.count()


def run_steps(*functions: Any, cls: Any = examples.Free, **inputs: Any) -> Any:
    """Run the functions as steps of a work chain; give outputs and node."""
    key = f"steps-{next(_keys)}"
    examples.Free.told[key] = list(functions)
    return run_get_node(cls, key=orm.Str(key), **inputs)


def last_node() -> Any:
    return orm.QueryBuilder().append(orm.WorkChainNode, tag="w").order_by({"w": {"id": "desc"}}).first(flat=True)


def chain(*instructions: Any, **steps: Any) -> type[WorkChain]:
    """Make a work chain class of an outline; steps that are not given append their name to `ctx.trace`."""

    def define(cls: Any, spec: Any) -> None:
        super(made, cls).define(spec)
        spec.output("trace", valid_type=orm.List, required=False)
        spec.outline(*(one(cls) if callable(one) and not isinstance(one, str) else getattr(cls, one) for one in instructions))

    def tracer(name: str) -> Any:
        def step(self: Any) -> Any:
            self.ctx.setdefault("trace", []).append(name)
            return steps[name](self) if name in steps else None

        step.__name__ = name
        return step

    names = {"a", "b", "c", "d", "z", *steps}
    made = type(WorkChain)("Chain", (WorkChain,), {"define": classmethod(define), "__module__": __name__, **{n: tracer(n) for n in names}})
    return made


def trace_of(cls: Any) -> tuple[list[str], Any]:
    seen: list[Any] = []
    cls.on_terminated = lambda self: seen.append(self.ctx)
    node = run_get_node(cls).node
    return seen[0].get("trace", []), node


def test_e01_attributes_of_the_instance_survive() -> None:
    def first(self: Any) -> None:
        self.foo = 1
        self.inputs.wait = "written over"

    def second(self: Any) -> None:
        assert self.foo == 1 and self.inputs.wait == "written over" and self.inputs["wait"].value is False

    node = run_steps(first, second, cls=examples.Terminated).node
    assert node.is_finished_ok and examples.Terminated.seen[node.uuid][3] == 1


def test_e02_shared_objects_stay_shared() -> None:
    def first(self: Any) -> None:
        self.ctx.a = self.ctx.b = [1]
        self.ctx.nested = {"deep": {"list": []}}

    def second(self: Any) -> None:
        assert self.ctx.a is self.ctx.b
        self.ctx.nested["deep"]["list"].append(1)

    def third(self: Any) -> None:
        assert self.ctx.a is self.ctx.b and self.ctx.nested == {"deep": {"list": [1]}}

    assert run_steps(first, second, third).node.is_finished_ok


def test_e03_unstored_nodes_in_the_context_are_stored() -> None:
    nodes = [orm.Int(1), orm.Int(2), orm.Int(3)]

    def first(self: Any) -> None:
        self.ctx.one, self.ctx.list, self.ctx.dict = nodes[0], [nodes[1]], {"x": {"y": nodes[2]}}

    def second(self: Any) -> None:
        assert all(node.is_stored for node in nodes)
        assert self.ctx.one is nodes[0] and self.ctx.list[0] is nodes[1] and self.ctx.dict["x"]["y"] is nodes[2]

    assert run_steps(first, second).node.is_finished_ok


def test_e04_values_that_cannot_be_stored_stop_nothing(logs: Any) -> None:
    lock = threading.Lock()

    def first(self: Any) -> None:
        self.ctx.lock, self.ctx.good = lock, 1

    def second(self: Any) -> None:
        assert self.ctx.lock is lock and self.ctx.good == 1

    node = run_steps(first, second).node
    assert node.is_finished_ok and any("`lock`" in message for message in logs(node))


def test_e05_to_context_in_all_forms() -> None:
    def first(self: Any) -> Any:
        def child(n: int) -> Any:
            return self.submit(examples.Child, a=orm.Int(n))

        self.to_context(a=child(1), **{"ns.y": append_(child(2))})
        self.to_context(**{"ns.y": append_(child(3))})
        return {"b": append_(child(4)), "c": child(5)}

    def second(self: Any) -> None:
        assert self.ctx.a.inputs.a.value == 1 and self.ctx.a.is_finished_ok
        assert type(self.ctx.ns) is AttributeDict and [n.inputs.a.value for n in self.ctx.ns.y] == [2, 3]
        assert [n.inputs.a.value for n in self.ctx.b] == [4] and self.ctx.c.outputs.o.value == 5

    assert run_steps(first, second).node.is_finished_ok


def test_e06_forms_of_submit_and_nested_runs() -> None:
    def first(self: Any) -> Any:
        builder = examples.Child.get_builder()
        builder.a = 3
        x = self.submit(examples.Child, a=orm.Int(1))
        y = self.submit(examples.Child, {"a": orm.Int(2), "metadata": {"call_link_label": "mine"}})
        z = self.submit(builder)
        w = self.submit(examples.Child)
        assert all(node.is_stored for node in (x, y, z, w))
        assert run_get_node(examples.Child, a=orm.Int(8)).node.is_finished_ok
        return ToContext(x=x, y=y, z=z, w=w)

    node = run_steps(first).node
    assert node.is_finished_ok, node.exception
    assert sorted(link.link_label for link in node.base.links.get_outgoing(link_type=LinkType.CALL_WORK).all()) == ["CALL"] * 4 + ["mine"]


def test_e06_a_process_function_can_be_submitted() -> None:
    def first(self: Any) -> Any:
        return ToContext(f=self.submit(examples.add, x=orm.Int(1), y=orm.Int(2)))

    def second(self: Any) -> None:
        assert self.ctx.f.outputs.result.value == 3

    assert run_steps(first, second).node.is_finished_ok


def test_e07_branches_and_loops() -> None:
    no, yes = (lambda self: False), (lambda self: True)
    trace, _ = trace_of(chain("a", lambda cls: if_(cls.no)(cls.b).elif_(cls.yes)(cls.c).else_(cls.d), "z", no=no, yes=yes))
    assert trace == ["a", "no", "yes", "c", "z"]
    trace, _ = trace_of(chain(lambda cls: while_(cls.more)(cls.a, if_(cls.no)(cls.b).else_(cls.c)), "z", no=no, more=lambda s: len(s.ctx.trace) < 6))
    assert trace == ["more", "a", "no", "c", "more", "a", "no", "c", "more", "z"]
    trace, node = trace_of(chain("a", lambda cls: if_(cls.yes)(return_), "z", yes=yes))
    assert trace == ["a", "yes"] and node.exit_status == 0
    _, node = trace_of(chain(lambda cls: return_(5), "z"))
    assert node.exit_status == 5
    _, node = trace_of(chain(lambda cls: return_(ExitCode(6, "six"))))
    assert node.exit_status == 6 and node.exit_message == "six"


@pytest.mark.parametrize(
    ("returned", "status"),
    [(None, 0), (0, 0), (-3, 0), (ExitCode(0), 0), ("text", 0), ([1], 0), (4, 4), (ExitCode(12, "twelve"), 12), (True, 1), (False, 0)],
)
def test_e07_what_a_step_returns(returned: Any, status: int) -> None:
    node = run_steps(lambda self: returned, lambda self: setattr(self.node, "label", "went on")).node
    assert node.exit_status == status and (node.label == "went on") is (status == 0)


def test_e07_dictionary_of_other_things() -> None:
    with pytest.raises(ValueError, match="invalid class for awaitable target"):
        run_steps(lambda self: {"a": 3}, lambda self: None)


def test_e08_outputs() -> None:
    one, two, three = (orm.Int(n).store() for n in (1, 2, 3))
    seen = []

    def first(self: Any) -> None:
        self.out("o", one)
        self.out("ns", {"b": two})
        self.out_many({"many": {"p": {"q": three}}})
        seen.append(list(self.node.base.links.get_outgoing(link_type=LinkType.RETURN).all()))

    def second(self: Any) -> None:
        seen.append(list(self.node.base.links.get_outgoing(link_type=LinkType.RETURN).all()))

    outputs, node = run_steps(first, second)
    assert seen[0] == [] and {link.link_label for link in seen[1]} == {"o", "ns__b", "many__p__q"}
    assert outputs == {"o": one, "ns": {"b": two}, "many": {"p": {"q": three}}} and node.outputs.many.p.q == three
    for name, value in (("nope", one), ("ns.c", one), ("ns.b", orm.Str("x").store())):
        with pytest.raises(ValueError, match="^Error validating output "):
            run_steps(lambda self, name=name, value=value: self.out(name, value))


def test_e09_unstored_output() -> None:
    with pytest.raises(ValueError, match="^Workflow<Free> tried returning an unstored `Data` node"):
        run_steps(lambda self: self.out("o", orm.Int(1)))
    assert last_node().is_excepted


def test_e10_missing_output_and_exceptions(logs: Any) -> None:
    class Needs(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.output("must")

    node = run_get_node(Needs).node
    assert node.exit_status == 11 and node.exit_message == Needs.exit_codes.ERROR_MISSING_OUTPUT.message

    def explode(self: Any) -> None:
        raise ZeroDivisionError("by nothing")

    with pytest.raises(ZeroDivisionError, match="by nothing"):
        run_steps(explode)
    node = last_node()
    assert node.process_state is ProcessState.EXCEPTED and node.exception == "ZeroDivisionError: by nothing"
    assert node.exit_status is None and node.is_sealed
    (message,) = logs(node)
    assert message.startswith(f"[{node.pk}|Free|on_except]: Traceback") and "by nothing" in message


def test_e11_on_terminated(logs: Any) -> None:
    def first(self: Any) -> None:
        self.ctx.x, self.foo = 1, 2

    node = run_steps(first, cls=examples.Terminated).node
    assert examples.Terminated.seen[node.uuid] == (ProcessState.FINISHED, True, {"x": 1}, 2)
    assert f"[{node.pk}|Terminated|on_terminated]: good bye" in logs(node) and node.base.extras.get("after") is True
    with pytest.raises(RuntimeError):
        run_steps(lambda self: (_ for _ in ()).throw(RuntimeError("no")), cls=examples.Terminated)
    assert examples.Terminated.seen[last_node().uuid][:2] == (ProcessState.EXCEPTED, True)


def test_e12_calcfunctions_and_the_node_inside_a_step() -> None:
    def first(self: Any) -> None:
        self.ctx.sum = examples.add(1, 2, metadata={"call_link_label": "adding"})
        assert self.ctx.sum.is_stored and self.ctx.sum.value == 3
        self.node.base.extras.set("seen", 1)
        self.node.label = "labelled"

    node = run_steps(first, lambda self: self.out("o", self.ctx.sum)).node
    (link,) = node.base.links.get_outgoing(link_type=LinkType.CALL_CALC).all()
    assert link.link_label == "adding" and link.node.is_finished_ok
    assert node.label == "labelled" and node.base.extras.get("seen") == 1 and node.outputs.o.creator == link.node


def test_e13_names_that_steps_may_not_have() -> None:
    with pytest.raises(RuntimeError, match="protected"):

        class Runs(WorkChain):
            def run(self) -> None:
                """Not allowed."""

    with pytest.raises(RuntimeError, match="the step `kill`"):

        class Kills(WorkChain):
            @classmethod
            def define(cls, spec: Any) -> None:
                super().define(spec)
                spec.outline(cls.kill)

            def kill(self) -> None:  # type: ignore[override]
                """Not a step."""

    def define(cls: Any, spec: Any) -> None:
        super(Steps, cls).define(spec)
        spec.outline(getattr(cls, "step"))  # noqa: B009 - not to be seen when the class is defined

    Steps = type(WorkChain)("Steps", (WorkChain,), {"define": classmethod(define), "step": lambda self: None, "__module__": __name__})
    Steps.step.__name__ = "step"
    with pytest.raises(RuntimeError, match="the step `step`"):
        Steps.spec()


def test_e13_names_that_steps_do_have() -> None:
    class Result(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.outline(cls.setup, cls.result)

        def setup(self) -> None:
            self.ctx.x = 1

        def result(self) -> Any:
            return ExitCode(self.ctx.x, "one")

    assert run_get_node(Result).node.exit_status == 1


def test_e14_restart_reports_and_counts(logs: Any) -> None:
    outputs, node = run_get_node(examples.Restart, statuses=orm.List([300, 300, 0]))
    assert node.is_finished_ok and outputs["o"].value == 0
    children = node.called
    assert [child.exit_status for child in children] == [300, 300, 0]
    texts = [message.split("]: ")[1] for message in logs(node)]
    assert texts == [
        f"launching Sub<{children[0].pk}> iteration #1",
        f"Sub<{children[0].pk}> failed but a handler dealt with the problem, restarting",
        f"launching Sub<{children[1].pk}> iteration #2",
        f"Sub<{children[1].pk}> failed but a handler dealt with the problem, restarting",
        f"launching Sub<{children[2].pk}> iteration #3",
        "work chain completed after 3 iterations",
        "remote folders will not be cleaned",
    ]


@pytest.mark.parametrize(
    ("inputs", "status"),
    [
        ({"statuses": [300] * 9, "max_iterations": 2}, 401),
        ({"statuses": [999]}, 402),
        ({"statuses": [310]}, 500),
        ({"statuses": [-1]}, 301),
        ({"statuses": [999, 0], "on_unhandled_failure": "restart_once"}, 402),
        ({"statuses": [300, 0], "handler_overrides": {"handle_a": {"enabled": False}}}, 402),
    ],
)
def test_e15_how_a_restart_work_chain_ends(inputs: Any, status: int) -> None:
    assert run_get_node(examples.Restart, **inputs).node.exit_status == status


def hand_made(status: int, state: str = "finished") -> Any:
    node = orm.WorkChainNode()
    node.set_process_state(state)
    node.set_exit_status(status)
    return node.store()


def restart(engine: Any, **inputs: Any) -> Any:
    process = instantiate_process(engine, examples.Restart, **{"statuses": orm.List([0]), **inputs})
    process.setup()
    process.ctx.left = [1, 2, 3]
    return process


def test_e14_setup_fills_the_context(engine: Any) -> None:
    process = instantiate_process(engine, examples.Restart, statuses=orm.List([0]))
    process.setup()
    assert process.ctx == {"handler_overrides": {}, "process_name": "Sub", "unhandled_failure": False, "is_finished": False, "iteration": 0}


def test_e15_inspect_process_on_a_live_instance(engine: Any) -> None:
    process = restart(engine)
    process.ctx.iteration = 1
    process.ctx.children = [hand_made(300)]
    assert process.inspect_process() == ExitCode(0)
    process.ctx.children = [hand_made(0)]
    assert process.inspect_process() is None and process.ctx.is_finished and not process.should_run_process()
    for node, code in ((hand_made(999), 402), (hand_made(310), 500), (hand_made(0, "excepted"), 301), (hand_made(0, "killed"), 302)):
        process.ctx.children = [node]
        assert process.inspect_process().status == code
    process.ctx.iteration = 5
    process.ctx.children = [hand_made(300)] * 5
    assert process.inspect_process() == process.exit_codes.ERROR_MAXIMUM_ITERATIONS_EXCEEDED


def test_e15_handlers_called_directly(engine: Any) -> None:
    process = restart(engine)
    assert process.handle_a(hand_made(300)).do_break is True and process.handle_a(hand_made(301)) is None
    assert process.asleep(hand_made(1)).exit_code == ExitCode(0)
    assert {handler.__name__ for handler in examples.Restart.get_process_handlers()} == {"handle_a", "handle_b", "look", "asleep"}
    assert [(p, h.__name__) for p, h in process.get_process_handlers_by_priority()] == [(100, "handle_a"), (50, "handle_b"), (10, "look")]


def test_e16_handler_overrides(engine: Any) -> None:
    with pytest.raises(ValueError, match="The key `x` is not a process handler of "):
        restart(engine, handler_overrides=orm.Dict({"x": {"enabled": True}}))
    process = restart(engine, handler_overrides=orm.Dict({"asleep": {"enabled": True, "priority": 70}, "handle_a": {"enabled": False}}))
    assert [h.__name__ for _, h in process.get_process_handlers_by_priority()] == ["asleep", "handle_b", "look"]


def test_e17_the_context_is_a_mapping(engine: Any) -> None:
    ctx = instantiate_process(engine, examples.Child).ctx
    ctx.update({"x": 1})
    ctx.y = 2
    assert "x" in ctx and ctx.get("z") is None and dict(ctx.items()) == {"x": 1, "y": 2} and ctx["y"] == 2


def test_e18_exposed_outputs() -> None:
    outputs, node = run_get_node(examples.Parent, c={"a": orm.Int(6)})
    assert node.is_finished_ok and outputs["c"]["o"] == 3  # an excluded input is not among the exposed ones: the default counts
    assert node.outputs.c.o == outputs["c"]["o"]


def test_e19_projections_can_be_queried() -> None:
    node = run_get_node(examples.Child, a=orm.Int(50), metadata={"label": "l"}).node
    filters = {"attributes.process_state": "finished", "attributes.exit_status": 400, "id": node.pk}
    project = ["attributes.process_label", "attributes.exit_message", "attributes.sealed", "attributes.metadata_inputs.metadata.label"]
    assert orm.QueryBuilder().append(orm.WorkChainNode, filters=filters, project=project).one() == ["Child", "err big", True, "l"]
    assert set(node.base.attributes.get("version")) >= {"core"}


@calcfunction
def one() -> Any:
    return orm.Int(1)


def test_n_steps_are_looked_up_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    examples.Child.spec()
    monkeypatch.setattr(examples.Child, "end", lambda self: self.out("o", one()))
    outputs, _ = run_get_node(examples.Child, a=orm.Int(7))
    assert outputs["o"].value == 1


@pytest.mark.parametrize("kind", ["on_unhandled_failure", "pause_on_max_iterations"])
def test_e15_a_restart_work_chain_pauses_for_inspection(kind: str, engine: Any) -> None:
    inputs: dict[str, Any] = {"statuses": orm.List([999])}
    if kind == "on_unhandled_failure":
        inputs["on_unhandled_failure"] = orm.Str("pause")
    else:
        inputs = {"statuses": orm.List([300] * 9), "max_iterations": orm.Int(1), "pause_on_max_iterations": orm.Bool(True)}
    env = current_engine.get().env
    worker = Worker(env.store, env.settings, env=env, threads=0, kind="test")
    node = submit(examples.Restart, inputs)
    worker.run_until_idle()
    assert node.paused and not node.is_terminated and len(node.called) == 1
    assert node.process_status == f"Paused for user inspection, see: 'verdi process report {node.pk}'"
    play_processes([node])
    worker.run_until_idle()
    assert node.paused and len(node.called) == 2
    kill_processes([node])
    worker.run_until_idle()
    assert node.is_killed
    worker.close()
