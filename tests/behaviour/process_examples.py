"""Process classes for the behaviour tests: at module level, so that they can be imported again."""

from __future__ import annotations

from typing import Any

from aiida import orm
from aiida.engine import (
    BaseRestartWorkChain,
    ExitCode,
    ProcessHandlerReport,
    ToContext,
    WorkChain,
    append_,
    calcfunction,
    if_,
    process_handler,
    while_,
    workfunction,
)


def refuse_bad(value: Any, port: Any) -> str | None:
    return "bad is bad" if value is not None and value == "bad" else None


class Child(WorkChain):
    """The child that others expose."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("a", valid_type=orm.Int, default=lambda: orm.Int(3), help="the a")
        spec.input("b", valid_type=(orm.Int, orm.Float), required=False)
        spec.input("s", valid_type=orm.Str, required=False, validator=refuse_bad)
        spec.input("ns.x.y", valid_type=orm.Int, required=False)
        spec.input("plain", valid_type=int, non_db=True, default=4)
        spec.input_namespace("dyn", dynamic=True, valid_type=orm.Int, required=False)
        spec.output("o", valid_type=orm.Int, required=False)
        spec.output_namespace("many", dynamic=True)
        spec.exit_code(400, "ERR", message="err {x}")
        spec.outline(cls.start, if_(cls.is_big)(cls.big).else_(cls.small), while_(cls.goes_on)(cls.turn), cls.end)

    def start(self) -> None:
        self.ctx.turns = 0

    def is_big(self) -> bool:
        return bool(self.inputs.a.value > 10)

    def big(self) -> ExitCode:
        return self.exit_codes.ERR.format(x="big")

    def small(self) -> None:
        self.ctx.size = "small"

    def goes_on(self) -> bool:
        return bool(self.ctx.turns < 2)

    def turn(self) -> None:
        self.ctx.turns += 1
        self.report("turn %d", self.ctx.turns)

    def end(self) -> None:
        self.out("o", self.inputs.a)

    def launch(self) -> dict[str, Any]:
        return ToContext(x=self.submit(Child, a=orm.Int(1)))


class Parent(WorkChain):
    """Exposes the child in every way."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.expose_inputs(Child, namespace="c", exclude=("a", "ns.x"))
        spec.expose_inputs(Child, namespace="d", include=["b"], namespace_options={"required": False, "populate_defaults": False, "help": "hh"})
        spec.expose_outputs(Child, namespace="c")
        spec.outline(cls.launch, cls.collect)

    def launch(self) -> dict[str, Any]:
        inputs = self.exposed_inputs(Child, "c")
        return ToContext(child=self.submit(Child, **inputs))

    def collect(self) -> None:
        self.out_many(self.exposed_outputs(self.ctx.child, Child, namespace="c"))


class Free(WorkChain):
    """Runs the method that it is told, as a step."""

    told: dict[str, list[Any]] = {}

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("key", valid_type=orm.Str)
        spec.input("wait", valid_type=orm.Bool, default=lambda: orm.Bool(False))
        spec.output("o", required=False)
        spec.output("ns.b", valid_type=orm.Int, required=False)
        spec.output_namespace("many", dynamic=True)
        spec.outline(cls.first, cls.second, cls.third)

    def _call(self, number: int) -> Any:
        functions = self.told[self.inputs.key.value]
        return functions[number](self) if number < len(functions) else None

    def first(self) -> Any:
        return self._call(0)

    def second(self) -> Any:
        return self._call(1)

    def third(self) -> Any:
        return self._call(2)


class Terminated(Free):
    """Remembers what it saw when it was over."""

    seen: dict[str, Any] = {}

    def on_terminated(self) -> None:
        super().on_terminated()
        self.seen[self.node.uuid] = (self.node.process_state, self.node.is_sealed, dict(self.ctx), getattr(self, "foo", None))
        self.report("good bye")
        self.node.base.extras.set("after", True)


class Sub(WorkChain):
    """Ends with the status it is given."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("status", valid_type=orm.Int)
        spec.output("o", valid_type=orm.Int, required=False)
        spec.exit_code(300, "A", message="a")
        spec.exit_code(310, "B", message="b")
        spec.outline(cls.go)

    def go(self) -> Any:
        if self.inputs.status.value < 0:
            raise RuntimeError("below zero")
        if self.inputs.status.value:
            return ExitCode(self.inputs.status.value, "failed")
        self.out("o", self.inputs.status)
        return None


class Restart(BaseRestartWorkChain):
    """Runs `Sub` with one status after the other."""

    _process_class = Sub

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("statuses", valid_type=orm.List)
        spec.output("o", valid_type=orm.Int, required=False)
        spec.exit_code(500, "MINE", message="mine")
        spec.outline(cls.setup, cls.prepare, while_(cls.should_run_process)(cls.run_process, cls.inspect_process), cls.results)

    def prepare(self) -> None:
        self.ctx.left = self.inputs.statuses.get_list()
        self.shift()

    def shift(self) -> None:
        self.ctx.inputs = {"status": orm.Int(self.ctx.left.pop(0))}

    @process_handler(priority=100, exit_codes=[Sub.exit_codes.A])
    def handle_a(self, node: Any) -> ProcessHandlerReport:
        self.shift()
        return ProcessHandlerReport(True)

    @process_handler(priority=50, exit_codes=Sub.exit_codes.B)
    def handle_b(self, node: Any) -> ProcessHandlerReport:
        return ProcessHandlerReport(False, self.exit_codes.MINE)

    @process_handler(priority=10)
    def look(self, node: Any) -> None:
        self.ctx.setdefault("looked", []).append(node.exit_status)

    @process_handler(priority=1, enabled=False)
    def asleep(self, node: Any) -> ProcessHandlerReport:
        self.shift()
        return ProcessHandlerReport()


@calcfunction
def add(x: Any, y: Any) -> Any:
    return orm.Int(x.value + y.value)


@calcfunction
def typed(a: int, b: float = 2.0, c: str | None = None, *, k: orm.Int | None = None) -> Any:
    """Do something.

    :param a: the first of all
    :param b: the second
    """
    return orm.Float(a.value + b.value)


@calcfunction
def anything(first: Any = None, *xs: Any, **kw: Any) -> Any:
    return {"first": orm.Bool(first is None), "xs": orm.List([x.value for x in xs]), "kw": orm.List(sorted(kw))}


@calcfunction
def give(what: Any) -> Any:
    return GIVEN[what.value](what)


@workfunction
def pass_on(what: Any) -> Any:
    return GIVEN[what.value](what)


@calcfunction
def fail(x: Any) -> Any:
    raise KeyError("gone")


GIVEN: dict[str, Any] = {
    "node": lambda what: orm.Int(1),
    "nested": lambda what: {"ns": {"y": orm.Int(1)}, "a.b": orm.Int(2)},
    "none": lambda what: None,
    "code": lambda what: ExitCode(7, "seven"),
    "list": lambda what: [orm.Int(1)],
    "tuple": lambda what: (orm.Int(1),),
    "int": lambda what: 1,
    "input": lambda what: what,
}

__all__ = ("append_",)
