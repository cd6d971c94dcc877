"""Groups: named sets of nodes."""

from __future__ import annotations

import datetime
import warnings
from abc import ABCMeta
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aiida.common.exceptions import (
    EntryPointError,
    ModificationNotAllowed,
    NotExistent,
    StoringNotAllowed,
    UniquenessError,
)
from aiida.common.lang import classproperty, type_check
from aiida.common.warnings import warn_deprecation
from aiida.graph.records import GroupNodeRow, GroupRow, NodeRow
from aiida.orm import hydrate
from aiida.orm.cleaning import clean_mapping
from aiida.orm.convert import ConvertIterator
from aiida.orm.entities import Collection, Entity
from aiida.orm.extras import EntityExtras
from aiida.orm.legacy import GROUP_NAMES, get_legacy
from aiida.orm.session import changes, default_user_row, get_store
from aiida.orm.users import User, user_of
from aiida.plugins.entry_point import get_entry_point_from_class, load_entry_point
from aiida.storage.groups import count_members, find_members, remove_members

if TYPE_CHECKING:
    from typing import Self

    from aiida.orm.nodes.node import Node
    from aiida.storage.store import Store

__all__ = ("AutoGroup", "Group", "GroupBase", "GroupCollection", "ImportGroup", "UpfFamily")


class GroupCollection(Collection["Group"]):
    """The groups of one class in a store."""

    collection_type = "groups"

    def get_or_create(self, label: str | None = None, **kwargs: Any) -> tuple[Group, bool]:
        """Return the group, stored, and whether it is new."""
        if not label:
            raise ValueError("Group label must be provided")
        group_class = self.entity_type
        found = self.find(filters={"label": label, "type_string": group_class._type_string})
        if found:
            return found[0], False
        return group_class(backend=self._backend, label=label, **kwargs).store(), True

    def delete(self, pk: int) -> None:
        """Delete a group; its nodes stay."""
        with self._backend.transaction():
            remove_members(self._backend, pk)
            if not self._backend.delete(GroupRow, [pk]):
                raise NotExistent(f"Group with ID<{pk}> does not exist")


class GroupBase:
    """What a group can do, by topic."""

    def __init__(self, group: Group) -> None:
        self._group = group

    @cached_property
    def extras(self) -> EntityExtras:
        """The extras."""
        return EntityExtras(self._group)


class GroupMeta(ABCMeta):
    """Gives each group class its type string: the name of its entry point."""

    @property
    def _type_string(cls) -> str | None:
        known = cls.__dict__.get("_known_type_string")
        if known is not None:
            return cast(str, known)
        group, entry_point = get_entry_point_from_class(cls.__module__, cls.__name__)
        return entry_point.name if entry_point is not None and group == "aiida.groups" else None

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls._type_string is None:
            warnings.warn(
                f"no registered entry point for `{cls.__module__}:{cls.__name__}` so its instances will not be storable.",
                UserWarning,
                stacklevel=2,
            )
        return super().__call__(*args, **kwargs)


class _OfTheClass:
    """Lets an instance show what its metaclass says of the class."""

    def __get__(self, instance: Any, owner: Any) -> str | None:
        return cast("str | None", type(owner)._type_string.fget(owner))


