"""The base class of everything that runs: what users subclass above, what the runtime drives below.

An instance works with no engine behind it. It writes to the database in three places only, each asked for by name: `_store_record`
(a process made outside a run), `update_outputs` (tests force links), and `_store_loose_nodes` (nodes left in a context). Everything else it
hands to the runtime: a snapshot, pending outputs, collected log rows. So there is one place that decides what is committed with what.

Rejected: states as classes that carry behaviour and their own pickling; here a state is a word on the node.
"""

from __future__ import annotations

import abc
import sys
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType

from aiida.common import serial
from aiida.common.exceptions import InvalidOperation
from aiida.common.exit_code import ExitCode, ExitCodesNamespace
from aiida.common.extendeddicts import AttributeDict, AttributesFrozendict
from aiida.common.lang import classproperty
from aiida.common.log import AIIDA_LOGGER, LOG_LEVEL_REPORT
from aiida.common.process_state import ProcessState
from aiida.common.slots import current_engine
from aiida.engine.processes import exposing, ids, making, recorder, snapshots, stepping
from aiida.engine.processes.builder import ProcessBuilder
from aiida.engine.processes.foreign import Host, run_foreign
from aiida.engine.processes.foreign_states import STATE_CLASSES, State
from aiida.engine.processes.instantiate import make_process, prepare_inputs
from aiida.engine.processes.metadata import define_metadata
from aiida.engine.processes.outcome import Finish, Outcome, PendingOutput, Pointer, Snapshot
from aiida.engine.processes.ports import PortNamespace
from aiida.engine.processes.process_spec import ProcessSpec, making_of
from aiida.engine.processes.replay import cache_source
from aiida.engine.processes.stepping import current_process
from aiida.engine.processes.tracebacks import format_traceback
from aiida.orm import Node, ProcessNode, load_node
from aiida.orm.storing import store_nodes

if t.TYPE_CHECKING:
    from aiida.engine.processes.workchains.awaitable import Awaitable
    from aiida.graph.records import LogRow

__all__ = ("Process", "ProcessState", "current_process")


class ProcessMeta(abc.ABCMeta):
    """Calling a process class gives a live instance with a stored node (BEHAVIOUR A4).

    An `ABCMeta`, because plugins derive abstract work chains with `metaclass=ABCMeta`.

    The work is done after `__init__`, so that a subclass's own `__init__` is over when hooks see the instance.
    """

    def __call__(cls, *args: t.Any, **kwargs: t.Any) -> t.Any:
        instance = super().__call__(*args, **kwargs)
        instance._initialise()
        instance._store_record()
        return instance


