"""ProcessNode: what the graph knows of a process.

The attributes that change while the process runs are *projections* of its journal, written by the engine in the
transaction of the event; they are read again from the database at each look, until the node is sealed. Nothing here needs
a journal: a process node made by hand is data like any other.
"""

from __future__ import annotations

import enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aiida.common.exceptions import EntryPointError, ModificationNotAllowed
from aiida.common.exit_code import ExitCode
from aiida.common.links import LinkType
from aiida.common.process_state import ProcessState
from aiida.common.slots import current_settings
from aiida.orm import hydrate
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.caching import NodeCaching
from aiida.orm.nodes.links import CALLS, INPUTS, NodeLinks
from aiida.orm.nodes.node import Node
from aiida.orm.utils.log import create_logger_adapter
from aiida.orm.utils.mixins import Sealable
from aiida.plugins.entry_point import is_valid_entry_point_string, load_entry_point_from_string
from aiida.storage.links import find_tree

if TYPE_CHECKING:
    from aiida.engine.processes.builder import ProcessBuilder
    from aiida.engine.processes.process import Process

__all__ = ("ProcessNode",)


class ProcessNodeCaching(NodeCaching):
    """Processes may take their results from an equal finished process."""

    def should_use_cache(self) -> bool:
        """Whether the settings switch caching on for this process type."""
        node = self._node
        settings = current_settings.get_or_none()
        return node._cachable and settings is not None and settings.use_cache(node.process_type or node.node_type)

    @property
    def is_valid_cache(self) -> bool:
        """Whether other processes may take their results from this one: it has ended well enough, and nobody forbade it."""
        node = cast("ProcessNode", self._node)
        return bool(
            super().is_valid_cache
            and node._cachable
            and node.is_finished
            and node.is_sealed
            and _allows_cache(node)
        )

    @is_valid_cache.setter
    def is_valid_cache(self, valid: bool) -> None:
        NodeCaching.is_valid_cache.fset(self, valid)  # type: ignore[attr-defined]

    def _default_objects_to_hash(self) -> dict[str, Any]:
        """A process is also what went in: the hashes of the inputs by link label."""
        objects = super()._default_objects_to_hash()
        links = self._node.base.links.get_incoming(link_type=INPUTS)
        objects["process_type"] = self._node.process_type
        return {**objects, "inputs": {link.link_label: link.node.base.caching.get_hash() for link in links}}

    def copy_from_cache(self, source: Node) -> None:
        """Take over how the other process ended."""
        super().copy_from_cache(source)
        other = cast(Any, source)._attributes()
        leave_out = (Sealable.SEALED_KEY, ProcessNode.CHECKPOINT_KEY)
        own = self._node._row.attributes
        taken = {key: value for key, value in other.items() if key not in leave_out}
        self._node._row.attributes = {**own, **taken, **{key: own[key] for key in ("version",) if key in own}}
        self._node.base.repository._copy(source.base.repository)


def _allows_cache(node: ProcessNode) -> bool:
    """Ask the process class, if it can be found, whether results of this node are good for others."""
    try:
        process_class: Any = node.process_class
    except ValueError:
        return True
    is_valid_cache = getattr(process_class, "is_valid_cache", None)
    return True if is_valid_cache is None else bool(is_valid_cache(node))


class ProcessNodeLinks(NodeLinks):
    """Processes take no input once stored, and nothing once sealed."""

    def validate_incoming(self, source: Node, link_type: LinkType, link_label: str) -> None:
        """Raise if a link from `source` to this node may not be added."""
        super().validate_incoming(source, link_type, link_label)
        if self._node.is_stored:
            raise ValueError("attempted to add an input link after the process node was already stored.")

    def validate_outgoing(self, target: Node, link_type: LinkType, link_label: str) -> None:
        """Raise if a link from this node to `target` may not be added."""
        if cast("ProcessNode", self._node).is_sealed:
            raise ModificationNotAllowed("Cannot add a link from a sealed node")
        super().validate_outgoing(target, link_type, link_label)


