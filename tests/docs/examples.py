"""Processes in the manner of AiiDA's documentation, in our own words; a daemon can import them from here."""

from __future__ import annotations

from typing import Any

from aiida import orm
from aiida.engine import (
    ExitCode,
    ToContext,
    WorkChain,
    append_,
    calcfunction,
    if_,
    process_handler,
    return_,
    while_,
    workfunction,
)
from aiida.engine.processes.workchains.restart import BaseRestartWorkChain
from aiida.plugins import CalculationFactory

ArithmeticAdd = CalculationFactory("core.arithmetic.add")


@calcfunction
def plus(x, y):
    """Add two numbers."""
    return x + y


@calcfunction
def times(x, y):
    """Multiply two numbers."""
    return x * y


@workfunction
def plus_then_times(x, y, z):
    """(x + y) * z, with both steps on record."""
    return times(plus(x, y), z)


class Horner(WorkChain):
    """(x + y) * z by two calculation functions, with a limit on the result."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("x", valid_type=orm.Int, serializer=orm.to_aiida_type)
        spec.input("y", valid_type=orm.Int, serializer=orm.to_aiida_type)
        spec.input("z", valid_type=orm.Int, serializer=orm.to_aiida_type, required=False, default=lambda: orm.Int(1))
        spec.output("result", valid_type=orm.Int)
        spec.exit_code(410, "ERROR_NEGATIVE", message="the result is negative")
        spec.exit_code(411, "ERROR_TOO_LARGE", message="the result {value} is above {limit}")
        spec.outline(cls.add, cls.multiply, cls.inspect, cls.give)

    def add(self) -> None:
        self.ctx.sum = plus(self.inputs.x, self.inputs.y)

    def multiply(self) -> None:
        self.ctx.product = times(self.ctx.sum, self.inputs.z)

    def inspect(self) -> ExitCode | None:
        value = self.ctx.product.value
        if value < 0:
            return self.exit_codes.ERROR_NEGATIVE
        if value > 1000:
            return self.exit_codes.ERROR_TOO_LARGE.format(value=value, limit=1000)
        self.report("the product is %d", value)
        return None

    def give(self) -> None:
        self.out("result", self.ctx.product)


class FizzBuzz(WorkChain):
    """Conditions and loops in an outline."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("upto", valid_type=orm.Int)
        spec.output("words", valid_type=orm.List)
        spec.outline(
            cls.begin,
            while_(cls.goes_on)(
                if_(cls.is_fifteen)(cls.say_both).elif_(cls.is_three)(cls.say_fizz).elif_(cls.is_five)(cls.say_buzz).else_(cls.say_number),
                cls.count,
            ),
            if_(cls.is_unlucky)(return_(418)),
            cls.give,
        )

    def begin(self) -> None:
        self.ctx.number, self.ctx.words = 1, []

    def goes_on(self) -> bool:
        return self.ctx.number <= self.inputs.upto.value

    def is_fifteen(self) -> bool:
        return self.ctx.number % 15 == 0

    def is_three(self) -> bool:
        return self.ctx.number % 3 == 0

    def is_five(self) -> bool:
        return self.ctx.number % 5 == 0

    def is_unlucky(self) -> bool:
        return self.inputs.upto.value == 13

    def say_both(self) -> None:
        self.ctx.words.append("fizzbuzz")

    def say_fizz(self) -> None:
        self.ctx.words.append("fizz")

    def say_buzz(self) -> None:
        self.ctx.words.append("buzz")

    def say_number(self) -> None:
        self.ctx.words.append(self.ctx.number)

    def count(self) -> None:
        self.ctx.number += 1

    def give(self) -> None:
        self.out("words", orm.List(self.ctx.words).store())


class FanOut(WorkChain):
    """Children at once, gathered in the context in three ways."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("count", valid_type=orm.Int)
        spec.outline(cls.launch, cls.more, cls.collect)
        spec.output("total", valid_type=orm.Int)

    def launch(self) -> Any:
        for i in range(self.inputs.count.value):
            child = self.submit(Horner, x=orm.Int(i), y=orm.Int(1))
            self.to_context(children=append_(child))
        return ToContext(one=self.submit(Horner, x=orm.Int(10), y=orm.Int(0)))

    def more(self) -> dict[str, Any]:
        return {"two": self.submit(Horner, x=orm.Int(20), y=orm.Int(0))}

    def collect(self) -> None:
        values = [child.outputs.result.value for child in [*self.ctx.children, self.ctx.one, self.ctx.two]]
        self.out("total", orm.Int(sum(values)).store())


class Outer(WorkChain):
    """A work chain that takes over ports of another, twice."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.expose_inputs(Horner, namespace="first")
        spec.expose_inputs(Horner, namespace="second", exclude=("x",), namespace_options={"required": False, "populate_defaults": False})
        spec.expose_inputs(Horner, include=("x",))
        spec.outline(cls.run_first, cls.give)
        spec.expose_outputs(Horner)
        spec.expose_outputs(Horner, namespace="first")

    def run_first(self) -> Any:
        first = self.submit(Horner, **self.exposed_inputs(Horner, namespace="first", agglomerate=False))
        return ToContext(first=first)

    def give(self) -> None:
        self.out_many(self.exposed_outputs(self.ctx.first, Horner))
        self.out_many(self.exposed_outputs(self.ctx.first, Horner, namespace="first"))


class Persistent(BaseRestartWorkChain):
    """A sum that is repeated until it is positive."""

    _process_class = ArithmeticAdd

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.expose_inputs(ArithmeticAdd, namespace="add")
        spec.expose_outputs(ArithmeticAdd)
        spec.outline(cls.setup, while_(cls.should_run_process)(cls.run_process, cls.inspect_process), cls.results)

    def setup(self) -> None:
        super().setup()
        self.ctx.inputs = self.exposed_inputs(ArithmeticAdd, "add")

    @process_handler(priority=400, exit_codes=ArithmeticAdd.exit_codes.ERROR_NEGATIVE_NUMBER)
    def make_positive(self, node: Any) -> Any:
        """Take the opposite of the second number."""
        from aiida.engine import ProcessHandlerReport

        self.ctx.inputs.y = orm.Int(abs(node.inputs.y.value))
        return ProcessHandlerReport(do_break=True)
