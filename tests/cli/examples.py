"""Processes to look at."""

from __future__ import annotations

import time
from pathlib import Path

from aiida import orm
from aiida.engine import ToContext, WorkChain, calcfunction


@calcfunction
def add(x: orm.Int, y: orm.Int) -> orm.Int:
    """Add."""
    return x + y


@calcfunction
def fail(x: orm.Int) -> None:
    """Raise."""
    raise ValueError("bad thing")


class Inner(WorkChain):
    """One sum; a teapot if the input is large."""

    @classmethod
    def define(cls, spec):  # type: ignore[no-untyped-def]
        super().define(spec)
        spec.input("x", valid_type=orm.Int)
        spec.input_namespace("ns", dynamic=True)
        spec.outline(cls.one, cls.two)
        spec.output("result", valid_type=orm.Int)
        spec.exit_code(418, "ERROR_TEA", message="I am a teapot")

    def one(self):  # type: ignore[no-untyped-def]
        self.report("step one")
        self.ctx.r = add(self.inputs.x, orm.Int(1))

    def two(self):  # type: ignore[no-untyped-def]
        self.out("result", self.ctx.r)
        return self.exit_codes.ERROR_TEA if self.inputs.x.value > 5 else None


class Outer(WorkChain):
    """Waits for an inner one."""

    @classmethod
    def define(cls, spec):  # type: ignore[no-untyped-def]
        super().define(spec)
        spec.input("x", valid_type=orm.Int)
        spec.outline(cls.one, cls.two)
        spec.output("result", valid_type=orm.Int)

    def one(self):  # type: ignore[no-untyped-def]
        self.report("outer starts")
        return ToContext(child=self.submit(Inner, x=self.inputs.x, ns={"a": orm.Int(4)}))

    def two(self):  # type: ignore[no-untyped-def]
        self.out("result", self.ctx.child.outputs.result)


class Nested(WorkChain):
    """A chain of waiting work chains; the last one stays in its step until a file is there."""

    @classmethod
    def define(cls, spec):  # type: ignore[no-untyped-def]
        super().define(spec)
        spec.input("depth", valid_type=orm.Int)
        spec.input("path", valid_type=orm.Str)
        spec.outline(cls.go, cls.end)

    def go(self):  # type: ignore[no-untyped-def]
        if self.inputs.depth.value > 1:
            return ToContext(child=self.submit(Nested, depth=orm.Int(self.inputs.depth.value - 1), path=self.inputs.path))
        self.report("the last one has begun")
        while not Path(self.inputs.path.value).exists():
            time.sleep(0.01)
        return None

    def end(self):  # type: ignore[no-untyped-def]
        pass
