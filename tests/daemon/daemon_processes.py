"""Processes that the daemon runs in these tests, and what the scripts of the tests share."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from aiida import orm
from aiida.calculations.arithmetic.add import ArithmeticAddCalculation
from aiida.engine import ToContext, WorkChain, append_, calcfunction, get_daemon_client, submit, while_


@calcfunction
def add(x, y):
    return orm.Int(x.value + y.value)


class Slow(WorkChain):
    """Each step adds, then sleeps: time enough to be killed in."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("seconds", valid_type=orm.Float)
        spec.input("n", valid_type=orm.Int, default=lambda: orm.Int(1))
        spec.output("total", valid_type=orm.Int)
        spec.outline(cls.start, while_(cls.goes_on)(cls.add_and_sleep), cls.finish)

    def start(self):
        self.ctx.i = 0
        self.ctx.total = self.inputs.n

    def goes_on(self):
        return self.ctx.i < 3

    def add_and_sleep(self):
        self.ctx.total = add(self.ctx.total, self.inputs.n)
        time.sleep(self.inputs.seconds.value)
        self.ctx.i += 1

    def finish(self):
        self.out("total", self.ctx.total)


class Parent(WorkChain):
    """Launches several `Slow`."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("seconds", valid_type=orm.Float)
        spec.input("children", valid_type=orm.Int, default=lambda: orm.Int(3))
        spec.output("total", valid_type=orm.Int)
        spec.outline(cls.launch, cls.collect)

    def launch(self):
        for i in range(self.inputs.children.value):
            child = self.submit(Slow, seconds=self.inputs.seconds, n=orm.Int(i + 1))
            self.to_context(children=append_(child))
            time.sleep(self.inputs.seconds.value / 10)
        return ToContext()

    def collect(self):
        total = self.ctx.children[0].outputs.total
        for child in self.ctx.children[1:]:
            total = add(total, child.outputs.total)
        self.out("total", total)


class Tree(WorkChain):
    """A nested work chain: `width` children of one level less, a calcfunction each, and a job at the leaves if there is a code."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("n", valid_type=orm.Int)
        spec.input("depth", valid_type=orm.Int)
        spec.input("width", valid_type=orm.Int)
        spec.input("code", valid_type=orm.AbstractCode, required=False)
        spec.input("prepend", valid_type=orm.Str, required=False)
        spec.output("total", valid_type=orm.Int)
        spec.outline(cls.begin, cls.launch, cls.collect)

    def begin(self):
        self.ctx.total = add(self.inputs.n, self.inputs.n)
        self.report("begun")

    def launch(self):
        handed = {name: self.inputs[name] for name in ("code", "prepend", "width") if name in self.inputs}
        if self.inputs.depth.value > 0:
            for i in range(self.inputs.width.value):
                child = self.submit(Tree, n=orm.Int(self.inputs.n.value + i), depth=orm.Int(self.inputs.depth.value - 1), **handed)
                self.to_context(children=append_(child))
        elif "code" in self.inputs:
            options = {"resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}, "prepend_text": self.inputs.prepend.value}
            job = self.submit(ArithmeticAddCalculation, x=self.inputs.n, y=self.ctx.total, code=self.inputs.code, metadata={"options": options})
            self.to_context(job=job)

    def collect(self):
        total = self.ctx.total
        for child in self.ctx.get("children", []):
            total = add(total, child.outputs.total)
        if "job" in self.ctx:
            total = add(total, self.ctx.job.outputs.sum)
        self.out("total", total)


class Quick(WorkChain):
    """Notes the moment of its first step."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("path", valid_type=orm.Str)
        spec.outline(cls.note)

    def note(self):
        Path(self.inputs.path.value).write_text(repr(time.time()))


class Once(WorkChain):
    """A step of a second that leaves a trace of each time it ran."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("path", valid_type=orm.Str)
        spec.outline(cls.trace, cls.rest)

    def trace(self):
        with open(self.inputs.path.value, "a") as handle:
            handle.write("begun\n")
            handle.flush()
            time.sleep(0.8)
            handle.write("ended\n")

    def rest(self):
        pass


class Stubborn(WorkChain):
    """Waits in a step until a file is there."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("path", valid_type=orm.Str)
        spec.outline(cls.wait_for_file)

    def wait_for_file(self):
        while not Path(self.inputs.path.value).exists():
            time.sleep(0.02)


def wait_until(condition, timeout=60.0, what="the condition"):
    """Wait for a condition of real processes."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true within {timeout} s")
        time.sleep(0.02)


def wait_ended(*nodes, timeout=60.0):
    """Wait until processes have ended."""
    wait_until(lambda: all(node.is_terminated for node in nodes), timeout, f"the end of {nodes}")


def worker_pids():
    """Process ids of the daemon's workers."""
    return [int(pid) for pid in get_daemon_client().get_worker_info()["info"]]


def kill_worker():
    """SIGKILL to one worker of the daemon; the supervisor may list one that has ended just now."""
    for pid in worker_pids():
        try:
            return os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def describe(*nodes):
    """The graphs of processes as values in which no id occurs, and how many processes there are in all."""
    from tests.durability.harness import canon

    return {"graphs": sorted(repr(canon(node)) for node in nodes), "count": orm.QueryBuilder().append(orm.ProcessNode).count()}


def make_code():
    """The code that the leaves of a `Tree` run."""
    return orm.InstalledCode(
        label="add", computer=orm.load_computer("localhost"), filepath_executable="/bin/bash",
        default_calc_job_plugin="core.arithmetic.add",
    ).store()


def start_times(folder, count, pause):
    """Submit `Quick` at the rhythm of `pause`; the seconds from the return of each `submit` to the first step."""
    delays = []
    for number in range(count):
        path = Path(folder) / f"quick-{number}"
        path.unlink(missing_ok=True)
        submit(Quick, path=orm.Str(str(path)))
        begun = time.time()
        wait_until(lambda: path.exists() and path.read_text(), 30, f"the start of process {number}")
        delays.append(max(0.0, float(path.read_text()) - begun))
        time.sleep(pause)
    return sorted(delays)


__all__ = [
    "ArithmeticAddCalculation",
    "Once",
    "Parent",
    "Quick",
    "Slow",
    "Stubborn",
    "Tree",
    "add",
    "describe",
    "get_daemon_client",
    "kill_worker",
    "make_code",
    "start_times",
    "submit",
    "wait_ended",
    "wait_until",
    "worker_pids",
]
