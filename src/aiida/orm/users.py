"""Users: the persons who own nodes, groups and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from aiida.graph.records import UserRow
from aiida.orm import hydrate
from aiida.orm.entities import Collection, Entity
from aiida.orm.session import default_user_row, forget_default_user, get_store, known_default_user

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("User", "UserCollection")


class UserCollection(Collection["User"]):
    """The users of a store."""

    collection_type = "users"

    def get_or_create(self, email: str, **kwargs: Any) -> tuple[bool, User]:
        """Return whether the user is new, and the user (unstored if new)."""
        rows = self._backend.find(UserRow, email=User.normalize_email(email))
        if rows:
            return False, User._from_row(rows[0], self._backend)
        return True, User(email, backend=self._backend, **kwargs)

    def get_default(self) -> User:
        """Return the user that owns what is made from now on."""
        return default_user(self._backend)

    def reset(self) -> None:
        """Look the default user up again the next time: the profile names another."""
        forget_default_user(self._backend)


class User(Entity):
    """A person."""

    _row_type = UserRow
    _collection_class = UserCollection
    _row: UserRow

    def __init__(
        self,
        email: str,
        first_name: str = "",
        last_name: str = "",
        institution: str = "",
        backend: Store | None = None,
    ) -> None:
        row = UserRow(
            email=self.normalize_email(email), first_name=first_name, last_name=last_name, institution=institution
        )
        super().__init__(row, get_store(backend))

    def __str__(self) -> str:
        return self.email

    def __repr__(self) -> str:
        return f"<User: {self.email} (pk: {self.pk})>"

    def __eq__(self, other: object) -> bool:
        return (self.pk, self.email) == (other.pk, other.email) if isinstance(other, User) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._row.email)

    @staticmethod
    def normalize_email(email: str) -> str:
        """Return the address with its domain in lower case."""
        name, at, domain = (email or "").strip().rpartition("@")
        return f"{name}{at}{domain.lower()}"

    @property
    def is_default(self) -> bool:
        """Whether this is the profile's default user."""
        return default_user_row(self._store).id == self.pk

    @property
    def email(self) -> str:
        """The address that identifies the user."""
        return cast(str, self._fresh_row().email)

    @email.setter
    def email(self, email: str) -> None:
        self._update(email=email)
        forget_default_user(self._store)

    @property
    def first_name(self) -> str:
        """The first name."""
        return cast(str, self._fresh_row().first_name)

    @first_name.setter
    def first_name(self, first_name: str) -> None:
        self._update(first_name=first_name)

    @property
    def last_name(self) -> str:
        """The last name."""
        return cast(str, self._fresh_row().last_name)

    @last_name.setter
    def last_name(self, last_name: str) -> None:
        self._update(last_name=last_name)

    @property
    def institution(self) -> str:
        """The institution."""
        return cast(str, self._fresh_row().institution)

    @institution.setter
    def institution(self, institution: str) -> None:
        self._update(institution=institution)

    def get_full_name(self) -> str:
        """Return the names and the address, as far as they are known."""
        names = " ".join(name for name in (self.first_name, self.last_name) if name)
        return f"{names} ({self.email})" if names else self.email

    def get_short_name(self) -> str:
        """Return the address."""
        return self.email

    @property
    def uuid(self) -> None:
        """Users have no UUID: they are the same person in every profile."""
        return None


def default_user(store: Store) -> User:
    """Return the user that owns what is made in `store`."""
    return User._from_row(default_user_row(store), store)


def user_of(store: Store, user_id: int) -> User:
    """Return the user with this key, without asking the database for the default one (an archive has none)."""
    row = known_default_user(store)
    if row is None or row.id != user_id:
        row = store.get(UserRow, user_id)
    return User._from_row(row, store)


hydrate.register("user", User)
