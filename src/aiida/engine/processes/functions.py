"""Process functions: plain Python functions whose calls are recorded.

The decorator makes one process class per function; its spec is read from the signature when it is first needed. A call is then: name the arguments,
make the instance, hand it to the engine. This is the hottest path of the system, so nothing on it inspects anything twice.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import typing as t
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType

from aiida.common.exit_code import ExitCode
from aiida.common.slots import current_engine
from aiida.engine.processes import ids
from aiida.engine.processes.outcome import Finish, Outcome
from aiida.engine.processes.process import Process, ProcessMeta
from aiida.engine.processes.process_spec import ProcessSpec
from aiida.engine.processes.signature import Signature, declare_inputs
from aiida.orm import CalcFunctionNode, Data, ProcessNode, WorkFunctionNode

__all__ = ("FunctionProcess", "FunctionType", "ProcessFunctionType", "calcfunction", "process_function", "workfunction")

P = t.ParamSpec("P")
R_co = t.TypeVar("R_co", covariant=True)
N = t.TypeVar("N", bound=ProcessNode)


class ProcessFunctionType(t.Protocol, t.Generic[P, R_co, N]):
    """What a decorated function offers besides being called."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

    def run(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

    def run_get_pk(self, *args: P.args, **kwargs: P.kwargs) -> tuple[dict[str, t.Any] | None, int]: ...

    def run_get_node(self, *args: P.args, **kwargs: P.kwargs) -> tuple[dict[str, t.Any] | None, N]: ...

    async def run_async(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

    async def run_get_node_async(self, *args: P.args, **kwargs: P.kwargs) -> tuple[dict[str, t.Any] | None, N]: ...

    is_process_function: bool
    node_class: type[N]
    process_class: type[FunctionProcess]
    recreate_from: Callable[..., t.Any]
    spec: Callable[[], ProcessSpec]


class FunctionProcess(Process):
    """A process whose user code is one function call. Subclasses are made by `build`, one per function."""

    _func: t.ClassVar[Callable[..., t.Any]]
    _signature: t.ClassVar[Signature]
    _source: t.ClassVar[_Source]

    @staticmethod
    def build(func: Callable[..., t.Any], node_class: type[ProcessNode]) -> type[FunctionProcess]:
        """Return the process class of a function."""
        if not issubclass(node_class, ProcessNode):
            raise TypeError(f"the node class of a process function should be a ProcessNode, not {node_class}")
        attributes = {
            "__module__": func.__module__,
            "__qualname__": func.__qualname__,
            "_func": staticmethod(func),
            "_node_class": node_class,
            "_signature": Signature.of(func),
            "_source": _Source(func),
        }
        return t.cast("type[FunctionProcess]", ProcessMeta(func.__name__, (FunctionProcess,), attributes))

    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        """Declare what the signature says."""
        super().define(spec)
        if "_func" in vars(cls):
            declare_inputs(spec, cls._func)
        spec.outputs.valid_type = (Data, dict)
        spec.outputs.dynamic = True

    @classmethod
    def validate_inputs(cls, *args: t.Any, **kwargs: t.Any) -> None:
        """Refuse arguments that the function could not take."""
        cls._signature.check(args, kwargs)

    @classmethod
    def create_inputs(cls, *args: t.Any, **kwargs: t.Any) -> dict[str, t.Any]:
        """Return the inputs that a call with these arguments means."""
        return cls._signature.to_inputs(args, kwargs)

    @property
    def process_class(self) -> Callable[..., t.Any]:
        """The function itself."""
        return self._func

    @classmethod
    def _is_importable(cls) -> bool:
        found = ids.find_object(cls.__module__, cls.__qualname__)
        return cls.__module__ != "__main__" and getattr(found, "process_class", None) is cls

    def _setup_db_record(self) -> None:
        super()._setup_db_record()
        self._source.put_on(self._node)
        if not self._node._row.label:
            self._node._row.label = self._func.__name__

    def _version_info(self) -> dict[str, t.Any]:
        return ids.version_info(self._func)

    def _step(self, pointer: Sequence[int] | None) -> Outcome:
        """Call the function and attach what it returns."""
        args, kwargs = self._signature.to_call(self._parsed_inputs)
        result = self._func(*args, **kwargs)
        if isinstance(result, ExitCode):
            return Finish(result)
        if isinstance(result, Data):
            self.out(self.SINGLE_OUTPUT_LINKNAME, result)
        elif isinstance(result, Mapping):
            self.out_many(result)
        elif result is not None:
            raise TypeError(
                f"Function process returned an output with unsupported type '{type(result)}'\n"
                "Must be a Data type or a mapping of {string: Data}"
            )
        return Finish(ExitCode())

    def _result(self) -> t.Any:
        """Return the one output by itself, several as a dictionary."""
        return _unpack(self._outputs)

    def _sections(self) -> dict[str, dict[str, t.Any]]:
        # The body is run from its beginning, so there is nothing to remember between steps.
        return {}


class _Source:
    """Where a function comes from and the file that holds it: read once, put on every node of it."""

    def __init__(self, function: Callable[..., t.Any]) -> None:
        self._function = function
        self._attributes: dict[str, t.Any] = {}
        self._tree_of: weakref.WeakKeyDictionary[t.Any, tuple[str, dict[str, t.Any]]] = weakref.WeakKeyDictionary()

    def __reduce__(self) -> t.Any:
        # Engines of plugins send functions to other interpreters; what is remembered here is of this one.
        return (_Source, (self._function,))

    def put_on(self, node: t.Any) -> None:
        """Set the attributes and the file. What was stored before is named, not stored again."""
        store = node.backend
        known = self._tree_of.get(store)
        if known is not None and store.repository.has(known[0]):
            node._row.attributes.update(self._attributes)
            node._row.repository_metadata = known[1]
            return
        before = set(node._row.attributes)
        node.store_source_info(self._function)
        self._attributes = {key: value for key, value in node._row.attributes.items() if key not in before}

    def remember(self, node: t.Any) -> None:
        """Take note of where the file is, once a node with it is stored."""
        tree = node._row.repository_metadata
        key = tree.get("o", {}).get(node.FUNCTION_SOURCE_FILE_PATH, {}).get("k")
        if key is not None:
            self._tree_of[node.backend] = (key, tree)


def _unpack(outputs: t.Any) -> t.Any:
    name = Process.SINGLE_OUTPUT_LINKNAME
    return outputs[name] if isinstance(outputs, Mapping) and len(outputs) == 1 and name in outputs else outputs


def process_function(node_class: type[N]) -> Callable[[Callable[P, R_co]], ProcessFunctionType[P, R_co, N]]:
    """Return the decorator that makes process functions with this class of node."""

    def decorator(function: Callable[P, R_co]) -> ProcessFunctionType[P, R_co, N]:
        process_class = FunctionProcess.build(function, node_class)

        def run_get_node(*args: P.args, **kwargs: P.kwargs) -> tuple[t.Any, N]:
            process = process_class._create(process_class._signature.to_inputs(args, kwargs))
            result, node = current_engine.get().run(process)
            process_class._source.remember(node)
            return _unpack(result), t.cast(N, node)

        def run_get_pk(*args: P.args, **kwargs: P.kwargs) -> tuple[t.Any, int]:
            result, node = run_get_node(*args, **kwargs)
            return result, t.cast(int, node.pk)

        @functools.wraps(function)
        def decorated(*args: P.args, **kwargs: P.kwargs) -> R_co:
            return t.cast(R_co, run_get_node(*args, **kwargs)[0])

        async def run_get_node_async(*args: P.args, **kwargs: P.kwargs) -> tuple[t.Any, N]:
            return await asyncio.to_thread(run_get_node, *args, **kwargs)

        async def run_async(*args: P.args, **kwargs: P.kwargs) -> R_co:
            return t.cast(R_co, (await run_get_node_async(*args, **kwargs))[0])

        decorated.run = decorated  # type: ignore[attr-defined]
        decorated.run_async = run_async  # type: ignore[attr-defined]
        decorated.run_get_node_async = run_get_node_async  # type: ignore[attr-defined]
        decorated.run_get_pk = run_get_pk  # type: ignore[attr-defined]
        decorated.run_get_node = run_get_node  # type: ignore[attr-defined]
        decorated.is_process_function = True  # type: ignore[attr-defined]
        decorated.node_class = node_class  # type: ignore[attr-defined]
        decorated.process_class = process_class  # type: ignore[attr-defined]
        decorated.recreate_from = process_class.recreate_from  # type: ignore[attr-defined]
        decorated.spec = process_class.spec  # type: ignore[attr-defined]
        return t.cast("ProcessFunctionType[P, R_co, N]", decorated)

    return decorator


def calcfunction(function: Callable[P, R_co]) -> ProcessFunctionType[P, R_co, CalcFunctionNode]:
    """Record the calls of a function that makes new data from its inputs."""
    _refuse_coroutine(function)
    return process_function(node_class=CalcFunctionNode)(function)


def workfunction(function: Callable[P, R_co]) -> ProcessFunctionType[P, R_co, WorkFunctionNode]:
    """Record the calls of a function that calls other processes and returns data they made."""
    _refuse_coroutine(function)
    return process_function(node_class=WorkFunctionNode)(function)


def _refuse_coroutine(function: Callable[..., t.Any]) -> None:
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"`{function.__name__}` is a coroutine function: a process function is a plain function")