class Process(metaclass=ProcessMeta):
    """A process: a spec, an instance of inputs, a node."""

    _node_class: t.ClassVar[type[ProcessNode]] = ProcessNode
    _spec_class: t.ClassVar[type[ProcessSpec]] = ProcessSpec
    _spec: t.ClassVar[ProcessSpec]
    SINGLE_OUTPUT_LINKNAME: t.ClassVar[str] = "result"

    #: What instances carry of the engine's own; everything else in `vars(self)` is the user's and goes into the snapshot.
    _ENGINE_ATTRIBUTES: t.ClassVar[frozenset[str]] = frozenset(
        {
            "_raw_inputs", "_parsed_inputs", "_node", "_outputs", "_taken_outputs", "_log_rows", "_logger", "_runner", "_parent",
            "_parent_pid", "_enable_persistence", "_lost_keys_told", "_host",
        }
    )  # fmt: skip

    _parent: Process | None = None
    _host: Host | None = None
    _node: t.Any = None  # made when `__init__` is over
    _parsed_inputs: AttributesFrozendict

    def __init__(
        self,
        inputs: Mapping[str, t.Any] | None = None,
        logger: t.Any = None,
        runner: t.Any = None,
        parent_pid: int | None = None,
        enable_persistence: bool = True,
    ) -> None:
        self._raw_inputs = AttributesFrozendict(inputs or {})
        self._runner = runner
        self._logger = logger
        self._parent_pid = parent_pid
        self._enable_persistence = enable_persistence
        self._outputs: dict[str, t.Any] = {}
        self._taken_outputs: dict[str, t.Any] = {}
        self._log_rows: list[LogRow] = []

    def __str__(self) -> str:
        return f"<{self.get_name()}> ({self.state})"

    # == the class ======================================================================================================
    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        """Declare inputs, outputs and exit codes; subclasses call `super().define(spec)` first."""
        define_metadata(spec)
        spec.exit_code(1, "ERROR_UNSPECIFIED", invalidates_cache=True, message="The process has failed with an unspecified error.")
        spec.exit_code(2, "ERROR_LEGACY_FAILURE", invalidates_cache=True, message="The process failed with legacy failure mode.")
        spec.exit_code(10, "ERROR_INVALID_OUTPUT", invalidates_cache=True, message="The process returned an invalid output.")
        spec.exit_code(
            11, "ERROR_MISSING_OUTPUT", invalidates_cache=True, message="The process did not register a required output."
        )

    @classmethod
    def spec(cls) -> ProcessSpec:
        """Return the spec, made once per class; another thread that asks meanwhile waits for it."""
        spec = cls.__dict__.get("_spec")
        if spec is not None and spec.sealed:
            return t.cast(ProcessSpec, spec)
        with making_of(cls):
            spec = cls.__dict__.get("_spec")  # `define` may look at `cls.spec()` or `cls.exit_codes` of the class that it defines
            return t.cast(ProcessSpec, spec) if spec is not None else cls._make_spec()

    @classmethod
    def _make_spec(cls) -> ProcessSpec:
        spec = cls._spec = cls._spec_class()
        try:
            cls.define(spec)
            if spec.metadata_key not in spec.inputs:
                raise RuntimeError(f"`{cls.__name__}.define` does not call `super().define(spec)`: do so in its first line")
            spec.validate()
        except BaseException:
            del cls._spec
            raise
        spec.seal()
        return spec

    @classmethod
    def get_builder(cls) -> ProcessBuilder:
        """Return an empty builder."""
        return ProcessBuilder(cls)

    @classmethod
    def build_process_type(cls) -> str:
        """Return the string by which the class is found again."""
        return ids.build_process_type(cls.__module__, cls.__name__)

    @classmethod
    def get_name(cls) -> str:
        """Return the name of the class."""
        return cls.__name__

    @classmethod
    def get_description(cls) -> dict[str, t.Any]:
        """Describe the class and its spec in plain text, for documentation tools."""
        description = {"description": cls.__doc__.strip()} if cls.__doc__ else {}
        return {**description, "spec": cls.spec().get_description()}

    @classproperty
    def exit_codes(cls: t.Any) -> ExitCodesNamespace:
        """The exit codes of the spec."""
        return t.cast(ExitCodesNamespace, cls.spec().exit_codes)

    @classproperty
    def spec_metadata(cls: t.Any) -> PortNamespace:
        """The namespace of metadata ports."""
        return t.cast(PortNamespace, cls.spec().inputs["metadata"])

    @classmethod
    def get_exit_statuses(cls, exit_code_labels: Iterable[str]) -> list[int]:
        """Return the statuses of exit codes given by label."""
        return [getattr(cls.exit_codes, label).status for label in exit_code_labels]

    @classmethod
    def is_valid_cache(cls, node: ProcessNode) -> bool:
        """Tell whether `node` may serve as the result of an equal process; classes may narrow it with `super()`."""
        try:
            return not cls.spec().exit_codes(t.cast(int, node.exit_status)).invalidates_cache
        except ValueError:
            return True

    @classmethod
    def current(cls) -> Process | None:
        """Return the instance whose step or function is running here, if any."""
        return current_process.get()

    @classmethod
    def get_or_create_db_record(cls) -> ProcessNode:
        """Return a new, unstored node."""
        return cls._node_class()

    @classmethod
    def _is_importable(cls) -> bool:
        """Tell whether another interpreter finds this class: else it can be run inline only."""
        return ":" in cls.build_process_type() or ids.is_importable(cls, cls.__module__, cls.__qualname__)

    @classmethod
    def _overrides_on_terminated(cls) -> bool:
        """Tell whether the terminal transaction must leave a `hook` row."""
        return cls.on_terminated is not Process.on_terminated

    # == making an instance =============================================================================================
    @classmethod
    def _create(cls, inputs: Mapping[str, t.Any] | None = None, *, runner: t.Any = None, parent: Process | None = None) -> t.Self:
        """Make an instance with an unstored node, all attributes set and all links pending; nothing is written."""
        instance = cls.__new__(cls)
        instance._parent = parent
        instance.__init__(inputs=inputs, runner=runner)  # type: ignore[misc]
        instance._initialise()
        return instance

    def _initialise(self) -> None:
        """Check the inputs and make the node."""
        making.initialise(self)

    def _build_process_label(self) -> str:
        """Return the label shown in lists."""
        return self.get_name()

    def _setup_db_record(self) -> None:
        """Set everything on the unstored node that is known now; subclasses add to it after `super()`."""
        making.describe(self)

    def _version_info(self) -> dict[str, t.Any]:
        return ids.version_info(type(self))

    def _setup_metadata(self, metadata: dict[str, t.Any]) -> None:
        """Put metadata on the node. Subclasses take out what they know and pass the rest on."""
        making.apply_metadata(self._node, metadata)

    @property
    def _has_provenance(self) -> bool:
        """Whether anything of this process is stored."""
        return bool(self._parsed_inputs.get("metadata", {}).get("store_provenance", True))

    def _nodes_to_store(self) -> list[Node]:
        """Return what the first transaction stores: unstored inputs, then the node. Empty without provenance."""
        return making.list_unstored(self)

    def _store_record(self) -> None:
        """Store inputs and node alone: an instance made outside a run. No task row, no event: nobody picks it up."""
        nodes = self._nodes_to_store()
        if nodes:
            store_nodes(nodes)

    @classmethod
    def _revive(cls, node: ProcessNode, *, runner: t.Any = None) -> t.Self:
        """Make a live instance from a stored node. No constructor runs: `_restore` gives back what the instance held."""
        instance = cls.__new__(cls)
        Process.__init__(instance, runner=runner)
        instance._prepare_revival()
        making.take_up(instance, node)
        return instance

    @classmethod
    def recreate_from(cls, saved_state: t.Any, load_context: t.Any = None) -> t.Self:
        """Make a live instance of a stored process, given as a node, a key or a UUID."""
        return cls._revive(saved_state if isinstance(saved_state, ProcessNode) else load_node(saved_state))

    def _prepare_revival(self) -> None:
        """Set what `__init__` of the engine's own subclasses sets."""

    # == what an instance shows =========================================================================================
    @property
    def node(self) -> t.Any:
        """The node."""
        return self._node

    @property
    def inputs(self) -> AttributesFrozendict:
        """The inputs: given values and defaults."""
        return self._parsed_inputs

    @property
    def raw_inputs(self) -> AttributesFrozendict:
        """The inputs as they were passed."""
        return self._raw_inputs

    @property
    def outputs(self) -> dict[str, t.Any]:
        """The outputs so far, nested."""
        return self._outputs

    @property
    def metadata(self) -> t.Any:
        """The metadata inputs."""
        return self.inputs.metadata

    @property
    def uuid(self) -> str:
        return t.cast(str, self._node.uuid)

    @property
    def pid(self) -> int | None:
        return t.cast("int | None", self._node.pk)

    @property
    def runner(self) -> t.Any:
        """The runner that this instance was given, or the current one."""
        return self._runner if self._runner is not None else current_engine.get().runner

    @property
    def logger(self) -> t.Any:
        """The logger whose records become log entries of the node."""
        if self._logger is not None:
            return self._logger
        return AIIDA_LOGGER.getChild("engine.processes") if self._node is None else self._node.logger

    def set_logger(self, logger: t.Any) -> None:
        """Replace the logger."""
        self._logger = logger

    @property
    def state(self) -> ProcessState:
        """The state that the node shows."""
        return self._node.process_state or ProcessState.CREATED

    @property
    def status(self) -> str | None:
        """The text that says what the process is about."""
        return t.cast("str | None", self._node.process_status)

    def set_status(self, status: str | None) -> None:
        """Say in a few words what the process is about."""
        self._node.set_process_status(status)

    @property
    def paused(self) -> bool:
        return bool(self._node.paused)

    @property
    def creation_time(self) -> float:
        """When the node was made, in seconds of the epoch."""
        return t.cast(float, self._node.ctime.timestamp())

    def has_terminated(self) -> bool:
        """Tell whether the process is finished, excepted or killed."""
        return bool(self._node.is_terminated)

    def get_parent_calc(self) -> ProcessNode | None:
        """Return the node of the process that launched this one, if it has provenance."""
        parent = self._parent
        if parent is None:
            return t.cast("ProcessNode | None", self._node.caller) if self._node.is_stored else None
        return t.cast("ProcessNode | None", parent.node) if parent._has_provenance else None

    def get_provenance_inputs_iterator(self) -> Iterator[tuple[str, t.Any]]:
        """Iterate over the input ports that become links."""
        return ((name, port) for name, port in self.spec().inputs.items() if not (port.is_metadata or port.non_db))

    def exposed_inputs(self, process_class: type[Process], namespace: str | None = None, agglomerate: bool = True) -> AttributeDict:
        """Return the inputs that were exposed from `process_class`."""
        return exposing.collect_inputs(self.spec(), self.inputs, process_class, namespace, agglomerate)

    def exposed_outputs(
        self, node: ProcessNode, process_class: type[Process], namespace: str | None = None, agglomerate: bool = True
    ) -> AttributeDict:
        """Return the outputs of `node`, a run of `process_class`, that were exposed: for `out_many`."""
        return exposing.collect_outputs(self.spec(), node, process_class, namespace, agglomerate)

    def encode_input_args(self, inputs: dict[str, t.Any]) -> t.Any:
        """Return the inputs in the form of a snapshot."""
        return serial.encode(inputs)

    def decode_input_args(self, encoded: t.Any) -> t.Any:
        """Return the inputs of a snapshot."""
        return serial.decode(encoded)

    # == what user code does ============================================================================================
    def report(self, msg: str, *args: t.Any, **kwargs: t.Any) -> None:
        """Log a message at REPORT level, with the process and the calling function before it."""
        function = sys._getframe(1).f_code.co_name
        self.logger.log(LOG_LEVEL_REPORT, f"[{self.pid}|{self.get_name()}|{function}]: {msg}", *args, **kwargs)

    def out(self, output_port: str, value: t.Any = None) -> None:
        """Attach an output, checked against the spec; its link is written when the step ends."""
        if value is None:
            output_port, value = self.SINGLE_OUTPUT_LINKNAME, output_port
        self.on_output_emitting(output_port, value)
        refusal = recorder.check_output_port(self.spec().outputs, output_port.split("."), value)
        if refusal is not None:
            raise ValueError(f"Error validating output '{value}' for port '{refusal.port}': {refusal.message}")
        if isinstance(value, Mapping) and not isinstance(value, Node):
            for label, inner in recorder.flatten_outputs(value):
                recorder.put_nested(self._outputs, [*output_port.split("."), *label.split("__")], inner)
        else:
            recorder.put_nested(self._outputs, output_port.split("."), value)

    def out_many(self, out_dict: Mapping[str, t.Any]) -> None:
        """Attach several outputs."""
        for name, value in out_dict.items():
            self.out(name, value)

    def submit(self, process: t.Any, inputs: Mapping[str, t.Any] | None = None, **kwargs: t.Any) -> ProcessNode:
        """Launch a child and return its stored node at once."""
        return current_engine.get().submit(make_process(process, prepare_inputs(inputs, **kwargs), parent=self))

    def execute(self) -> t.Any:
        """Run this instance to its end, here and now, and return its outputs."""
        return current_engine.get().run(self)[0]

    def update_outputs(self) -> None:
        """Write the links of all pending outputs now."""
        outputs = self._take_outputs()
        if outputs:
            store_nodes(
                [pending.node for pending in outputs if not pending.node.is_stored],
                [(self._node, pending.node, pending.link_type, pending.label) for pending in outputs],
            )

    # == control: a word in the inbox ===================================================================================
    def pause(self, msg_text: str | None = None) -> bool:
        """Ask whoever holds the process to pause it."""
        return current_engine.get().pause(self, msg_text)

    def play(self) -> bool:
        """Ask whoever holds the process to let it go on."""
        return current_engine.get().play(self)

    def kill(self, msg_text: str | None = None, force_kill: bool = False) -> bool:
        """Ask whoever holds the process to kill it."""
        return current_engine.get().kill(self, msg_text, force_kill)

    # == a `run` of the class's own: see `foreign.py` =====================================================================
    @classmethod
    def get_state_classes(cls) -> dict[t.Any, type[State]]:
        """Return the class of each state that the host of a foreign process makes; subclasses may put in their own."""
        return dict(STATE_CLASSES)

    def create_state(self, label: t.Any, *args: t.Any, **kwargs: t.Any) -> State:
        """Make a state of this process."""
        return self.get_state_classes()[ProcessState(label)](self, *args, **kwargs)

    def call_soon(self, callback: t.Callable[..., t.Any], *args: t.Any, **kwargs: t.Any) -> None:
        """Call a function on the loop of this process while it is hosted, else at once."""
        if self._host is None:
            callback(*args, **kwargs)
        else:
            self._host.call_soon(callback, *args, **kwargs)

    def message_receive(self, _comm: t.Any, msg: t.Mapping[str, t.Any]) -> t.Any:
        """Act on a message to this process while it is hosted; a class that knows other intents overrides this."""
        intent = msg.get("intent")
        if intent not in ("pause", "play", "kill"):
            raise InvalidOperation(f"`{self.get_name()}` does not know the intent `{intent}` of a message")
        return {"pause": self.pause, "play": self.play, "kill": self.kill}[intent]()

    def _schedule_rpc(self, callback: t.Callable[..., t.Any], *args: t.Any, **kwargs: t.Any) -> None:
        """Answer a message by a call on the loop of this process."""
        self.call_soon(callback, *args, **kwargs)

    def close(self) -> None:
        """Do nothing: an instance holds nothing that has to be given back."""

    def resume(self, *value: t.Any) -> None:
        """End the waiting of this hosted process; nothing if it does not wait."""
        if self._host is not None:
            self._host.resume(*value)

    # == for the runtime ================================================================================================
    @property
    def _cached_source(self) -> str | None:
        """The UUID of the process whose results this one was given when it was stored: `_run_step` then runs no user code."""
        return cache_source(self)

    def _run_step(self, pointer: Pointer | None = None) -> Outcome:
        """Run user code up to the next resume point. Exceptions of user code pass through."""
        return stepping.run_step(self, pointer)

    def _step(self, pointer: Pointer | None) -> Outcome:
        """Run the whole of a foreign process: its own `run`, plain or a coroutine."""
        return Finish(stepping.read_exit_code(self, run_foreign(self)))

    def _store_loose_nodes(self) -> None:
        """Store nodes that the step left where the snapshot will refer to them."""

    def _take_outputs(self) -> list[PendingOutput]:
        """Return the outputs attached since the last take, with the links they need."""
        return stepping.take_outputs(self)

    def _note_outputs(self, outputs: Iterable[PendingOutput]) -> None:
        """Know of outputs that the runtime attached itself (a job's folders): the final check asks for them."""
        stepping.note_outputs(self, outputs)

    def _take_logs(self) -> list[LogRow]:
        """Return the log rows collected since the last take."""
        rows = list(self._log_rows)
        self._log_rows.clear()
        return rows

    def _result(self) -> t.Any:
        """Return what `run` gives to its caller."""
        return self._outputs

    def _finish(self, exit_code: ExitCode) -> ExitCode:
        """Check the outputs of a process that succeeded."""
        return exit_code if exit_code.status or not self._must_check_outputs() else stepping.check_outputs(self, exit_code)

    def _must_check_outputs(self) -> bool:
        return True

    def _resolve(self, awaitables: Sequence[Awaitable] | None = None) -> None:
        """Take note that awaited processes have ended."""

    # == snapshots ======================================================================================================
    def _snapshot(self) -> Snapshot:
        """Return what the codec keeps of this instance.

        Worth taking at creation too: the inputs that make no node (`non_db`) live nowhere else.
        """
        return snapshots.take_snapshot(self._sections())

    def _sections(self) -> dict[str, dict[str, t.Any]]:
        """Return everything that outlives a step, by section; one encoding for all keeps shared references."""
        return snapshots.collect_sections(self)

    def _restore(self, data: Mapping[str, t.Any]) -> None:
        """Put a snapshot back into a revived instance."""
        self._restore_sections(serial.decode(data) if data else {})

    def _restore_sections(self, sections: Mapping[str, t.Any]) -> None:
        snapshots.restore_sections(self, sections)

    # == hooks ==========================================================================================================
    def on_create(self) -> None:
        """The node is made and not yet stored; its inputs are, for a class that overrides this may put references to them on it."""
        if type(self).on_create is not Process.on_create:
            store_nodes([node for node in self._nodes_to_store() if node is not self._node])

    def save_instance_state(self, out_state: t.Any, save_context: t.Any) -> None:
        """Put into `out_state` what shall come back after a crash, besides what the engine keeps by itself."""

    def load_instance_state(self, saved_state: t.Any, load_context: t.Any) -> None:
        """Take up what `save_instance_state` has put there."""

    def on_run(self) -> None:
        """The process enters *running*."""

    def on_wait(self, awaitables: Sequence[t.Any] = ()) -> None:
        """The process enters *waiting*."""

    def on_exiting(self) -> None:
        """The process leaves a state."""

    def on_output_emitting(self, output_port: str, value: t.Any) -> None:
        """An output is about to be attached; raise to refuse it."""

    def on_finish(self, result: int | ExitCode | None, successful: bool) -> None:
        """The process is finished."""

    def on_except(self, exc_info: tuple[t.Any, BaseException, TracebackType | None]) -> None:
        """User code raised: log the traceback."""
        self.report("%s", format_traceback(exc_info[1]))

    def on_kill(self, msg: t.Any = None) -> None:
        """The process is killed."""

    def on_terminated(self) -> None:
        """The process has ended, its node is sealed."""

    def on_pausing(self, msg: t.Any = None) -> None:
        """The process is about to pause."""

    def on_paused(self, msg: t.Any = None) -> None:
        """The process is paused."""

    def on_playing(self) -> None:
        """The process goes on after a pause."""
