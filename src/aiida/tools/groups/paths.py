"""Labels of groups read as paths: `materials/oxides/perovskites`. A path between two groups need not be a group itself."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import total_ordering
from typing import Any, NamedTuple, cast

from aiida import orm
from aiida.common.escaping import escape_for_sql_like

__all__ = ("GroupAttr", "GroupNotFoundError", "GroupNotUniqueError", "GroupPath", "InvalidPath", "NoGroupsInPathError", "WalkNodeResult")

REGEX_ATTR = re.compile(r"^[a-zA-Z][\_a-zA-Z0-9]*$")


class InvalidPath(Exception):
    """The text cannot be a path."""


class GroupNotFoundError(Exception):
    """There is no group at the path."""

    def __init__(self, grouppath: GroupPath) -> None:
        super().__init__(f"No such group: {grouppath.path}")


class GroupNotUniqueError(Exception):
    """More than one group is at the path."""

    def __init__(self, grouppath: GroupPath) -> None:
        super().__init__(f"The path is not unique: {grouppath.path}")


class NoGroupsInPathError(Exception):
    """No group is at the path or below."""

    def __init__(self, grouppath: GroupPath) -> None:
        super().__init__(f"The path does not contain any descendent groups: {grouppath.path}")


class WalkNodeResult(NamedTuple):
    """A node, and the path at which it was met."""

    group_path: GroupPath
    node: orm.Node


@total_ordering
class GroupPath:
    """A path among the labels of groups."""

    def __init__(self, path: str = "", cls: type[orm.Group] = orm.Group, warn_invalid_child: bool = True) -> None:
        if not (isinstance(cls, type) and issubclass(cls, orm.Group)):
            raise TypeError(f"cls must be a subclass of Group: {cls}")
        self._delimiter = "/"
        self._cls = cls
        self._path_string = self._validate_path(path)
        self._path_list = self._path_string.split(self._delimiter) if path else []
        self._warn_invalid_child = warn_invalid_child

    def _validate_path(self, path: str) -> str:
        """Return the path; it may neither begin nor end with the delimiter, nor have it twice in a row."""
        if not isinstance(path, str):
            raise TypeError(f"path is not a string: {path}")
        if path != path.strip(self._delimiter) or self._delimiter * 2 in path:
            raise InvalidPath(f"The path may not start or end with, or contain two consecutive, `{self._delimiter}`: {path}")
        return path

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self.path}', cls='{self.cls}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupPath) and (self.path, self.cls) == (other.path, other.cls)

    def __lt__(self, other: object) -> bool:
        return self.path < other.path if isinstance(other, GroupPath) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.path, self.cls))

    @property
    def path(self) -> str:
        """The whole path."""
        return self._path_string

    @property
    def path_list(self) -> list[str]:
        """Its parts."""
        return self._path_list[:]

    @property
    def key(self) -> str | None:
        """The last part."""
        return self._path_list[-1] if self._path_list else None

    @property
    def delimiter(self) -> str:
        """What stands between the parts."""
        return self._delimiter

    @property
    def cls(self) -> type[orm.Group]:
        """The class of the groups."""
        return self._cls

    def _make(self, parts: list[str]) -> GroupPath:
        return type(self)(self.delimiter.join(parts), cls=self.cls, warn_invalid_child=self._warn_invalid_child)

    @property
    def parent(self) -> GroupPath | None:
        """The path above."""
        return self._make(self._path_list[:-1]) if self._path_list else None

    def __truediv__(self, path: str) -> GroupPath:
        if not isinstance(path, str):
            raise TypeError(f"path is not a string: {path}")
        return self._make([*self._path_list, *self._validate_path(path).split(self.delimiter)])

    def __getitem__(self, path: str) -> GroupPath:
        return self.__truediv__(path)

    def get_group(self) -> orm.Group | None:
        """Return the group at the path, None if there is none."""
        if not self._path_list:
            return None
        found = self.cls.collection.query(filters={"label": self.path}, subclassing=False).first(flat=True)
        return cast("orm.Group | None", found)  # a label is unique among the groups of one class

    @property
    def group_ids(self) -> list[int]:
        """The pks of the groups with this label."""
        found = orm.QueryBuilder().append(self.cls, subclassing=False, filters={"label": self.path}, project="id").all(flat=True)
        return sorted(found)

    @property
    def is_virtual(self) -> bool:
        """Whether there is no group at the path itself."""
        return not self.group_ids

    def get_or_create_group(self) -> tuple[orm.Group, bool]:
        """Return the group at the path, and whether it is new."""
        group, created = self.cls.collection.get_or_create(label=self.path)
        return group, bool(created)

    def delete_group(self) -> None:
        """Delete the group at the path."""
        ids = self.group_ids
        if not ids:
            raise GroupNotFoundError(self)
        if len(ids) > 1:
            raise GroupNotUniqueError(self)
        self.cls.collection.delete(ids[0])

    @property
    def children(self) -> Iterator[GroupPath]:
        """The paths one level below."""
        prefix = self.path + self.delimiter if self._path_list else ""
        filters = {"label": {"like": f"{escape_for_sql_like(prefix)}%"}} if prefix else {}
        labels = orm.QueryBuilder().append(self.cls, subclassing=False, filters=filters, project="label").all(flat=True)
        if not labels and self.is_virtual and self._path_list:
            raise NoGroupsInPathError(self)
        seen: set[str] = set()
        for label in labels:
            key = label[len(prefix) :].split(self.delimiter)[0]
            if key in seen:
                continue
            seen.add(key)
            try:
                yield self._make([*self._path_list, key])
            except InvalidPath:
                if self._warn_invalid_child:
                    warnings.warn(f"invalid path encountered: {label}", stacklevel=2)

    def __iter__(self) -> Iterator[GroupPath]:
        return self.children

    def __len__(self) -> int:
        return sum(1 for _ in self.children)

    def __contains__(self, key: str) -> bool:
        return any(child.path_list[-1] == key for child in self.children)

    def walk(self, return_virtual: bool = True) -> Iterator[GroupPath]:
        """Yield all paths below, depth first."""
        for child in sorted(self):
            if return_virtual or not child.is_virtual:
                yield child
            yield from child.walk(return_virtual=return_virtual)

    def walk_nodes(
        self, filters: dict[str, Any] | None = None, node_class: type[orm.Node] | None = None, query_batch: int | None = None
    ) -> Iterator[WalkNodeResult]:
        """Yield the nodes of all groups at and below the path."""
        labels = {"or": [{"==": self.path}, {"like": f"{escape_for_sql_like(self.path + self.delimiter)}%"}]}
        query = orm.QueryBuilder().append(self.cls, subclassing=False, filters={"label": labels} if self._path_list else {}, project="label", tag="group")
        query.append(orm.Node if node_class is None else node_class, with_group="group", filters=filters, project=["*"])
        for label, node in query.iterall(query_batch) if query_batch else query.all():
            yield WalkNodeResult(self._make(label.split(self.delimiter)), node)

    @property
    def browse(self) -> GroupAttr:
        """Paths as attributes, for tab completion."""
        return GroupAttr(self)


class GroupAttr:
    """Paths as attributes: `GroupPath().browse.materials.oxides()`."""

    def __init__(self, group_path: GroupPath) -> None:
        self._group_path = group_path

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._group_path!r})"

    def __call__(self) -> GroupPath:
        return self._group_path

    def __dir__(self) -> list[str]:
        return [path.path_list[-1] for path in self._group_path.children if REGEX_ATTR.match(path.path_list[-1])]

    def __getattr__(self, attr: str) -> GroupAttr:
        for child in self._group_path.children:
            if attr == child.path_list[-1]:
                return type(self)(child)
        raise AttributeError(attr)