class ProcessNode(Sealable, Node):
    """Base of calculations and workflows."""

    _CLS_NODE_CACHING = ProcessNodeCaching
    _CLS_NODE_LINKS = ProcessNodeLinks
    _known_node_type = "process.ProcessNode."
    _family = "process."

    CHECKPOINT_KEY: ClassVar[str] = "checkpoints"
    EXCEPTION_KEY: ClassVar[str] = "exception"
    EXIT_MESSAGE_KEY: ClassVar[str] = "exit_message"
    EXIT_STATUS_KEY: ClassVar[str] = "exit_status"
    METADATA_INPUTS_KEY: ClassVar[str] = "metadata_inputs"
    PROCESS_PAUSED_KEY: ClassVar[str] = "paused"
    PROCESS_LABEL_KEY: ClassVar[str] = "process_label"
    PROCESS_STATE_KEY: ClassVar[str] = "process_state"
    PROCESS_STATUS_KEY: ClassVar[str] = "process_status"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = tuple(
        add_field(name, dtype=dtype, doc=doc, is_attribute=True)
        for name, dtype, doc in (
            ("sealed", bool, "Whether the node is sealed"),
            (PROCESS_LABEL_KEY, str | None, "The short name of the process class"),
            (PROCESS_STATE_KEY, str | None, "The state of the process"),
            (PROCESS_STATUS_KEY, str | None, "What the process is doing"),
            (EXIT_STATUS_KEY, int | None, "The exit status: zero is success"),
            (EXIT_MESSAGE_KEY, str | None, "What the exit status means"),
            (EXCEPTION_KEY, str | None, "The exception that ended the process"),
            (PROCESS_PAUSED_KEY, bool | None, "Whether the process is paused"),
        )
    )
    _unstorable_message = "only Data, WorkflowNode, CalculationNode or their subclasses can be stored"
    _hash_ignored_attributes: ClassVar[tuple[str, ...]] = (METADATA_INPUTS_KEY,)
    _updatable_attributes: ClassVar[tuple[str, ...]] = (
        *Sealable._updatable_attributes,
        PROCESS_PAUSED_KEY,
        CHECKPOINT_KEY,
        EXCEPTION_KEY,
        EXIT_MESSAGE_KEY,
        EXIT_STATUS_KEY,
        PROCESS_LABEL_KEY,
        PROCESS_STATE_KEY,
        PROCESS_STATUS_KEY,
    )

    # True while this interpreter's engine holds the process: memory is then the truth, and reading costs no statement.
    _held: bool = False
    _logger_adapter: Any = None

    def __str__(self) -> str:
        base = super().__str__()
        return f"{base} ({self.process_type})" if self.process_type else base

    # -- attributes that others may change ----------------------------------------------------------------------------

    def _attributes(self, key: str | None = None) -> dict[str, Any]:
        """Return the attributes, read again if what is asked for may have changed since."""
        row = self._row
        if row.id is None or self._held or row.attributes.get(Sealable.SEALED_KEY):
            return row.attributes
        if key is None or key in self._updatable_attributes:
            self._refresh()
        return self._row.attributes

    def _get(self, key: str) -> Any:
        return self._attributes(key).get(key)

    @property
    def mtime(self) -> Any:
        """When the node was last changed."""
        self._attributes()
        return super().mtime

    @property
    def logger(self) -> Any:
        """A logger whose records are kept with this node."""
        if self._logger_adapter is None:
            self._logger_adapter = create_logger_adapter(type(self)._logger, self)
        return self._logger_adapter

    @classmethod
    def recursive_merge(cls, left: dict[Any, Any], right: dict[Any, Any]) -> None:
        """Merge `right` into `left`, level by level; a value that is no mapping on one side is replaced."""
        for key, value in right.items():
            if key in left and isinstance(left[key], dict) and isinstance(value, dict):
                cls.recursive_merge(left[key], value)
            else:
                left[key] = value

    # -- the process class ---------------------------------------------------------------------------------------------

    def set_process_type(self, process_type_string: str) -> None:
        """Set the entry point or import path of the process class."""
        self.process_type = process_type_string

    @property
    def process_class(self) -> type[Process]:
        """The process class; `ValueError` if it is not known or cannot be imported."""
        process_type = self.process_type
        if not process_type:
            raise ValueError(f"no process type for Node<{self.pk}>: cannot recreate process class")
        try:
            if is_valid_entry_point_string(process_type):
                return cast("type[Process]", _process_class_of(load_entry_point_from_string(process_type)))
            return cast("type[Process]", _process_class_of(_import_path(process_type)))
        except (EntryPointError, ImportError, AttributeError, ValueError) as exception:
            raise ValueError(
                f"could not load process class for entry point `{process_type}` of {self!r}: {exception}"
            ) from exception

    def get_builder_restart(self) -> ProcessBuilder:
        """Return a builder that holds the inputs of this process."""
        builder = self.process_class.get_builder()
        inputs = self.base.links.get_incoming(link_type=INPUTS).nested()
        self.recursive_merge(inputs, self.get_metadata_inputs() or {})
        builder._update(inputs)
        return builder

    # -- what the engine projects --------------------------------------------------------------------------------------

    @property
    def process_label(self) -> str | None:
        """The name of the process class."""
        return cast("str | None", self._get(self.PROCESS_LABEL_KEY))

    def set_process_label(self, label: str) -> None:
        """Set the name of the process class."""
        self.base.attributes.set(self.PROCESS_LABEL_KEY, label)

    @property
    def process_state(self) -> ProcessState | None:
        """The state, `None` if it never had one."""
        state = self._get(self.PROCESS_STATE_KEY)
        return None if state is None else ProcessState(state)

    def set_process_state(self, state: str | ProcessState | None) -> None:
        """Set the state."""
        value = state.value if isinstance(state, enum.Enum) else state
        self.base.attributes.set(self.PROCESS_STATE_KEY, value)

    @property
    def process_status(self) -> str | None:
        """What the process is doing, in words."""
        return cast("str | None", self._get(self.PROCESS_STATUS_KEY))

    def set_process_status(self, status: str | None) -> None:
        """Set what the process is doing; `None` removes it."""
        if status is None:
            self._remove(self.PROCESS_STATUS_KEY)
        elif not isinstance(status, str):
            raise TypeError("process status should be a string")
        else:
            self.base.attributes.set(self.PROCESS_STATUS_KEY, status)

    @property
    def is_terminated(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.process_state in (ProcessState.EXCEPTED, ProcessState.FINISHED, ProcessState.KILLED)

    @property
    def is_excepted(self) -> bool:
        """Whether it ended with an exception."""
        return self.process_state is ProcessState.EXCEPTED

    @property
    def is_killed(self) -> bool:
        """Whether it was killed."""
        return self.process_state is ProcessState.KILLED

    @property
    def is_finished(self) -> bool:
        """Whether it came to its end by itself, successful or not."""
        return self.process_state is ProcessState.FINISHED

    @property
    def is_finished_ok(self) -> bool:
        """Whether it ended with exit status zero."""
        return self.is_finished and self._row.attributes.get(self.EXIT_STATUS_KEY) == 0

    @property
    def is_failed(self) -> bool:
        """Whether it ended with another exit status."""
        return self.is_finished and self._row.attributes.get(self.EXIT_STATUS_KEY) != 0

    @property
    def exit_code(self) -> ExitCode | None:
        """Exit status and message, if both are set."""
        status, message = self._get(self.EXIT_STATUS_KEY), self._row.attributes.get(self.EXIT_MESSAGE_KEY)
        return None if status is None or message is None else ExitCode(status, message)

    @property
    def exit_status(self) -> int | None:
        """The exit status: zero for success, `None` before the end."""
        return cast("int | None", self._get(self.EXIT_STATUS_KEY))

    def set_exit_status(self, status: enum.Enum | int | None = None) -> None:
        """Set the exit status; `None` means zero."""
        value = 0 if status is None else status.value if isinstance(status, enum.Enum) else status
        if not isinstance(value, int):
            raise ValueError(f"exit status has to be an integer, got {value}")
        self.base.attributes.set(self.EXIT_STATUS_KEY, value)

    @property
    def exit_message(self) -> str | None:
        """What the exit status means."""
        return cast("str | None", self._get(self.EXIT_MESSAGE_KEY))

    def set_exit_message(self, message: str | None) -> None:
        """Set what the exit status means; `None` changes nothing."""
        if message is None:
            return
        if not isinstance(message, str):
            raise ValueError(f"exit message has to be a string type, got {type(message)}")
        self.base.attributes.set(self.EXIT_MESSAGE_KEY, message)

    @property
    def exception(self) -> str | None:
        """The traceback, if it ended with an exception."""
        return cast("str | None", self._get(self.EXCEPTION_KEY)) if self.is_excepted else None

    def set_exception(self, exception: str) -> None:
        """Set the traceback."""
        if not isinstance(exception, str):
            raise ValueError(f"exception message has to be a string type, got {type(exception)}")
        self.base.attributes.set(self.EXCEPTION_KEY, exception)

    @property
    def checkpoint(self) -> str | None:
        """What aiida-core's engine keeps of a running process; ours writes none."""
        return cast("str | None", self._get(self.CHECKPOINT_KEY))

    def set_checkpoint(self, checkpoint: str) -> None:
        """Set it."""
        self.base.attributes.set(self.CHECKPOINT_KEY, checkpoint)

    def delete_checkpoint(self) -> None:
        """Remove it, if it is there."""
        self._remove(self.CHECKPOINT_KEY)

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return bool(self._get(self.PROCESS_PAUSED_KEY))

    def pause(self) -> None:
        """Mark as paused; to pause a process that runs, ask the engine."""
        self.base.attributes.set(self.PROCESS_PAUSED_KEY, True)

    def unpause(self) -> None:
        """Mark as not paused."""
        self._remove(self.PROCESS_PAUSED_KEY)

    def _remove(self, key: str) -> None:
        try:
            self.base.attributes.delete(key)
        except AttributeError:
            pass

    def get_metadata_inputs(self) -> dict[str, Any] | None:
        """Return the inputs that are no nodes, as they were given."""
        return cast("dict[str, Any] | None", self.base.attributes.get(self.METADATA_INPUTS_KEY, None))

    def set_metadata_inputs(self, value: dict[str, Any]) -> None:
        """Set the inputs that are no nodes."""
        self.base.attributes.set(self.METADATA_INPUTS_KEY, value)

    # -- relatives -----------------------------------------------------------------------------------------------------

    @property
    def caller(self) -> ProcessNode | None:
        """The workflow that called this process."""
        try:
            return cast("ProcessNode", self.base.links.get_incoming(link_type=CALLS).one().node)
        except ValueError:
            return None

    @property
    def called(self) -> list[ProcessNode]:
        """The processes that this one called."""
        return cast("list[ProcessNode]", self.base.links.get_outgoing(link_type=CALLS).all_nodes())

    @property
    def called_descendants(self) -> list[ProcessNode]:
        """All processes below this one, each before those it called."""
        if self.pk is None:
            return []
        children: dict[int, list[ProcessNode]] = {}
        for link, row in find_tree(self.backend, self.pk):
            children.setdefault(link.input_id, []).append(hydrate.to_entity(row, self.backend))
        ordered: list[ProcessNode] = []
        stack = list(reversed(children.get(self.pk, [])))
        while stack:
            node = stack.pop()
            ordered.append(node)
            stack.extend(reversed(children.get(cast(int, node.pk), [])))
        return ordered

    # -- storing -------------------------------------------------------------------------------------------------------

    def _ready_hash(self) -> None:
        """Compute the hash, and if caching is on, look for an equal process to take the results from."""
        super()._ready_hash()
        self._cache_source = None
        caching = self.base.caching
        if not caching.should_use_cache():
            return
        source = caching._get_same_node()
        if source is not None:
            caching.copy_from_cache(source)
            self._cache_source = source

    _cache_source: Node | None = None

    def _after_insert(self) -> None:
        """Give this process clones of the outputs of the one that it took its results from."""
        source, self._cache_source = self._cache_source, None
        if source is not None:
            self._add_outputs_from_cache(source)

    def _add_outputs_from_cache(self, source: Node) -> None:
        for link in source.base.links.get_outgoing(link_type=LinkType.CREATE):
            clone = link.node.clone()
            clone.base.extras.set_many(_own_extras(link.node))
            clone.base.links.add_incoming(self, LinkType.CREATE, link.link_label)
            clone.store()


def _own_extras(node: Node) -> dict[str, Any]:
    ours = (NodeCaching._HASH_EXTRA_KEY, NodeCaching.CACHED_FROM_KEY, NodeCaching._VALID_CACHE_KEY)
    return {key: value for key, value in node.base.extras.all.items() if key not in ours}


def _process_class_of(found: Any) -> Any:
    """A process function stands for the class that was made of it."""
    return getattr(found, "process_class", found) if not isinstance(found, type) else found


def _import_path(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)

