"""A product, then a sum: the smallest work chain with a job in it."""

from __future__ import annotations

from typing import Any, cast

from aiida.calculations.arithmetic.add import ArithmeticAddCalculation
from aiida.common.exit_code import ExitCode
from aiida.engine.processes.functions import calcfunction
from aiida.engine.processes.process_spec import ProcessSpec
from aiida.engine.processes.workchains.context import ToContext
from aiida.engine.processes.workchains.workchain import WorkChain, WorkChainSpec
from aiida.orm import AbstractCode, Int

__all__ = ("MultiplyAddWorkChain", "multiply")


@calcfunction
def multiply(x: Int, y: Int) -> Int:
    """Multiply two integers."""
    return x * y


class MultiplyAddWorkChain(WorkChain):
    """Multiply two numbers and add a third."""

    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        """Declare three numbers, a code, and the result."""
        super().define(spec)
        assert isinstance(spec, WorkChainSpec)
        for name in ("x", "y", "z"):
            spec.input(name, valid_type=Int)
        spec.input("code", valid_type=AbstractCode)
        spec.outline(cls.multiply, cls.add, cls.validate_result, cls.result)
        spec.output("result", valid_type=Int)
        spec.exit_code(400, "ERROR_NEGATIVE_NUMBER", message="The result is a negative number.")

    def multiply(self) -> None:
        """Multiply two integers."""
        self.ctx.product = multiply(self.inputs.x, self.inputs.y)

    def add(self) -> ToContext[str, Any]:
        """Add two numbers using the `ArithmeticAddCalculation` calculation job plugin."""
        inputs = {"x": self.ctx.product, "y": self.inputs.z, "code": self.inputs.code}
        future = self.submit(ArithmeticAddCalculation, **inputs)
        self.report(f"Submitted the `ArithmeticAddCalculation`: {future}")
        return ToContext(addition=future)

    def validate_result(self) -> ExitCode | None:
        """Make sure the result is not negative."""
        if self.ctx.addition.outputs.sum.value < 0:
            return cast(ExitCode, self.exit_codes.ERROR_NEGATIVE_NUMBER)
        return None

    def result(self) -> None:
        """Add the result to the outputs."""
        self.out("result", self.ctx.addition.outputs.sum)
