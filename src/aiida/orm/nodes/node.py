"""Node: a vertex of the provenance graph.

What can be done with a node is spread over small helpers in its `base` (attributes, extras, repository, links, caching,
comments), so that data classes have the names to themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, cast

from aiida.common.exceptions import InvalidOperation, ModificationNotAllowed, StoringNotAllowed
from aiida.common.lang import classproperty, type_check
from aiida.common.warnings import warn_deprecation
from aiida.graph.records import ComputerRow, NodeRow, utc_now
from aiida.orm import hydrate, storing
from aiida.orm.cleaning import clean_mapping
from aiida.orm.computers import Computer
from aiida.orm.entities import Entity
from aiida.orm.extras import EntityExtras
from aiida.orm.legacy import NODE_NAMES, get_legacy
from aiida.orm.modelled import ModelledNode
from aiida.orm.nodes.attributes import NodeAttributes
from aiida.orm.nodes.caching import NodeCaching
from aiida.orm.nodes.collection import NodeCollection
from aiida.orm.nodes.comments import NodeComments
from aiida.orm.nodes.links import NodeLinks
from aiida.orm.nodes.repository import NodeRepository
from aiida.orm.session import changes, default_user_row, get_store
from aiida.orm.users import User, user_of
from aiida.orm.utils.node import AbstractNodeMeta, load_node_class
from aiida.plugins.entry_point import get_entry_point_from_class

if TYPE_CHECKING:
    from typing import Self

    from aiida.orm.utils.links import LinkTriple
    from aiida.storage.store import Store

__all__ = ("Node", "NodeBase", "NodeCollection")

_IMMUTABLE = "the attributes of a stored entity are immutable"


class NodeBase:
    """What every node can do, by topic. Made at each use: kept on the node it would close a circle, and nodes would wait for
    the garbage collector."""

    __slots__ = ("_node",)

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def repository(self) -> NodeRepository:
        """The files; kept, as there may be a sandbox."""
        node = self._node
        if node._held_files is None:
            node._held_files = NodeRepository(node)
        return node._held_files

    @property
    def caching(self) -> NodeCaching:
        """Hash and cache; the class is looked up on the node's class at each use, as plugins replace it there."""
        return self._node._CLS_NODE_CACHING(self._node)

    @property
    def comments(self) -> NodeComments:
        """The comments."""
        return NodeComments(self._node)

    @property
    def attributes(self) -> NodeAttributes:
        """The attributes."""
        return NodeAttributes(self._node)

    @property
    def extras(self) -> EntityExtras:
        """The extras."""
        return EntityExtras(self._node)

    @property
    def links(self) -> NodeLinks:
        """The links."""
        return self._node._CLS_NODE_LINKS(self._node)


