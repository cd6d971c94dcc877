"""The comments of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiida.common.exceptions import NotExistent
from aiida.graph.records import CommentRow
from aiida.orm.comments import Comment
from aiida.orm.users import default_user

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node
    from aiida.orm.users import User

__all__ = ("NodeComments",)


class NodeComments:
    """Adding, reading, changing and removing comments."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def add(self, content: str, user: User | None = None) -> Comment:
        """Add a comment of `user` (default: the default user)."""
        store = self._node.backend
        return Comment(node=self._node, user=user or default_user(store), content=content, backend=store).store()

    def get(self, identifier: int) -> Comment:
        """Return the comment with this key, if it is one of this node."""
        store = self._node.backend
        rows = store.find(CommentRow, dbnode_id=self._node._row.id, id=identifier)
        if not rows:
            raise NotExistent(f"no Comment with ID<{identifier}> on {self._node!r}")
        return Comment._from_row(rows[0], store)

    def all(self) -> list[Comment]:
        """Return all comments, oldest first."""
        store = self._node.backend
        if not self._node.is_stored:
            return []
        rows = sorted(store.find(CommentRow, dbnode_id=self._node._row.id), key=lambda row: (row.ctime, row.id))
        return [Comment._from_row(row, store) for row in rows]

    def update(self, identifier: int, content: str) -> None:
        """Change the text of a comment."""
        self.get(identifier).set_content(content)

    def remove(self, identifier: int) -> None:
        """Delete a comment."""
        self._node.backend.delete(CommentRow, [self.get(identifier).pk])  # type: ignore[list-item]
