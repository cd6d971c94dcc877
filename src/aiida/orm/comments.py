"""Comments: remarks of users on nodes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from aiida.common.exceptions import ModificationNotAllowed
from aiida.common.lang import type_check
from aiida.graph.records import CommentRow, NodeRow, utc_now
from aiida.orm import hydrate
from aiida.orm.entities import DeletableCollection, Entity
from aiida.orm.session import get_store
from aiida.orm.users import User, user_of

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node
    from aiida.storage.store import Store

__all__ = ("Comment", "CommentCollection")


class CommentCollection(DeletableCollection["Comment"]):
    """The comments of a store."""

    collection_type = "comments"


class Comment(Entity):
    """A remark of a user on a node."""

    _row_type = CommentRow
    _collection_class = CommentCollection
    _row: CommentRow
    identity_field = "uuid"

    def __init__(self, node: Node, user: User, content: str | None = None, backend: Store | None = None) -> None:
        type_check(user, User)
        if node.pk is None or user.pk is None:
            from_what = "node" if node.pk is None else "user"
            raise ModificationNotAllowed(f"store the {from_what} before you add a comment")
        super().__init__(CommentRow(dbnode_id=node.pk, user_id=user.pk, content="" if content is None else str(content)), get_store(backend))
        self._row.mtime = self._row.ctime

    def __str__(self) -> str:
        who = f"node<{self._row.dbnode_id}> and user<{self.user.email}>"
        return f"Comment<{self.uuid}> for {who}: {self._row.content}"

    def __repr__(self) -> str:
        return f"<{self}>"

    @property
    def uuid(self) -> str:
        """The UUID."""
        return self._row.uuid

    @property
    def ctime(self) -> datetime:
        """When it was written."""
        return self._row.ctime

    @property
    def mtime(self) -> datetime:
        """When it was last changed."""
        return cast(datetime, self._fresh_row().mtime)

    def set_mtime(self, value: datetime) -> None:
        """Set the time of the last change."""
        self._update(mtime=value)

    @classmethod
    def _resolve_keys(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Turn the keys of node and user into the entities."""
        store = get_store()
        node = hydrate.to_entity(store.get(NodeRow, values["node"]), store)
        return {**values, "node": node, "user": user_of(store, values["user"])}

    @property
    def node(self) -> Node:
        """The node."""
        return cast("Node", hydrate.to_entity(self._store.get(NodeRow, self._row.dbnode_id), self._store))

    @property
    def user(self) -> User:
        """The author."""
        return user_of(self._store, self._row.user_id)

    def set_user(self, value: User) -> None:
        """Set the author."""
        self._update(user_id=value.pk)

    @property
    def content(self) -> str:
        """The text."""
        return cast(str, self._fresh_row().content)

    def set_content(self, value: str) -> None:
        """Change the text."""
        self._update(content=value, mtime=utc_now())


hydrate.register("comment", Comment)
