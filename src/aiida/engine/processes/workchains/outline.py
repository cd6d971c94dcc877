"""The outline of a work chain: a program as data, and a pointer into it.

An outline is a tree of five kinds of instruction. Where a work chain stands is a *pointer*: a list of ints, one index per level, an extra one for
the branch of an `if_`. The interpreter is one question, asked of a block: *which leaf comes next at or after this pointer?* Conditions are asked on
the way, through a function that is given, so the interpreter itself is pure and holds no state; what it says can be written down as JSON and
taken up by another worker a week later.

Steps are named, and looked up on the class when they are called: a test may replace a step, before or after the outline was built.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Sequence

from aiida.common.exit_code import ExitCode

__all__ = ("Block", "If", "Return", "Step", "While", "following", "if_", "is_end", "iterate_names", "return_", "seek", "while_")

Holds = Callable[["Call"], bool]
Pointer = Sequence[int]


class Call:
    """A function of the work chain, known by its name."""

    __slots__ = ("function", "name")

    def __init__(self, function: t.Any) -> None:
        if not callable(function) or isinstance(function, type):
            raise TypeError(f"func is not a function, got {type(function)}")
        self.function = function
        self.name: str = getattr(function, "__name__", type(function).__name__)

    def __call__(self, process: t.Any) -> t.Any:
        """Call what the class of the process has under this name now; what the class does not know is called as it is."""
        found = getattr(type(process), self.name, None)
        return (found if callable(found) else self.function)(process)


class Step:
    """One step."""

    __slots__ = ("call",)

    def __init__(self, function: t.Any) -> None:
        self.call = Call(function)

    def seek(self, pointer: Pointer, holds: Holds) -> tuple[list[int], Leaf]:
        return [], self

    def describe(self) -> t.Any:
        lines = (getattr(self.call.function, "__doc__", None) or "").splitlines()
        text = " ".join(line.strip() for line in lines if line.strip())
        return f"{self.call.name}({text})" if text else self.call.name


class Return:
    """The end, wherever it stands; called with a status or an exit code it is another end."""

    __slots__ = ("exit_code",)

    def __init__(self, exit_code: ExitCode | None = None) -> None:
        self.exit_code = exit_code or ExitCode()

    def __call__(self, exit_code: int | ExitCode | None) -> Return:
        if exit_code is None or isinstance(exit_code, ExitCode):
            return Return(exit_code)
        if isinstance(exit_code, int):
            return Return(ExitCode(exit_code))
        raise TypeError(f"`return_` takes an exit status or an ExitCode, not {type(exit_code)}")

    def seek(self, pointer: Pointer, holds: Holds) -> tuple[list[int], Leaf]:
        return [], self

    def describe(self) -> t.Any:
        return "Return from the outline immediately"


Leaf = Step | Return


class If:
    """Branches, each with its condition; the condition of `else_` is None."""

    __slots__ = ("branches",)

    def __init__(self, condition: t.Any) -> None:
        self.branches: list[tuple[Call | None, Block]] = [(Call(condition), Block())]

    def __call__(self, *instructions: t.Any) -> If:
        self.branches[-1] = (self.branches[-1][0], Block(*instructions))
        return self

    def elif_(self, condition: t.Any) -> If:
        """Begin a branch for when no condition before it holds."""
        self._refuse_after_else()
        self.branches.append((Call(condition), Block()))
        return self

    def else_(self, *instructions: t.Any) -> If:
        """Say what is done when no condition holds."""
        self._refuse_after_else()
        self.branches.append((None, Block(*instructions)))
        return self

    def _refuse_after_else(self) -> None:
        if self.branches[-1][0] is None:
            raise ValueError("nothing can follow `else_` in an `if_`")

    def name_branch(self, number: int) -> str:
        """Return a branch as it is written."""
        condition = self.branches[number][0]
        return "else_" if condition is None else f"{'elif_' if number else 'if_'}({condition.name})"

    def seek(self, pointer: Pointer, holds: Holds) -> tuple[list[int], Leaf] | None:
        if pointer:
            return self._seek_in(pointer[0], pointer[1:], holds)
        for number, (condition, _) in enumerate(self.branches):
            if condition is None or holds(condition):
                return self._seek_in(number, (), holds)
        return None

    def _seek_in(self, number: int, pointer: Pointer, holds: Holds) -> tuple[list[int], Leaf] | None:
        found = seek(self.branches[number][1], pointer, holds)
        return None if found is None else ([number, *found[0]], found[1])

    def describe(self) -> t.Any:
        described: dict[str, t.Any] = {}
        for number, (condition, block) in enumerate(self.branches):
            word = "if" if number == 0 else "elif"
            name = "else" if condition is None else f"{word}({condition.name})"
            # Two branches may ask the same question; a description has a place for each.
            described[name if name not in described else f"{name} #{number}"] = block.describe()
        return described


class While:
    """A block that is repeated while its condition holds."""

    __slots__ = ("block", "condition")

    def __init__(self, condition: t.Any) -> None:
        self.condition = Call(condition)
        self.block = Block()

    def __call__(self, *instructions: t.Any) -> While:
        self.block = Block(*instructions)
        return self

    def seek(self, pointer: Pointer, holds: Holds) -> tuple[list[int], Leaf] | None:
        found = seek(self.block, pointer, holds) if pointer else None
        while found is None and holds(self.condition):
            found = seek(self.block, (), holds)
        return found

    def describe(self) -> t.Any:
        return {f"while({self.condition.name})": self.block.describe()}


class Block(tuple[t.Any, ...]):
    """A sequence of instructions; plain functions become steps."""

    __slots__ = ()

    def __new__(cls, *instructions: t.Any) -> Block:
        flat: list[t.Any] = []
        for one in instructions:
            if isinstance(one, While) and not one.block:
                raise ValueError(f"`while_({one.condition.name})` has no steps: it would turn for ever")
            flat.extend(one if isinstance(one, (tuple, list)) else [one])
        return super().__new__(cls, (one if isinstance(one, (Step, Return, If, While)) else Step(one) for one in flat))

    def describe(self) -> list[t.Any]:
        return [one.describe() for one in self]

    def get_description(self) -> t.Any:
        """Describe the outline by names and first words, for documentation tools; one instruction alone is no list."""
        described = self.describe()
        return described[0] if len(described) == 1 else described


def seek(block: Block, pointer: Pointer, holds: Holds) -> tuple[list[int], Leaf] | None:
    """Return the next leaf at or after `pointer` and where it stands; None if the block is over."""
    index, below = (pointer[0], pointer[1:]) if pointer else (0, ())
    while index < len(block):
        found = block[index].seek(below, holds)
        if found is not None:
            return [index, *found[0]], found[1]
        index, below = index + 1, ()
    return None


def following(pointer: Pointer) -> list[int]:
    """Return the pointer just behind a leaf; it may lie behind the last instruction of its block."""
    return [*pointer[:-1], pointer[-1] + 1]


def is_end(block: Block, pointer: Pointer) -> bool:
    """Tell whether nothing can follow, without asking any condition. False means: it must be asked."""
    index, below = pointer[0], pointer[1:]
    if index >= len(block):
        return True
    if not below or index + 1 < len(block):
        return False
    last = block[index]
    return isinstance(last, If) and is_end(last.branches[below[0]][1], below[1:])


def position(block: Block, where: Pointer) -> str | None:
    """Return where a leaf stands as `verdi process status` shows it, as in AiiDA: the first place of a block has no name of its own."""
    index, below = where[0], where[1:]
    one = block[index]
    if isinstance(one, While):
        inner = position(one.block, below)
        return f"{index}:while_({one.condition.name})" + (f"({inner})" if inner else "")
    if isinstance(one, If):
        inner = position(one.branches[below[0]][1], below[1:])
        first = one.branches[0][0]
        return f"{index}:{one.name_branch(below[0])}({inner})" if inner else f"{index}:if_({first.name if first else ''})"
    if not index:
        return None
    return f"{index}:{one.call.name if isinstance(one, Step) else 'return_'}"


def iterate_names(block: Block) -> Iterator[str]:
    """Yield the names of all steps and conditions."""
    for one in block:
        if isinstance(one, Step):
            yield one.call.name
        elif isinstance(one, While):
            yield one.condition.name
            yield from iterate_names(one.block)
        elif isinstance(one, If):
            for condition, inner in one.branches:
                if condition is not None:
                    yield condition.name
                yield from iterate_names(inner)


def if_(condition: t.Any) -> If:
    """Begin a branch: `if_(cls.condition)(cls.step, …).elif_(…)(…).else_(…)`."""
    return If(condition)


def while_(condition: t.Any) -> While:
    """Begin a loop: `while_(cls.condition)(cls.step, …)`."""
    return While(condition)


#: The end of the work chain; `return_(code)` ends it with that exit code.
return_ = Return()
