"""AuthInfo: how one user logs in to one computer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from aiida.common.exceptions import ConfigurationError, EntryPointError, NotExistent
from aiida.graph.records import AuthInfoRow, ComputerRow
from aiida.orm import hydrate
from aiida.orm.entities import Collection, Entity
from aiida.orm.session import get_store
from aiida.orm.users import User, user_of
from aiida.plugins.factories import TransportFactory

if TYPE_CHECKING:
    from aiida.orm.computers import Computer
    from aiida.storage.store import Store
    from aiida.transports import Transport

__all__ = ("AuthInfo", "AuthInfoCollection")


class AuthInfoCollection(Collection["AuthInfo"]):
    """The authorisations of a store."""

    collection_type = "authinfos"

    def delete(self, pk: int) -> None:
        """Delete one."""
        if not self._backend.delete(AuthInfoRow, [pk]):
            raise NotExistent(f"AuthInfo<{pk}> does not exist")


class AuthInfo(Entity):
    """The transport settings of a user for a computer."""

    PROPERTY_WORKDIR = "workdir"
    _row_type = AuthInfoRow
    _collection_class = AuthInfoCollection
    _row: AuthInfoRow

    def __init__(
        self,
        computer: Computer,
        user: User,
        enabled: bool = True,
        auth_params: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        backend: Store | None = None,
    ) -> None:
        if computer.pk is None or user.pk is None:
            raise ValueError(f"store the computer `{computer}` and the user `{user}` before you connect them")
        row = AuthInfoRow(
            aiidauser_id=user.pk,
            dbcomputer_id=computer.pk,
            enabled=enabled,
            auth_params=dict(auth_params or {}),
            metadata=dict(metadata or {}),
        )
        super().__init__(row, get_store(backend))

    def __str__(self) -> str:
        state = "" if self.enabled else " [DISABLED]"
        return f"AuthInfo for {self.user.email} on {self.computer.label}{state}"

    def __repr__(self) -> str:
        return f"<{self}, pk: {self.pk}>"

    @property
    def enabled(self) -> bool:
        """Whether it may be used."""
        return cast(bool, self._fresh_row().enabled)

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._update(enabled=enabled)

    @property
    def computer(self) -> Computer:
        """The computer."""
        known = self.__dict__.get("_computer")
        if known is None:
            row = self._store.get(ComputerRow, self._row.dbcomputer_id)
            known = self.__dict__["_computer"] = hydrate.to_entity(row, self._store)
        return cast("Computer", known)

    @property
    def user(self) -> User:
        """The user."""
        return user_of(self._store, self._row.aiidauser_id)

    @property
    def auth_params(self) -> dict[str, Any]:
        """The transport's settings."""
        return dict(self._fresh_row().auth_params)

    @property
    def metadata(self) -> dict[str, Any]:
        """Further facts: the working directory, when it differs from the computer's."""
        return dict(self._fresh_row().metadata)

    @classmethod
    def _resolve_keys(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Turn the keys of computer and user into the entities."""
        store = get_store()
        computer = hydrate.to_entity(store.get(ComputerRow, values["computer"]), store)
        return {**values, "computer": computer, "user": user_of(store, values["user"])}

    def get_auth_params(self) -> dict[str, Any]:
        """Return the transport's settings."""
        return self.auth_params

    def set_auth_params(self, auth_params: dict[str, Any]) -> None:
        """Replace the transport's settings."""
        self._update(auth_params=dict(auth_params))

    def get_metadata(self) -> dict[str, Any]:
        """Return the further facts."""
        return self.metadata

    def set_metadata(self, metadata: dict[str, Any]) -> None:
        """Replace the further facts."""
        self._update(metadata=dict(metadata))

    def get_workdir(self) -> str:
        """Return the directory under which jobs of this user run."""
        try:
            return cast(str, self._fresh_row().metadata[self.PROPERTY_WORKDIR])
        except KeyError:
            return self.computer.get_workdir()

    def get_transport(self) -> Transport:
        """Return a closed transport with these settings."""
        computer = self.computer
        try:
            transport_class = TransportFactory(computer.transport_type)
        except EntryPointError as exception:
            raise ConfigurationError(
                f"transport type `{computer.transport_type}` of computer `{computer.label}` could not be loaded: {exception}"
            ) from exception
        return cast("Transport", transport_class(machine=computer.hostname, **self.get_auth_params()))


hydrate.register("authinfo", AuthInfo)
