"""The processes that are measured: public API only, so that the same file runs on both implementations."""

from __future__ import annotations

from aiida import orm
from aiida.engine import ToContext, WorkChain, append_, calcfunction, while_, workfunction


@calcfunction
def add(x, y):
    return orm.Int(x.value + y.value)


@workfunction
def add_three_times(x, y):
    return add(add(add(x, y), y), y)


class Loop(WorkChain):
    """Ten iterations, a calcfunction in each."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("n", valid_type=orm.Int)
        spec.output("total", valid_type=orm.Int)
        spec.outline(cls.start, while_(cls.goes_on)(cls.add_once), cls.finish)

    def start(self):
        self.ctx.i = 0
        self.ctx.total = self.inputs.n

    def goes_on(self):
        return self.ctx.i < 10

    def add_once(self):
        self.ctx.i += 1
        self.ctx.total = add(self.ctx.total, self.inputs.n)

    def finish(self):
        self.out("total", self.ctx.total)


class ThreeSteps(WorkChain):
    """Three steps and one calcfunction."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("n", valid_type=orm.Int)
        spec.output("total", valid_type=orm.Int)
        spec.outline(cls.first, cls.second, cls.third)

    def first(self):
        self.ctx.one = 1

    def second(self):
        self.ctx.total = add(self.inputs.n, self.inputs.n)

    def third(self):
        self.out("total", self.ctx.total)


class FanOut(WorkChain):
    """A parent that waits for many children at once."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("children", valid_type=orm.Int)
        spec.outline(cls.launch, cls.inspect)

    def launch(self):
        for _ in range(self.inputs.children.value):
            self.to_context(children=append_(self.submit(ThreeSteps, n=self.inputs.children)))
        return ToContext()

    def inspect(self):
        if not all(child.is_finished_ok for child in self.ctx.children):
            return 1
