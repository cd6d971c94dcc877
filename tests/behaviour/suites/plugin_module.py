"""A module of a plugin: what a daemon runs must be importable."""

from aiida import orm
from aiida.engine import WorkChain, calcfunction


@calcfunction
def add(a, b):
    return a + b


class AddOne(WorkChain):
    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("x", valid_type=orm.Int)
        spec.output("y", valid_type=orm.Int)
        spec.exit_code(300, "NEGATIVE", message="x is negative")
        spec.outline(cls.check, cls.add, cls.results)

    def check(self):
        if self.inputs.x < 0:
            return self.exit_codes.NEGATIVE
        return None

    def add(self):
        self.ctx.y = add(self.inputs.x, 1)

    def results(self):
        self.out("y", self.ctx.y)
