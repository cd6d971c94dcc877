"""Workflows that the durability tests kill: nested, with calcfunctions, with branches that depend on what happened before."""

from __future__ import annotations

import time
from typing import Any

from aiida import orm
from aiida.common import CalcInfo, CodeInfo
from aiida.engine import (
    CalcJob,
    ExitCode,
    ToContext,
    WorkChain,
    append_,
    calcfunction,
    if_,
    run_get_node,
    while_,
    workfunction,
)


@calcfunction
def add(x: orm.Int, y: orm.Int) -> orm.Int:
    """A sum."""
    return x + y


@calcfunction
def two(x: orm.Int) -> dict[str, orm.Int]:
    """Two outputs."""
    return {"double": orm.Int(x.value * 2), "square": orm.Int(x.value**2)}


@calcfunction
def fail(x: orm.Int) -> orm.Int:
    """Raises."""
    raise ValueError(f"no {x.value}")


@workfunction
def sum_of_three(x: orm.Int, y: orm.Int, z: orm.Int) -> orm.Int:
    """A function that calls functions."""
    return add(add(x, y), z)


class Leaf(WorkChain):
    """Three steps, one calcfunction."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("x", valid_type=orm.Int)
        spec.output("r", valid_type=orm.Int)
        spec.outline(cls.first, cls.second, cls.third)

    def first(self) -> None:
        self.ctx.x = self.inputs.x
        self.report("begin %d", self.inputs.x.value)

    def second(self) -> None:
        self.ctx.r = add(self.ctx.x, self.ctx.x)

    def third(self) -> None:
        self.out("r", self.ctx.r)


class Tree(WorkChain):
    """Loops, launches several at once, twice the same inputs, calls a workfunction, rides on a nested run."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("n", valid_type=orm.Int)
        spec.output("total", valid_type=orm.Int)
        spec.output("nested", valid_type=orm.Int, required=False)
        spec.outline(
            cls.setup,
            while_(cls.goes_on)(cls.launch, cls.collect),
            if_(cls.has_many)(cls.ride),
            cls.results,
        )

    def setup(self) -> None:
        self.ctx.round = 0
        self.ctx.parts = []
        self.ctx.shared = self.ctx.parts

    def goes_on(self) -> bool:
        return self.ctx.round < self.inputs.n.value

    def launch(self) -> Any:
        self.ctx.round += 1
        self.report("round %d", self.ctx.round)
        x = orm.Int(self.ctx.round)
        for _ in range(2):  # the same inputs twice: told apart by order
            self.to_context(leaves=append_(self.submit(Leaf, x=x)))
        return ToContext(other=self.submit(Leaf, x=orm.Int(100 + self.ctx.round)))

    def collect(self) -> None:
        doubled = two(self.ctx.other.outputs.r)
        self.ctx.parts.append(add(self.ctx.leaves[-1].outputs.r, doubled["double"]))
        assert self.ctx.shared is self.ctx.parts

    def has_many(self) -> bool:
        return len(self.ctx.parts) > 1

    def ride(self) -> None:
        outputs, node = run_get_node(Leaf, x=orm.Int(7))
        self.ctx.nested = outputs["r"]
        assert node.is_finished_ok

    def results(self) -> None:
        first, second = self.ctx.parts[0], self.ctx.parts[-1]
        self.out("total", sum_of_three(first, second, first))
        if "nested" in self.ctx:
            self.out("nested", self.ctx.nested)


class Chain(WorkChain):
    """Nests itself `depth` times."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("depth", valid_type=orm.Int)
        spec.output("r", valid_type=orm.Int)
        spec.outline(if_(cls.deeper)(cls.launch), cls.results)

    def deeper(self) -> bool:
        return self.inputs.depth.value > 0

    def launch(self) -> Any:
        return ToContext(child=self.submit(Chain, depth=orm.Int(self.inputs.depth.value - 1)))

    def results(self) -> None:
        self.out("r", self.ctx.child.outputs.r if "child" in self.ctx else self.inputs.depth)


class Fan(WorkChain):
    """Many children at once."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("n", valid_type=orm.Int)
        spec.outline(cls.launch, cls.results)

    def launch(self) -> None:
        for i in range(self.inputs.n.value):
            self.to_context(children=append_(self.submit(Leaf, x=orm.Int(i))))

    def results(self) -> None:
        assert all(child.is_finished_ok for child in self.ctx.children)


