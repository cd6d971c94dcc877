"""Hash and cache: which nodes are the same, and whether a process may take its results from an earlier one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from aiida.common.exceptions import HashingError, InvalidOperation
from aiida.common.hashing import make_hash
from aiida.orm.querybuilder import QueryBuilder
from aiida.plugins.utils import PluginVersionProvider

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node

__all__ = ("NodeCaching",)


class NodeCaching:
    """The hash of a node and what follows from it."""

    _HASH_EXTRA_KEY = "_aiida_hash"
    _VALID_CACHE_KEY = "_aiida_valid_cache"
    CACHED_FROM_KEY = "_aiida_cached_from"

    def __init__(self, node: Node) -> None:
        self._node = node

    # -- the hash ------------------------------------------------------------------------------------------------------

    def compute_hash(self, ignore_errors: bool = True, **kwargs: Any) -> str | None:
        """Return the hash of the content as it is now, `None` if it cannot be hashed and errors are ignored."""
        return self._compute_hash(ignore_errors=ignore_errors, **kwargs)

    def _compute_hash(self, ignore_errors: bool = True, **kwargs: Any) -> str | None:
        try:
            return make_hash(self.get_objects_to_hash(), **kwargs)
        except HashingError:
            if ignore_errors:
                return None
            raise

    def _get_hash(self, ignore_errors: bool = True, **kwargs: Any) -> str | None:
        return self._compute_hash(ignore_errors=ignore_errors, **kwargs)

    def get_objects_to_hash(self) -> dict[str, Any]:
        """Return everything that makes a difference."""
        return self._get_objects_to_hash()

    def _get_objects_to_hash(self) -> dict[str, Any]:
        """Return everything that makes a difference; classes that know better extend it."""
        return cast("dict[str, Any]", self._node._get_objects_to_hash())

    def _default_objects_to_hash(self) -> dict[str, Any]:
        node = self._node
        cls = type(node)
        skip = (*cls._hash_ignored_attributes, *cls._updatable_attributes)
        attributes = node._attributes()
        computer = node.computer if node._row.dbcomputer_id is not None else None
        return {
            "class": f"{cls.__module__}:{cls.__qualname__}",
            "version": _version_of(cls),
            "attributes": {key: value for key, value in attributes.items() if key not in skip} if skip else attributes,
            "computer_uuid": computer.uuid if computer is not None else None,
            "repository_hash": node.base.repository.hash() if _has_files(node) else None,
        }

    def get_hash(self) -> str | None:
        """Return the hash that was computed when the node was stored."""
        return cast("str | None", self._node._fresh_row().extras.get(self._HASH_EXTRA_KEY))

    def _check_stored(self) -> None:
        if not self._node.is_stored:
            raise InvalidOperation("You can get the hash only after having stored the node")

    def rehash(self) -> None:
        """Compute the hash again and keep it."""
        self._check_stored()
        hash_ = self.compute_hash()
        if hash_ is not None:
            self._node.base.extras.set(self._HASH_EXTRA_KEY, hash_)

    def clear_hash(self) -> None:
        """Forget the hash: no other node will be found the same as this."""
        self._node.base.extras.set(self._HASH_EXTRA_KEY, None)

    # -- the cache -----------------------------------------------------------------------------------------------------

    def get_cache_source(self) -> str | None:
        """Return the UUID of the node whose results were taken, if any were."""
        return cast("str | None", self._node._fresh_row().extras.get(self.CACHED_FROM_KEY))

    @property
    def is_created_from_cache(self) -> bool:
        """Whether the results were taken from another node."""
        return self.get_cache_source() is not None

    def should_use_cache(self) -> bool:
        """Whether this node may take its results from another one. Data never does."""
        return False

    @property
    def is_valid_cache(self) -> bool:
        """Whether other nodes may take their results from this one."""
        return bool(self._node._fresh_row().extras.get(self._VALID_CACHE_KEY, True))

    @is_valid_cache.setter
    def is_valid_cache(self, valid: bool) -> None:
        if not isinstance(valid, bool):
            raise TypeError(f"is_valid_cache is a boolean, got {valid!r}")
        self._node.base.extras.set(self._VALID_CACHE_KEY, valid)

    def get_all_same_nodes(self) -> list[Node]:
        """Return all stored nodes with the same hash that are valid caches."""
        return list(self._iter_all_same_nodes())

    def _get_same_node(self) -> Node | None:
        """Return one node whose results may be taken."""
        return next(self._iter_all_same_nodes(allow_before_store=True), None)

    def _iter_all_same_nodes(self, allow_before_store: bool = False) -> Iterator[Node]:
        node = self._node
        if not allow_before_store:
            self._check_stored()
        hash_ = node._fresh_row().extras.get(self._HASH_EXTRA_KEY)
        if not hash_ or not node._cachable:
            return
        query = QueryBuilder(backend=node.backend)
        query.append(
            type(node), filters={f"extras.{self._HASH_EXTRA_KEY}": hash_}, subclassing=False, tag="same"
        ).order_by({"same": ["id"]})
        for (other,) in query.iterall():  # mostly the first will do, and there may be very many
            if other.pk != node.pk and other.base.caching.is_valid_cache:
                yield other

    def copy_from_cache(self, source: Node) -> None:
        """Make this unstored node a copy of `source`, but for its identity, and say so in an extra."""
        row, other = self._node._row, source._row
        row.label = row.label or other.label
        row.description = row.description or other.description
        row.extras = {**row.extras, self.CACHED_FROM_KEY: other.uuid}


_versions: dict[type, Any] = {}
_provider = PluginVersionProvider()


def _version_of(cls: type) -> Any:
    """Return the version of the package that defines the class; for our own, one number that we change on purpose."""
    if cls not in _versions:
        if cls.__module__.startswith("aiida."):
            _versions[cls] = {"core": "1"}
        else:
            _versions[cls] = _provider.get_version_info(cast(Any, cls))["version"]
    return _versions[cls]


def _has_files(node: Node) -> bool:
    if node._row.repository_metadata:
        return True
    return node._held_files is not None and not node._held_files._repository.is_empty()
