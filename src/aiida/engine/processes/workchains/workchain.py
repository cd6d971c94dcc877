"""Work chains: workflows in steps, with a context that survives between them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence

from aiida.common.exceptions import InvalidOperation
from aiida.common.exit_code import ExitCode
from aiida.common.extendeddicts import AttributeDict
from aiida.engine.processes import exposing
from aiida.engine.processes.outcome import Continue, Finish, Outcome
from aiida.engine.processes.process import Process, ProcessMeta
from aiida.engine.processes.process_spec import ProcessSpec
from aiida.engine.processes.workchains import context, outline, reserved
from aiida.engine.processes.workchains.awaitable import Awaitable, AwaitableTarget, construct_awaitable
from aiida.engine.processes.workchains.context import ToContext
from aiida.engine.processes.workchains.outline import Block, if_, return_, while_
from aiida.graph.records import NodeRow
from aiida.orm import Group, Node, ProcessNode, WorkChainNode
from aiida.orm.hydrate import to_entity
from aiida.orm.storing import store_nodes

if t.TYPE_CHECKING:
    from aiida.common.lang import MethodType

__all__ = ("ToContext", "WorkChain", "WorkChainSpec", "if_", "return_", "while_")


class WorkChainSpec(ProcessSpec):
    """The spec of a work chain: also its outline."""

    def __init__(self) -> None:
        super().__init__()
        self._outline = outline.Block()

    def outline(self, *instructions: t.Any) -> None:
        """Declare the steps and their order."""
        self._outline = outline.Block(*instructions)

    def get_outline(self) -> Block:
        """Return the outline."""
        return self._outline

    def get_description(self) -> dict[str, t.Any]:
        description = super().get_description()
        return {**description, "outline": self._outline.get_description()} if self._outline else description


class Protect(ProcessMeta):
    """Refuses classes that override what is marked as final."""

    __SENTINEL = object()

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, t.Any], **kwargs: t.Any) -> t.Any:
        final = {key for base in bases for key, value in _all_attributes(base) if mcs.__is_final(value)}
        for key in final & namespace.keys():
            raise RuntimeError(f"the method `{key}` is protected cannot be overridden.")
        return super().__new__(mcs, name, bases, namespace, **kwargs)

    @classmethod
    def __is_final(mcs, method: t.Any) -> bool:
        return getattr(method, "__final", None) is mcs.__SENTINEL

    @classmethod
    def final(mcs, method: MethodType) -> MethodType:
        """Mark a method as final."""
        setattr(method, "__final", mcs.__SENTINEL)
        return method


def _all_attributes(base: type) -> Iterator[tuple[str, t.Any]]:
    return ((name, value) for cls in base.__mro__ for name, value in vars(cls).items())


class WorkChain(Process, metaclass=Protect):
    """A process whose user code is an outline of steps. What a step puts into `ctx` is there in all later ones."""

    _node_class = WorkChainNode
    _spec_class = WorkChainSpec
    _CONTEXT = "CONTEXT"
    _ENGINE_ATTRIBUTES = Process._ENGINE_ATTRIBUTES | {"_context", "_awaitables"}

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        reserved.check_class(cls, WorkChain)

    def __init__(
        self,
        inputs: Mapping[str, t.Any] | None = None,
        logger: t.Any = None,
        runner: t.Any = None,
        enable_persistence: bool = True,
    ) -> None:
        if type(self) is WorkChain:
            raise InvalidOperation("cannot construct or launch a base `WorkChain` class: subclass it")
        super().__init__(inputs, logger, runner, enable_persistence=enable_persistence)
        self._prepare_revival()

    def _prepare_revival(self) -> None:
        self._context = AttributeDict()
        self._awaitables: list[Awaitable] = []

    @classmethod
    def spec(cls) -> t.Any:
        """Return the spec, whose step names have been checked."""
        fresh = "_spec" not in cls.__dict__
        spec = super().spec()
        if fresh:
            try:
                reserved.check_names(cls, WorkChain, outline.iterate_names(t.cast(WorkChainSpec, spec).get_outline()))
            except RuntimeError:
                del cls._spec
                raise
        return spec

    # -- for steps --------------------------------------------------------------------------------------------------
    @property
    def node(self) -> WorkChainNode:
        """The node."""
        return t.cast(WorkChainNode, self._node)

    @property
    def ctx(self) -> AttributeDict:
        """What the steps share."""
        return self._context

    def to_context(self, **kwargs: Awaitable | ProcessNode) -> None:
        """Wait for processes before the next step, and put them into the context under these names."""
        for key, value in kwargs.items():
            awaitable = construct_awaitable(value)
            awaitable["key"] = key
            context.insert(self._context, awaitable)
            self._awaitables.append(awaitable)

    @Protect.final
    def run(self) -> t.Any:
        """Run the outline to the end, as far as no step waits: for use without an engine."""
        pointer: list[int] | None = None
        while isinstance(outcome := self._run_step(pointer), Continue):
            if outcome.awaitables:
                raise InvalidOperation(f"`{self.get_name()}` waits for other processes: run it with `aiida.engine.run`")
            pointer = outcome.pointer
        return outcome.exit_code

    # -- for the runtime --------------------------------------------------------------------------------------------
    def _step(self, pointer: Sequence[int] | None) -> Outcome:
        """Run exactly one instruction, asking the conditions on the way."""
        program = self.spec().get_outline()
        found = outline.seek(program, pointer or (), self._holds)
        if found is None:
            return Finish(ExitCode())
        where, leaf = found
        self._note_position(outline.position(program, where))
        if isinstance(leaf, outline.Return):
            return Finish(leaf.exit_code)
        after = outline.following(where)
        at_end = outline.is_end(program, after)
        exit_code = self._read_result(leaf.call(self), at_end)
        if exit_code is not None:
            return Finish(exit_code)
        if at_end and not self._awaitables:
            return Finish(ExitCode())
        return Continue(after, tuple(self._awaitables))

    def _note_position(self, position: str | None) -> None:
        """In memory; the engine writes it with what it writes anyway, or when the step lasts."""
        if position is not None:
            self.node._row.attributes[WorkChainNode.STEPPER_STATE_INFO_KEY] = position

    def _holds(self, condition: outline.Call) -> bool:
        return bool(condition(self))

    def _read_result(self, result: t.Any, at_end: bool) -> ExitCode | None:
        """Return the exit code with which a step ends the work chain; None to go on."""
        if isinstance(result, ExitCode):
            return result if result.status != 0 else None
        if isinstance(result, int):
            # `True` is 1 to Python, and ends the work chain as 1 does; the others that are not positive mean nothing.
            return ExitCode(int(result)) if result > 0 else None
        if isinstance(result, dict) and (not at_end or all(isinstance(v, (Awaitable, ProcessNode)) for v in result.values())):
            self.to_context(**result)
        return None

    def _resolve(self, awaitables: Sequence[Awaitable] | None = None) -> None:
        """Put the processes that have ended where they were awaited."""
        waiting = self._awaitables if awaitables is None else [self._own(awaitable) for awaitable in awaitables]
        store = self.node.backend
        rows = store.fetch(NodeRow, [awaitable["pk"] for awaitable in waiting if awaitable["target"] is AwaitableTarget.PROCESS])
        nodes = {pk: to_entity(row, store) for pk, row in rows.items()}
        ended = []
        for awaitable in waiting:
            if awaitable["target"] is AwaitableTarget.GROUP:
                ended.append((awaitable, Group.collection.get(id=awaitable["pk"])))
                continue
            node = nodes[awaitable["pk"]]
            ended.append((awaitable, AttributeDict(exposing.outputs_of(node)) if awaitable["outputs"] else node))
        context.resolve(self._context, ended)
        resolved = {id(awaitable) for awaitable in waiting}
        self._awaitables = [awaitable for awaitable in self._awaitables if id(awaitable) not in resolved]

    def _own(self, awaitable: Awaitable) -> Awaitable:
        """Return this instance's own object for an awaitable that came from elsewhere."""
        for own in self._awaitables:
            if own is awaitable or own == awaitable:
                return own
        return awaitable

    def _sections(self) -> dict[str, dict[str, t.Any]]:
        sections = {"ctx": dict(self._context), **super()._sections()}
        return {**sections, "waiting": {"for": self._awaitables}} if self._awaitables else sections

    def _restore_sections(self, sections: Mapping[str, t.Any]) -> None:
        super()._restore_sections(sections)
        self._context = AttributeDict()
        dict.update(self._context, sections.get("ctx", {}))
        self._awaitables = sections.get("waiting", {}).get("for", [])

    def _store_loose_nodes(self) -> None:
        """Store unstored data in the context: the snapshot refers to nodes, and the next step expects them stored."""
        loose = {id(node): node for node in _iterate_loose(self._context, set())}
        if loose and self._has_provenance:
            store_nodes(list(loose.values()))


def _iterate_loose(value: t.Any, seen: set[int]) -> Iterator[Node]:
    """Yield the unstored data nodes in nested dictionaries and sequences."""
    if isinstance(value, Node):
        if not value.is_stored and not isinstance(value, ProcessNode):
            yield value
    elif isinstance(value, (Mapping, list, tuple, set, frozenset)) and id(value) not in seen:
        seen.add(id(value))
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _iterate_loose(inner, seen)
