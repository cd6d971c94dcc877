"""The outline interpreter against plain Python: random programs of steps, branches, loops and returns."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aiida.engine.processes.workchains.outline import Block, Return, Step, following, if_, is_end, return_, seek, while_

# A program: ("step", n) | ("return", n) | ("if", [(condition or None, block), …]) | ("while", condition, block)
numbers = st.integers(0, 5)


def blocks(children: Any) -> Any:
    return st.lists(children, min_size=1, max_size=3)


def instructions(children: Any) -> Any:
    branch = st.tuples(numbers, blocks(children))
    with_else = st.tuples(st.lists(branch, min_size=1, max_size=3), st.none() | blocks(children)).map(
        lambda pair: ("if", [*pair[0], *([] if pair[1] is None else [(None, pair[1])])])
    )
    return with_else | st.tuples(st.just("while"), numbers, blocks(children))


leaves = st.tuples(st.just("step"), numbers) | st.tuples(st.just("step"), numbers) | st.tuples(st.just("return"), numbers)
programs = blocks(st.recursive(leaves, instructions, max_leaves=12))
#: What the conditions answer, one after the other; when they are used up every condition is false, so every loop ends.
answers = st.lists(st.booleans(), max_size=25)


class Stop(Exception):
    """The reference's way to return."""


class Reference:
    """Plain Python."""

    def __init__(self, replies: list[bool]) -> None:
        self.replies, self.trace = list(replies), []

    def holds(self, number: int) -> bool:
        self.trace.append(f"c{number}")
        return self.replies.pop(0) if self.replies else False

    def run(self, program: Any) -> list[str]:
        try:
            self.block(program)
        except Stop:
            pass
        return self.trace

    def block(self, program: Any) -> None:
        for kind, *rest in program:
            if kind == "step":
                self.trace.append(f"s{rest[0]}")
            elif kind == "return":
                self.trace.append(f"r{rest[0]}")
                raise Stop
            elif kind == "if":
                for condition, inner in rest[0]:
                    if condition is None or self.holds(condition):
                        self.block(inner)
                        break
            else:
                while self.holds(rest[0]):
                    self.block(rest[1])


def named(name: str) -> Any:
    def function(self: Any) -> None:
        """Only its name counts."""

    function.__name__ = name
    return function


def compile_block(program: Any) -> list[Any]:
    made = []
    for kind, *rest in program:
        if kind == "step":
            made.append(named(f"s{rest[0]}"))
        elif kind == "return":
            made.append(return_(rest[0]))
        elif kind == "if":
            (condition, inner), *others = rest[0]
            one = if_(named(f"c{condition}"))(*compile_block(inner))
            for condition, inner in others:
                one = one.else_(*compile_block(inner)) if condition is None else one.elif_(named(f"c{condition}"))(*compile_block(inner))
            made.append(one)
        else:
            made.append(while_(named(f"c{rest[0]}"))(*compile_block(rest[1])))
    return made


def interpret(program: Any, replies: list[bool]) -> list[str]:
    """Run by pointer alone: between two steps nothing is kept but its JSON, as after a crash."""
    reference, outline = Reference(replies), Block(*compile_block(program))
    trace = reference.trace

    def holds(call: Any) -> bool:
        return reference.holds(int(call.name[1:]))

    pointer: str = "[]"
    while True:
        found = seek(outline, json.loads(pointer), holds)
        if found is None:
            return trace
        where, leaf = found
        if isinstance(leaf, Return):
            return [*trace, f"r{leaf.exit_code.status}"]
        assert isinstance(leaf, Step)
        trace.append(leaf.call.name)
        after = following(where)
        if is_end(outline, after):
            # It says so without asking: then asking must agree, and ask nothing.
            before = len(trace)
            assert seek(outline, after, holds) is None and len(trace) == before
            return trace
        pointer = json.dumps(after)


@settings(max_examples=300, deadline=None)
@given(programs, answers)
def test_same_trace_as_plain_python(program: Any, replies: list[bool]) -> None:
    assert interpret(program, replies) == Reference(replies).run(program)


@settings(max_examples=100, deadline=None)
@given(programs)
def test_description_names_every_instruction(program: Any) -> None:
    text = json.dumps(Block(*compile_block(program)).get_description())

    def names(block: Any) -> list[str]:
        found = []
        for kind, *rest in block:
            if kind == "step":
                found.append(f"s{rest[0]}")
            elif kind == "if":
                for condition, inner in rest[0]:
                    found += [f"c{condition}"] * (condition is not None) + names(inner)
            elif kind == "while":
                found += [f"c{rest[0]}", *names(rest[1])]
        return found

    assert all(name in text for name in names(program))
