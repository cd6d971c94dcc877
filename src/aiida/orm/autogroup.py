"""The automatic group: what a script makes is put into one group, if `verdi run` was asked to.

One manager per store. It notes at the first node which group it is, and adds each node in the transaction that stores it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from aiida.common import timezone
from aiida.common.escaping import escape_for_sql_like
from aiida.orm import storing
from aiida.orm.groups import AutoGroup
from aiida.orm.querybuilder import QueryBuilder
from aiida.plugins.entry_point import get_entry_point_string_from_class

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node
    from aiida.storage.store import Store

__all__ = ("AutogroupManager",)


class AutogroupManager:
    """Decides which nodes go into the automatic group of a store, and makes the group when the first does."""

    _instances: WeakKeyDictionary[Any, AutogroupManager] = WeakKeyDictionary()

    def __init__(self, backend: Store) -> None:
        self._backend = backend
        self._enabled = False
        self._include: list[str] | None = None
        self._exclude: list[str] | None = None
        self._group_label_prefix = f"Verdi autogroup on {timezone.now():%Y-%m-%d %H:%M:%S}"
        self._group_label: str | None = None

    @classmethod
    def of(cls, backend: Store) -> AutogroupManager:
        """Return the manager of a store."""
        return cls._instances.setdefault(backend, cls(backend))

    @property
    def is_enabled(self) -> bool:
        """Whether nodes are added."""
        return self._enabled

    def enable(self) -> None:
        """Add nodes from now on."""
        self._enabled = True
        if self._add not in storing.after_store:
            storing.after_store.append(self._add)

    def disable(self) -> None:
        """Add no more nodes."""
        self._enabled = False
        if self._add in storing.after_store:
            storing.after_store.remove(self._add)

    def get_exclude(self) -> list[str] | None:
        """Return which classes are left out."""
        return self._exclude

    def get_include(self) -> list[str] | None:
        """Return which classes are added; `None` for all."""
        return self._include

    def get_group_label_prefix(self) -> str:
        """Return how the label of the group begins."""
        return self._group_label_prefix

    @staticmethod
    def validate(strings: list[str] | None) -> None:
        """Raise if these do not name classes: `aiida.data:core.int`, with `%` for any text."""
        if strings is None:
            return
        valid = ("aiida.data:", "aiida.calculations:", "aiida.workflows:", "aiida.node:")
        for text in strings:
            if not isinstance(text, str):
                raise TypeError(f"the names of classes to group are texts, got {text!r}")
            if not text.startswith(valid) and not text.split("%")[0].startswith("aiida") and not valid[0].startswith(text.split("%")[0]):
                raise ValueError(f"`{text}` is no entry point string: it begins with one of {', '.join(valid)}")

    def set_exclude(self, exclude: list[str] | str | None) -> None:
        """Say which classes are left out; not together with `set_include`."""
        names = [exclude] if isinstance(exclude, str) else exclude
        self.validate(names)
        if names is not None and self._include is not None:
            raise ValueError("You cannot both specify what to include and what to exclude")
        self._exclude = names

    def set_include(self, include: list[str] | str | None) -> None:
        """Say which classes are added; not together with `set_exclude`."""
        names = [include] if isinstance(include, str) else include
        self.validate(names)
        if names is not None and self._exclude is not None:
            raise ValueError("You cannot both specify what to include and what to exclude")
        self._include = names

    def set_group_label_prefix(self, label_prefix: str | None) -> None:
        """Say how the label of the group begins."""
        if not isinstance(label_prefix, str):
            raise TypeError("group label must be a string")
        self._group_label_prefix = label_prefix
        self._group_label = None

    def is_to_be_grouped(self, node: Node) -> bool:
        """Whether the node goes into the group."""
        if not self._enabled:
            return False
        name = node.process_type or ""
        if not name.startswith("aiida."):
            cls = type(node)
            name = get_entry_point_string_from_class(cls.__module__, cls.__name__) or ""
        if self._exclude is not None:
            return not any(_fits(pattern, name) for pattern in self._exclude)
        return self._include is None or any(_fits(pattern, name) for pattern in self._include)

    def get_or_create_group(self) -> AutoGroup:
        """Return the group; a label that is taken gets a number."""
        if self._group_label is not None:
            found = AutoGroup.get_collection(self._backend).find({"label": self._group_label})
            if found:
                return found[0]  # type: ignore[no-any-return]
        prefix = self._group_label_prefix
        query = QueryBuilder(backend=self._backend).append(
            AutoGroup, filters={"label": {"like": f"{escape_for_sql_like(prefix)}%"}}, project="label"
        )
        taken = set(query.all(flat=True))
        label, number = prefix, 0
        while label in taken:
            number += 1
            label = f"{prefix}_{number}"
        self._group_label = label
        return AutoGroup(label=label, backend=self._backend).store()

    def _add(self, nodes: Sequence[Any]) -> None:
        mine = [node for node in nodes if node.backend is self._backend and self.is_to_be_grouped(node)]
        if mine:
            self.get_or_create_group().add_nodes(mine)


def _fits(pattern: str, name: str) -> bool:
    """Compare with a pattern in which `%` stands for any text."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("%")), name) is not None
