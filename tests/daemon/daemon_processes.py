"""Processes that the daemon runs in these tests, and what the scripts of the tests share."""

from __future__ import annotations

import time
from pathlib import Path

from aiida import orm
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


__all__ = ["Parent", "Slow", "Stubborn", "add", "get_daemon_client", "submit", "wait_ended", "wait_until", "worker_pids"]
