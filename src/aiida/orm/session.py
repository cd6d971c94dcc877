"""Which store is current, who the user is, and whether what an entity remembers may be stale.

Entities keep the store that they came from; only those made without saying where ask for the current one. Mutable
fields (labels, extras, …) are held in memory and re-read when *this interpreter* changed any of them since: two objects
for one row agree, without an identity map and without a query for every read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from aiida.common.exceptions import NotExistent
from aiida.common.slots import current_store
from aiida.graph.records import UserRow

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("changes", "default_user_row", "forget_default_user", "get_store", "known_default_user")


class Changes:
    """A counter of the changes that entities made to mutable columns."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


changes = Changes()
_default_users: WeakKeyDictionary[Any, UserRow] = WeakKeyDictionary()


def get_store(store: Store | None = None) -> Store:
    """Return `store`, or the current one if none is given."""
    return current_store.get() if store is None else store


def default_user_row(store: Store) -> UserRow:
    """Return the row of the user that owns what is made in `store`."""
    row = _default_users.get(store)
    if row is None or row.email != store.profile.default_user_email:
        row = _default_users[store] = _find_default_user(store)
    return row


def known_default_user(store: Store) -> UserRow | None:
    """Return the row of the default user if it has been looked up."""
    return _default_users.get(store)


def forget_default_user(store: Store) -> None:
    """Look the default user up again the next time: rows were deleted, or the profile names another."""
    _default_users.pop(store, None)


def _find_default_user(store: Store) -> UserRow:
    email = store.profile.default_user_email
    rows = store.find(UserRow, email=email) if email else []
    if not rows:
        raise NotExistent(
            f"profile `{store.profile.name}` has no default user (its configuration says {email!r}): "
            "run `verdi user configure` or `verdi user set-default`"
        )
    return rows[0]
