"""Where a work chain stands in its outline, as `verdi process status` shows it: recorded from aiida-core 2.9.4; and tracebacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aiida import orm
from aiida.cmdline.utils.ascii_vis import format_call_graph
from aiida.engine import ToContext, WorkChain, calcfunction, if_, return_, run, submit, while_
from tests.durability import flows

SEEN: list[tuple[str, str | None]] = []

# step, and what the node said in it and while it waited afterwards
RECORD = [
    ("zero", None), ("a", "1:if_(no)"), ("b", "1:elif_(yes)(1:b)"), ("a", "2:while_(goes)"), ("b", "2:while_(goes)(1:b)"),
    ("a", "2:while_(goes)"), ("b", "2:while_(goes)(1:b)"), ("last", "4:last"),
]  # fmt: skip


class Walks(WorkChain):
    """Every instruction there is."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(
            cls.zero, if_(cls.no)(cls.x).elif_(cls.yes)(cls.a, cls.b).else_(cls.x), while_(cls.goes)(cls.a, cls.b),
            if_(cls.no)(cls.x), cls.last, return_, cls.x,
        )  # fmt: skip

    def note(self, name: str) -> Any:
        SEEN.append((name, self.node.stepper_state_info))
        return ToContext(leaf=self.submit(flows.Leaf, x=orm.Int(1)))

    def zero(self) -> Any:
        self.ctx.i = 0
        return self.note("zero")

    def no(self) -> bool:
        return False

    def yes(self) -> bool:
        return True

    def goes(self) -> bool:
        self.ctx.i += 1
        return bool(self.ctx.i < 3)

    def x(self) -> None:
        raise AssertionError

    def a(self) -> Any:
        return self.note("a")

    def b(self) -> Any:
        return self.note("b")

    def last(self) -> Any:
        return self.note("last")


class Bad(WorkChain):
    """Raises in its second step, or in what that calls."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.one, cls.two)

    def one(self) -> None:
        pass

    def two(self) -> None:
        raises(orm.Int(1))


@calcfunction
def raises(x: Any) -> Any:
    """It does."""
    raise ValueError("oh")


def test_the_place_in_the_outline(worker: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[tuple[str, str | None]] = []
    monkeypatch.setattr(Walks, "on_wait", lambda self, _: waiting.append((SEEN[-1][0], orm.load_node(self.node.pk).stepper_state_info)))
    SEEN.clear()
    node = submit(Walks)
    worker()
    assert SEEN == waiting == RECORD
    assert orm.load_node(node.pk).stepper_state_info == "5:return_"


def test_process_status_prints_it(worker: Callable[[], None]) -> None:
    node, leaf = submit(Bad), submit(flows.Fan, n=orm.Int(1))
    worker()
    assert format_call_graph(orm.load_node(node.pk)).splitlines()[0] == f"Bad<{node.pk}> Excepted [1:two]"
    tree = format_call_graph(orm.load_node(leaf.pk))
    assert tree.splitlines()[0].endswith("Finished [0] [1:results]") and "Leaf<" in tree


def test_tracebacks_begin_at_the_code_of_the_user(engine: Any) -> None:
    with pytest.raises(ValueError, match="oh") as caught:
        run(Bad)
    node = orm.QueryBuilder().append(orm.WorkChainNode).one()[0]
    (message,) = [log.message for log in orm.Log.collection.get_logs_for(node)]
    lines = message.splitlines()
    assert lines[0].endswith("Traceback (most recent call last):")
    assert f'File "{__file__}"' in lines[1] and "in two" in lines[1]
    assert lines[-1] == "ValueError: oh"
    assert len(caught.traceback) > 3  # who runs it gets the whole of it
