"""The spellings from before version 2, when everything was a method of the node itself: a table, and one function."""

from __future__ import annotations

from typing import Any

from aiida.common.warnings import warn_deprecation

__all__ = ("get_legacy",)

_ATTRIBUTES = {
    "attributes": "all",
    "get_attribute": "get",
    "get_attribute_many": "get_many",
    "set_attribute": "set",
    "set_attribute_many": "set_many",
    "reset_attributes": "reset",
    "delete_attribute": "delete",
    "delete_attribute_many": "delete_many",
    "clear_attributes": "clear",
    "attributes_items": "items",
    "attributes_keys": "keys",
}
EXTRAS = {old.replace("attribute", "extra"): new for old, new in _ATTRIBUTES.items()}
_CACHING = (
    "get_hash",
    "_get_hash",
    "rehash",
    "clear_hash",
    "get_cache_source",
    "is_created_from_cache",
    "_get_same_node",
    "get_all_same_nodes",
    "_iter_all_same_nodes",
)
_COMMENTS = {
    "add_comment": "add",
    "get_comment": "get",
    "get_comments": "all",
    "remove_comment": "remove",
    "update_comment": "update",
}
_LINKS = (
    "add_incoming",
    "validate_incoming",
    "validate_outgoing",
    "get_stored_link_triples",
    "get_incoming",
    "get_outgoing",
)
_REPOSITORY = (
    "copy_tree",
    "delete_object",
    "get_object",
    "get_object_content",
    "glob",
    "list_objects",
    "list_object_names",
    "open",
    "put_object_from_filelike",
    "put_object_from_file",
    "put_object_from_tree",
    "walk",
)

NODE_NAMES: dict[str, tuple[str, str]] = {
    **{old: ("attributes", new) for old, new in _ATTRIBUTES.items()},
    **{old: ("extras", new) for old, new in EXTRAS.items()},
    **{name: ("caching", name) for name in _CACHING},
    **{old: ("comments", new) for old, new in _COMMENTS.items()},
    **{name: ("links", name) for name in _LINKS},
    **{name: ("repository", name) for name in _REPOSITORY},
    "repository_metadata": ("repository", "metadata"),
}
GROUP_NAMES: dict[str, tuple[str, str]] = {old: ("extras", new) for old, new in EXTRAS.items()}


def get_legacy(entity: Any, name: str, table: dict[str, tuple[str, str]]) -> Any:
    """Return what the old `name` stands for, with a warning; `AttributeError` if it was never a name."""
    if name not in table:
        # Asked again, a property that failed says itself what it missed; what does not exist is refused as anywhere.
        return object.__getattribute__(entity, name)
    topic, new = table[name]
    cls = type(entity).__name__
    warn_deprecation(f"`{cls}.{name}` is deprecated, use `{cls}.base.{topic}.{new}` instead.", version=3, stacklevel=3)
    return getattr(getattr(entity.base, topic), new)