class Node(ModelledNode, Entity, metaclass=AbstractNodeMeta):
    """Base of data and of processes."""

    _CLS_NODE_CACHING: ClassVar[type[NodeCaching]] = NodeCaching
    _CLS_NODE_LINKS: ClassVar[type[NodeLinks]] = NodeLinks
    _row_type = NodeRow
    _collection_class = NodeCollection
    Collection = NodeCollection
    _row: NodeRow
    _is_node = True
    _known_node_type: ClassVar[str]
    # The family by which the table of legal links knows the node, also when its class has no entry point (yet).
    _family: ClassVar[str] = "node."
    _held_files: NodeRepository | None = None  # once they were asked for

    # What makes no difference for the hash, what may change after storing, and whether it may be stored at all.
    _hash_ignored_attributes: ClassVar[tuple[str, ...]] = ()
    _updatable_attributes: ClassVar[tuple[str, ...]] = ()
    _cachable: ClassVar[bool] = False
    _storable: ClassVar[bool] = False
    _unstorable_message: ClassVar[str] = "only Data, WorkflowNode, CalculationNode or their subclasses can be stored"
    identity_field = "uuid"

    def __init__(
        self,
        backend: Store | None = None,
        user: User | None = None,
        computer: Computer | None = None,
        extras: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        store = get_store(backend)
        row = NodeRow(node_type=type(self)._plugin_type_string, user_id=_user_id(user, store))
        row.mtime = row.ctime
        given = {name: kwargs.pop(name) for name in ("label", "description", "process_type") if name in kwargs}
        if kwargs:
            raise TypeError(f"{type(self).__name__}() got an unexpected keyword argument {next(iter(kwargs))!r}")
        if computer is not None:
            row.dbcomputer_id = _computer_id(computer)
        super().__init__(row, store)
        if computer is not None:
            self._computer = computer
        for name, value in given.items():
            # By the property, as classes refuse some labels there.
            setattr(self, name, value if name == "process_type" else value or "")
        if extras is not None:
            self.base.extras.set_many(extras)

    def initialize(self) -> None:
        """Set what belongs to the object and not to the row."""
        self._pending: list[LinkTriple] = []

    @classmethod
    def _from_row(cls, row: Any, store: Store) -> Self:
        """Return the node of a row, as an instance of the class that the row's node type names."""
        node_class: Any = load_node_class(row.node_type)
        node = node_class.__new__(node_class)
        node._row = row
        node._store = store
        node._seen = changes.count
        node.initialize()
        return cast("Self", node)

    @property
    def base(self) -> NodeBase:
        """What every node can do, by topic."""
        return NodeBase(self)

    # -- identity ------------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Two objects for one node are equal."""
        return self.uuid == other.uuid if isinstance(other, Node) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._row.uuid)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __str__(self) -> str:
        state = f"(pk: {self.pk})" if self.is_stored else "(unstored)"
        return f"uuid: {self.uuid} {state}"

    def __copy__(self) -> Node:
        raise InvalidOperation("copying a base Node is not supported")

    def __deepcopy__(self, memo: dict[int, Any]) -> Node:
        raise InvalidOperation("deep copying a base Node is not supported")

    def __getattr__(self, name: str) -> Any:
        """Let the spellings from before version 2 work, with a warning."""
        return get_legacy(self, name, NODE_NAMES)

    @classproperty
    def class_node_type(cls: Any) -> str:
        """The node type of this class."""
        return cast(str, cls._plugin_type_string)

    @classproperty
    def entry_point(cls: Any) -> Any:
        """The entry point of this class, or `None`."""
        return get_entry_point_from_class(cls.__module__, cls.__name__)[1]

    @property
    def uuid(self) -> str:
        """The UUID."""
        return self._row.uuid

    @property
    def node_type(self) -> str:
        """The node type in the row."""
        return self._row.node_type

    @property
    def logger(self) -> Any:
        """The logger of the class."""
        return type(self)._logger

    # -- columns -------------------------------------------------------------------------------------------------------

    @property
    def process_type(self) -> str | None:
        """The entry point or import path of the process class."""
        return self._row.process_type

    @process_type.setter
    def process_type(self, value: str | None) -> None:
        self._update(process_type=value, mtime=utc_now())

    @property
    def label(self) -> str:
        """A short name, not unique."""
        return cast(str, self._fresh_row().label)

    @label.setter
    def label(self, value: str) -> None:
        self._update(label=value, mtime=utc_now())

    @property
    def description(self) -> str:
        """A text of any length."""
        return cast(str, self._fresh_row().description)

    @description.setter
    def description(self, value: str) -> None:
        self._update(description=value, mtime=utc_now())

    @property
    def ctime(self) -> datetime:
        """When the node was made."""
        return self._row.ctime

    @property
    def mtime(self) -> datetime | None:
        """When the node was last changed, `None` before storing."""
        return cast(datetime, self._fresh_row().mtime) if self.is_stored else None

    @property
    def computer(self) -> Computer | None:
        """The computer to which the node belongs."""
        pk = self._row.dbcomputer_id
        if pk is None:
            return None
        known: Computer | None = self.__dict__.get("_computer")
        if known is None or known.pk != pk:
            known = self._computer = Computer._from_row(self._store.get(ComputerRow, pk), self._store)
        return known

    @computer.setter
    def computer(self, computer: Computer | None) -> None:
        if self.is_stored:
            raise ModificationNotAllowed("cannot set the computer on a stored node")
        type_check(computer, Computer, allow_none=True)
        self._row.dbcomputer_id = None if computer is None else _computer_id(computer)
        if computer is not None:
            self._computer = computer

    def get_computer_pk(self) -> int | None:
        """Return the key of the computer, without loading it."""
        return self._row.dbcomputer_id

    @property
    def user(self) -> User:
        """The owner."""
        known: User | None = self.__dict__.get("_user")
        return known if known is not None and known.pk == self._row.user_id else user_of(self._store, self._row.user_id)

    @user.setter
    def user(self, user: User) -> None:
        if self.is_stored:
            raise ModificationNotAllowed("cannot set the user on a stored node")
        type_check(user, User)
        self._row.user_id = _user_id(user, self._store)
        self._user = user

    # -- attributes ----------------------------------------------------------------------------------------------------

    def _attributes(self, key: str | None = None) -> dict[str, Any]:
        """Return the attributes as they are now, given that `key` (or any, if `None`) is asked for."""
        return self._row.attributes

    def _check_mutability_attributes(self, keys: list[str] | None = None) -> None:
        """Raise if attributes (those of `keys`, or all) may not be changed."""
        if self.is_stored:
            raise ModificationNotAllowed(_IMMUTABLE)

    def _change_attributes(self, patch: dict[str, Any], remove: Iterable[str] = ()) -> None:
        """Change attributes of a stored node, which the caller has checked and cleaned."""
        self._project(patch, remove)

    def _project(self, patch: dict[str, Any], remove: Iterable[str] = (), **columns: Any) -> None:
        """Set attributes and columns of a stored node in one statement, whatever its rules say. For the engine."""
        row = self._row
        remove = [key for key in remove if key not in patch]
        columns.setdefault("mtime", utc_now())
        if row.id is not None:
            self._store.merge_attributes(row.id, patch, remove=remove, **columns)
        row.attributes.update(patch)
        for key in remove:
            row.attributes.pop(key, None)
        for name, value in columns.items():
            setattr(row, name, value)

    # -- validity ------------------------------------------------------------------------------------------------------

    def _validate(self) -> bool:
        """Raise `ValidationError` if the content is not right; called when storing. Classes extend it."""
        return True

    def _validate_storability(self) -> None:
        """Raise `StoringNotAllowed` if instances of this class cannot be stored."""
        cls = type(self)
        if not cls._storable:
            raise StoringNotAllowed(cls._unstorable_message)
        if not cls._plugin_type_string.startswith(("data.", "process.")):
            raise StoringNotAllowed(
                f"class `{cls.__module__}:{cls.__name__}` does not have a registered entry point. "
                "Check that the corresponding plugin is installed and that the entry point shows up in `verdi plugin list`."
            )

    @property
    def is_valid_cache(self) -> bool:
        """Old name of `base.caching.is_valid_cache`."""
        _warn_valid_cache(type(self).__name__)
        return self.base.caching.is_valid_cache

    @is_valid_cache.setter
    def is_valid_cache(self, valid: bool) -> None:
        _warn_valid_cache(type(self).__name__)
        self.base.caching.is_valid_cache = valid

    @classmethod
    def _blank(cls) -> Self:
        """Return an unstored node without having run the constructor of the class."""
        store = get_store()
        row = NodeRow(node_type=cls._plugin_type_string, user_id=_user_id(None, store))
        row.mtime = row.ctime
        node = cls.__new__(cls)
        node._row, node._store, node._seen = row, store, changes.count
        node.initialize()
        return node

    def _get_objects_to_hash(self) -> Any:
        """Return everything that makes a difference for the hash. Classes (and tests) put their own in its place."""
        return self.base.caching._default_objects_to_hash()

    # -- storing -------------------------------------------------------------------------------------------------------

    def store(self) -> Self:
        """Store the node with its files and waiting incoming links, all or nothing; the sources must be stored."""
        if not self.is_stored:
            storing.store_nodes([self])
        return self

    def store_all(self) -> Self:
        """Store the node and first all unstored ones that it links to, all or nothing."""
        if self.is_stored:
            raise ModificationNotAllowed(f"Node<{self.pk}> is already stored")
        storing.store_nodes(_unstored_ancestors(self))
        return self

    def _ready_row(self) -> Callable[[], Any]:
        """Complete the row for its insert: clean attributes, stored files, the hash. Return what undoes it."""
        row = self._row
        before = (row.attributes, row.extras, row.repository_metadata)
        row.attributes = clean_mapping(row.attributes)
        repository = self._held_files
        keep = repository._save() if repository is not None else None

        def undo() -> None:
            row.attributes, row.extras, row.repository_metadata = before
            if repository is not None:
                repository._restore(keep)

        try:
            self._ready_hash()
        except BaseException:
            undo()
            raise
        return undo

    def _ready_hash(self) -> None:
        """Put the hash into the extras, so that the insert writes it; what cannot be hashed has none."""
        hash_ = self.base.caching.compute_hash(ignore_errors=True)
        if hash_ is not None:
            self._row.extras = {**self._row.extras, NodeCaching._HASH_EXTRA_KEY: hash_}

    def _after_insert(self) -> None:
        """Do what belongs to the same transaction, after the row and its links are there."""

    def _mark_stored(self) -> Callable[[], Any]:
        """Forget the links that no longer wait; return what undoes it (the store itself takes the id back)."""
        pending, self._pending = self._pending, []
        self._seen = changes.count

        def undo() -> None:
            self._row.id = None
            self._pending = [*pending, *self._pending]

        return undo

    # -- descriptions and files for interfaces -------------------------------------------------------------------------

    def get_description(self) -> str:
        """Return what lists show of the node; classes give something better."""
        return ""

    def attach_file(self, filepath: str, fileobj: BinaryIO) -> None:
        """Add a file to the repository: what an interface calls for each uploaded file."""
        self.base.repository.put_object_from_filelike(fileobj, filepath)


def _warn_valid_cache(name: str) -> None:
    warn_deprecation(
        f"`{name}.is_valid_cache` is deprecated, use `{name}.base.caching.is_valid_cache` instead.", version=3, stacklevel=3
    )


def _user_id(user: User | None, store: Store) -> int:
    if user is None:
        return cast(int, default_user_row(store).id)
    type_check(user, User)
    if user.pk is None:
        raise ValueError(f"the user {user.email} is not stored")
    return user.pk


def _computer_id(computer: Computer) -> int:
    type_check(computer, Computer)
    if computer.pk is None:
        raise ValueError(f"the computer {computer.label} is not stored")
    return computer.pk


def _unstored_ancestors(node: Node) -> list[Node]:
    """Return the node and all unstored ones from which waiting links lead to it, sources first."""
    ordered: list[Node] = []
    seen: set[int] = set()
    stack: list[tuple[Node, bool]] = [(node, False)]
    while stack:
        current, done = stack.pop()
        if done:
            ordered.append(current)
        elif id(current) not in seen:
            seen.add(id(current))
            stack.append((current, True))
            stack.extend((link.node, False) for link in current._pending if not link.node.is_stored)
    return ordered


hydrate.register("node", Node)