class Group(Entity, metaclass=GroupMeta):
    """A named set of nodes."""

    if not TYPE_CHECKING:
        _type_string = _OfTheClass()

    _row_type = GroupRow
    _collection_class = GroupCollection
    _row: GroupRow
    _known_type_string: ClassVar[str] = "core"
    identity_field = "uuid"

    def __init__(
        self,
        label: str | None = None,
        user: User | None = None,
        description: str = "",
        type_string: str | None = None,
        time: datetime.datetime | None = None,
        extras: dict[str, Any] | None = None,
        backend: Store | None = None,
    ) -> None:
        if not label:
            raise ValueError("Group label must be provided")
        if type_string is not None:
            warn_deprecation("Passing the `type_string` is deprecated, it is determined automatically", version=3, stacklevel=3)
        store = get_store(backend)
        user_id = default_user_row(store).id if user is None else type_check(user, User).pk
        if user_id is None:
            raise ValueError(f"the user {user} is not stored")
        row = GroupRow(label=label, user_id=user_id, description=description, type_string=type(self)._type_string or "")
        if time is not None:
            row.time = time
        if extras:
            row.extras = clean_mapping(extras)
        super().__init__(row, store)

    @classmethod
    def _from_row(cls, row: Any, store: Store) -> Self:
        """Return the group of a row, as an instance of the class that its type string names (else `Group`)."""
        group_class: Any = load_group_class(row.type_string)
        group = group_class.__new__(group_class)
        group._row = row
        group._store = store
        group._seen = changes.count
        group.initialize()
        return cast("Self", group)

    def __repr__(self) -> str:
        kind = f"type {self.type_string}" if self.type_string else "user-defined"
        return f"<{type(self).__name__}: {self.label!r} [{kind}], of user {self.user.email}>"

    def __str__(self) -> str:
        return f"{type(self).__name__}<{self.label}>"

    def __eq__(self, other: object) -> bool:
        return self.uuid == other.uuid if isinstance(other, Group) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.uuid)

    def __getattr__(self, name: str) -> Any:
        """Let the spellings from before version 2 work, with a warning."""
        return get_legacy(self, name, GROUP_NAMES)

    @cached_property
    def base(self) -> GroupBase:
        """What a group can do, by topic."""
        return GroupBase(self)

    @classproperty
    def entry_point(cls: Any) -> Any:
        """The entry point of this class, or `None`."""
        return get_entry_point_from_class(cls.__module__, cls.__name__)[1]

    def store(self) -> Self:
        """Insert the group if that has not been done."""
        if type(self)._type_string is None:
            raise StoringNotAllowed("`type_string` is `None` so the group cannot be stored.")
        return super().store()

    # -- columns -------------------------------------------------------------------------------------------------------

    @property
    def uuid(self) -> str:
        """The UUID."""
        return self._row.uuid

    @property
    def label(self) -> str:
        """The name, unique for the type."""
        return cast(str, self._fresh_row().label)

    @label.setter
    def label(self, label: str) -> None:
        if not label:
            raise ValueError("a group needs a label that is not empty")
        if self.is_stored:
            same = [row for row in self._store.find(GroupRow, label=label, type_string=self.type_string) if row.id != self.pk]
            if same:
                raise UniquenessError(f"a group of the same type with the label {label} already exists")
        self._update(label=label)

    @property
    def description(self) -> str:
        """A text of any length."""
        return cast(str, self._fresh_row().description)

    @description.setter
    def description(self, description: str) -> None:
        self._update(description=description)

    @property
    def type_string(self) -> str:
        """The name of the class's entry point."""
        return self._row.type_string

    @property
    def time(self) -> datetime.datetime | None:
        """When it was made, `None` before storing."""
        return self._row.time if self.is_stored else None

    @property
    def user(self) -> User:
        """The owner."""
        return user_of(self._store, self._row.user_id)

    @user.setter
    def user(self, user: User) -> None:
        type_check(user, User)
        if user.pk is None:
            raise ValueError(f"the user {user} is not stored")
        self._update(user_id=user.pk)

    def is_user_defined(self) -> bool:
        """Whether a user made it, and not a tool."""
        return not self.type_string

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def _node_ids(self) -> list[int]:
        return [] if self.pk is None else find_members(self._store, self.pk)

    @property
    def nodes(self) -> ConvertIterator:
        """The nodes, in the order in which they were added."""
        return ConvertIterator(self._node_ids(), self._load_nodes)

    def _load_nodes(self, ids: Sequence[int]) -> list[Any]:
        rows = self._store.fetch(NodeRow, ids)
        return [hydrate.to_entity(rows[one], self._store) for one in ids if one in rows]

    def count(self) -> int:
        """Return the number of nodes."""
        return 0 if self.pk is None else count_members(self._store, self.pk)

    @property
    def is_empty(self) -> bool:
        """Whether there is no node."""
        return self.count() == 0

    def clear(self) -> None:
        """Take all nodes out."""
        if self.pk is None:
            raise ModificationNotAllowed("cannot clear an unstored group")
        remove_members(self._store, self.pk)

    def add_nodes(self, nodes: Node | Sequence[Node]) -> None:
        """Add stored nodes; those that are in already make no difference."""
        pk = self.pk
        if pk is None:
            raise ModificationNotAllowed("cannot add nodes to an unstored group")
        ids = dict.fromkeys(_ids_of(nodes))
        with self._store.transaction():
            present = set(find_members(self._store, pk, ids))
            new = [GroupNodeRow(dbnode_id=one, dbgroup_id=pk) for one in ids if one not in present]
            if new:
                self._store.insert(new)
                self._store.limit_members(self.uuid, [row.dbnode_id for row in new])

    def remove_nodes(self, nodes: Node | Sequence[Node]) -> None:
        """Take nodes out; those that are not in make no difference."""
        if self.pk is None:
            raise ModificationNotAllowed("cannot remove nodes from an unstored group")
        ids = _ids_of(nodes)
        with self._store.transaction():
            remove_members(self._store, self.pk, ids)
            self._store.limit_members(self.uuid, ids)


def _ids_of(nodes: Any) -> list[int]:
    """Return the keys of stored nodes, given one node or several."""
    several = [nodes] if hasattr(nodes, "_is_node") else nodes
    if isinstance(several, str) or not hasattr(several, "__iter__"):
        raise TypeError(f"Got object of type '{type(nodes)}', expecting a `Node`, or several")
    ids = []
    for node in several:
        if not hasattr(node, "_is_node"):
            raise TypeError(f"Got object of type '{type(node)}', expecting a `Node`")
        if node.pk is None:
            raise ValueError("At least one of the provided nodes is unstored, stopping...")
        ids.append(node.pk)
    return ids


def load_group_class(type_string: str) -> type[Group]:
    """Return the class for a type string; `Group` if its plugin is not installed."""
    if type_string in ("core", ""):
        return Group
    try:
        return cast("type[Group]", load_entry_point("aiida.groups", type_string))
    except EntryPointError:
        return Group


class AutoGroup(Group):
    """What a script run by `verdi run` made."""

    _known_type_string = "core.auto"


class ImportGroup(Group):
    """What came from an archive."""

    _known_type_string = "core.import"


class UpfFamily(Group):
    """A family of pseudopotentials, of old."""

    _known_type_string = "core.upf"


hydrate.register("group", Group)