class Raises(WorkChain):
    """Its second step raises after a calcfunction that does too."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("x", valid_type=orm.Int)
        spec.outline(cls.first, cls.second)

    def first(self) -> None:
        try:
            fail(self.inputs.x)
        except ValueError:
            self.ctx.failed = True

    def second(self) -> None:
        add(self.inputs.x, self.inputs.x)
        raise RuntimeError("on purpose")


class AddJob(CalcJob):
    """A job on this machine: bash adds two numbers."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("x", valid_type=orm.Int)
        spec.input("y", valid_type=orm.Int)
        spec.output("sum", valid_type=orm.Int)
        spec.inputs["metadata"]["options"]["resources"].default = {"num_machines": 1, "num_mpiprocs_per_machine": 1}
        spec.inputs["metadata"]["options"]["output_filename"].default = "out.txt"
        spec.exit_code(310, "ERROR_NO_SUM", message="no number in the output")

    def prepare_for_submission(self, folder: Any) -> CalcInfo:
        with folder.open("in.sh", "w") as handle:
            handle.write(f"echo $(({self.inputs.x.value} + {self.inputs.y.value}))\necho run >> ran.txt\n")
        code = CodeInfo()
        code.code_uuid = self.inputs.code.uuid
        code.cmdline_params = ["in.sh"]
        code.stdout_name = "out.txt"
        info = CalcInfo()
        info.codes_info = [code]
        info.retrieve_list = ["out.txt", "ran.txt"]
        return info

    def parse_retrieved_output(self, retrieved_temporary_folder: str | None = None) -> ExitCode | None:
        retrieved = self.node.base.links.get_outgoing(link_label_filter="retrieved").one().node
        text = retrieved.base.repository.get_object_content("out.txt")
        if not text.strip():
            return self.exit_codes.ERROR_NO_SUM
        assert retrieved.base.repository.get_object_content("ran.txt") == "run\n", "the payload ran more than once"
        self.out("sum", orm.Int(int(text)))
        return ExitCode()


class JobTree(WorkChain):
    """Two jobs at once, then one with their sum."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("code", valid_type=orm.AbstractCode)
        spec.output("sum", valid_type=orm.Int)
        spec.outline(cls.launch, cls.again, cls.results)

    def launch(self) -> Any:
        code = self.inputs.code
        return ToContext(
            a=self.submit(AddJob, code=code, x=orm.Int(1), y=orm.Int(2)),
            b=self.submit(AddJob, code=code, x=orm.Int(3), y=orm.Int(4)),
        )

    def again(self) -> Any:
        total = add(self.ctx.a.outputs.sum, self.ctx.b.outputs.sum)
        return ToContext(c=self.submit(AddJob, code=self.inputs.code, x=total, y=total))

    def results(self) -> None:
        self.out("sum", self.ctx.c.outputs.sum)


class Mixed(WorkChain):
    """A nested work chain, a job, and calculations over what they made: one of each, for every pair of kills."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("code", valid_type=orm.AbstractCode)
        spec.output("sum", valid_type=orm.Int)
        spec.outline(cls.launch, cls.results)

    def launch(self) -> Any:
        x = add(orm.Int(1), orm.Int(2))
        return ToContext(leaf=self.submit(Nested, x=x), job=self.submit(AddJob, code=self.inputs.code, x=x, y=x))

    def results(self) -> None:
        self.out("sum", add(self.ctx.leaf.outputs.r, self.ctx.job.outputs.sum))


class Nested(WorkChain):
    """One step, one calcfunction."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("x", valid_type=orm.Int)
        spec.output("r", valid_type=orm.Int)
        spec.outline(cls.only)

    def only(self) -> None:
        self.report("at %d", self.inputs.x.value)
        self.out("r", add(self.inputs.x, self.inputs.x))


def make_code(folder: str) -> orm.InstalledCode:
    """This machine, and its bash."""
    computer = orm.Computer(
        label="localhost",
        hostname="localhost",
        transport_type="core.local",
        scheduler_type="core.direct",
        workdir=folder,
    ).store()
    computer.set_minimum_job_poll_interval(0)
    computer.set_default_mpiprocs_per_machine(1)
    computer.configure(safe_interval=0)
    return orm.InstalledCode(label="bash", computer=computer, filepath_executable="/bin/bash").store()


class Slow(WorkChain):
    """A step that takes its time."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("seconds", valid_type=orm.Float)
        spec.outline(cls.sleep, cls.done)

    def sleep(self) -> None:
        time.sleep(self.inputs.seconds.value)

    def done(self) -> None:
        self.ctx.done = True
