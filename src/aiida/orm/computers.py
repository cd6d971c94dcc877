"""Computers: the machines where jobs run, and how their batch system is addressed."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

from aiida.common.exceptions import (
    ConfigurationError,
    EntryPointError,
    IntegrityError,
    InvalidOperation,
    NotExistent,
    ValidationError,
)
from aiida.graph.records import AuthInfoRow, ComputerRow
from aiida.orm import authinfos, hydrate
from aiida.orm.entities import Collection, Entity
from aiida.orm.session import get_store
from aiida.orm.users import User, default_user
from aiida.plugins.entry_point import get_entry_point_names
from aiida.plugins.factories import SchedulerFactory, TransportFactory

if TYPE_CHECKING:
    from typing import Self

    from aiida.orm.authinfos import AuthInfo
    from aiida.schedulers import Scheduler
    from aiida.storage.store import Store
    from aiida.transports import Transport

__all__ = ("Computer", "ComputerCollection")

# What a job's resources provide to the words of the MPI command.
_JOB_FIELDS = dict.fromkeys(("tot_num_mpiprocs", "num_machines", "num_mpiprocs_per_machine", "num_cores_per_machine", "num_cores_per_mpiproc"), "1")


class ComputerCollection(Collection["Computer"]):
    """The computers of a store."""

    collection_type = "computers"

    def get_or_create(self, label: str, **kwargs: Any) -> tuple[bool, Computer]:
        """Return whether the computer is new, and the computer (unstored if new)."""
        rows = self._backend.find(ComputerRow, label=label)
        if rows:
            return False, Computer._from_row(rows[0], self._backend)
        return True, Computer(backend=self._backend, label=label, **kwargs)

    def list_labels(self) -> list[str]:
        """Return the labels of all computers."""
        return [row.label for row in self._backend.find(ComputerRow)]

    def delete(self, pk: int) -> None:
        """Delete a computer; one that nodes refer to is kept and the reason raised."""
        try:
            deleted = self._backend.delete(ComputerRow, [pk])
        except IntegrityError as exception:
            raise InvalidOperation(f"Computer<{pk}> cannot be deleted: nodes refer to it ({exception})") from exception
        if not deleted:
            raise NotExistent(f"no Computer found with ID<{pk}>")


class Computer(Entity):
    """A machine with a transport to reach it and a scheduler to run jobs."""

    PROPERTY_MINIMUM_SCHEDULER_POLL_INTERVAL = "minimum_scheduler_poll_interval"
    PROPERTY_MINIMUM_SCHEDULER_POLL_INTERVAL__DEFAULT = 10.0
    PROPERTY_WORKDIR = "workdir"
    PROPERTY_SHEBANG = "shebang"

    _row_type = ComputerRow
    _collection_class = ComputerCollection
    _row: ComputerRow
    identity_field = "pk"

    def __init__(
        self,
        label: str | None = None,
        hostname: str = "",
        description: str = "",
        transport_type: str = "",
        scheduler_type: str = "",
        workdir: str | None = None,
        metadata: dict[str, Any] | None = None,
        backend: Store | None = None,
    ) -> None:
        row = ComputerRow(
            label=label or "",
            hostname=hostname,
            description=description,
            transport_type=transport_type,
            scheduler_type=scheduler_type,
            metadata=deepcopy(metadata) if metadata else {},
        )
        super().__init__(row, get_store(backend))
        if workdir is not None:
            self.set_workdir(workdir)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __str__(self) -> str:
        return f"{self.label} ({self.hostname}), pk: {self.pk}"

    def __eq__(self, other: object) -> bool:
        return self.uuid == other.uuid if isinstance(other, Computer) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.uuid)

    def __deepcopy__(self, memo: dict[int, Any]) -> Computer:
        return self if self.is_stored else self.copy()

    def copy(self) -> Computer:
        """Return an unstored computer with the same settings."""
        row = self._fresh_row()
        names = ("label", "hostname", "description", "transport_type", "scheduler_type", "metadata")
        return Computer(backend=self._store, **{name: deepcopy(getattr(row, name)) for name in names})

    # -- columns -------------------------------------------------------------------------------------------------------

    @property
    def uuid(self) -> str:
        """The UUID."""
        return self._row.uuid

    @property
    def label(self) -> str:
        """The unique name."""
        return cast(str, self._fresh_row().label)

    @label.setter
    def label(self, value: str) -> None:
        self._update(label=value)

    @property
    def description(self) -> str:
        """What it is."""
        return cast(str, self._fresh_row().description)

    @description.setter
    def description(self, value: str) -> None:
        self._update(description=value)

    @property
    def hostname(self) -> str:
        """Its address."""
        return cast(str, self._fresh_row().hostname)

    @hostname.setter
    def hostname(self, value: str) -> None:
        self._update(hostname=value)

    @property
    def scheduler_type(self) -> str:
        """Entry point of the scheduler."""
        return cast(str, self._fresh_row().scheduler_type)

    @scheduler_type.setter
    def scheduler_type(self, value: str) -> None:
        self._update(scheduler_type=value)

    @property
    def transport_type(self) -> str:
        """Entry point of the transport."""
        return cast(str, self._fresh_row().transport_type)

    @transport_type.setter
    def transport_type(self, value: str) -> None:
        self._update(transport_type=value)

    @property
    def metadata(self) -> dict[str, Any]:
        """All properties; assign a changed dictionary to change them."""
        return deepcopy(cast("dict[str, Any]", self._fresh_row().metadata))

    @metadata.setter
    def metadata(self, value: dict[str, Any]) -> None:
        self._update(metadata=deepcopy(value))

    # -- validation and storing ----------------------------------------------------------------------------------------

    def validate(self) -> None:
        """Raise `ValidationError` for the first setting that cannot be right."""
        if not self.label.strip():
            raise ValidationError("No label specified")
        if not self.hostname.strip():
            raise ValidationError("No hostname specified")
        self._transport_type_validator(self.transport_type)
        self._scheduler_type_validator(self.scheduler_type)
        self._workdir_validator(self.get_workdir())
        self._mpirun_command_validator(self.get_mpirun_command())
        self.default_memory_per_machine_validator(self.get_default_memory_per_machine())

    def store(self) -> Self:
        """Validate, and insert or keep."""
        self.validate()
        return super().store()

    @staticmethod
    def _transport_type_validator(transport_type: str) -> None:
        if transport_type not in get_entry_point_names("aiida.transports"):
            raise ValidationError(
                f"The specified transport `{transport_type}` is not a valid one: see `verdi plugin list aiida.transports`"
            )

    @staticmethod
    def _scheduler_type_validator(scheduler_type: str) -> None:
        if scheduler_type not in get_entry_point_names("aiida.schedulers"):
            raise ValidationError(
                f"The specified scheduler `{scheduler_type}` is not a valid one: see `verdi plugin list aiida.schedulers`"
            )

    @staticmethod
    def _workdir_validator(workdir: str) -> None:
        if not workdir.strip():
            raise ValidationError("No workdir specified")
        try:
            path = workdir.format(username="test")
        except KeyError as exception:
            raise ValidationError(f"In workdir there is an unknown replacement field {exception.args[0]}") from exception
        except ValueError as exception:
            raise ValidationError(f"Error in the string: '{exception}'") from exception
        if not os.path.isabs(path):
            raise ValidationError(f"The workdir must be an absolute path, not `{workdir}`")

    @staticmethod
    def _mpirun_command_validator(mpirun_cmd: list[str] | tuple[str, ...]) -> None:
        if not isinstance(mpirun_cmd, (tuple, list)) or not all(isinstance(word, str) for word in mpirun_cmd):
            raise ValidationError("the mpirun_command must be a list of strings")
        try:
            for word in mpirun_cmd:
                word.format(**_JOB_FIELDS)
        except (KeyError, ValueError, IndexError) as exception:
            raise ValidationError(f"Error in the mpirun command {list(mpirun_cmd)}: '{exception}'") from exception

    @classmethod
    def default_memory_per_machine_validator(cls, def_memory_per_machine: int | None) -> None:
        """Raise `ValidationError` if the memory is neither `None` nor a positive integer (in kilobytes)."""
        if def_memory_per_machine is None:
            return
        if not isinstance(def_memory_per_machine, int) or def_memory_per_machine <= 0:
            raise ValidationError(
                f"Invalid value for def_memory_per_machine, must be a positive int, got: {def_memory_per_machine}"
            )

    # -- properties (kept in the metadata) -----------------------------------------------------------------------------

    def get_property(self, name: str, *args: Any) -> Any:
        """Return a property; a second argument is the default."""
        if len(args) > 1:
            raise TypeError("get_property expected at most 2 arguments")
        metadata = self._fresh_row().metadata
        if name in metadata:
            return deepcopy(metadata[name])
        if args:
            return args[0]
        raise AttributeError(f"'{name}' property not found")

    def set_property(self, name: str, value: Any) -> None:
        """Set a property."""
        self._change_metadata(lambda metadata: {**metadata, name: value})

    def delete_property(self, name: str, raise_exception: bool = True) -> None:
        """Remove a property."""
        if name in self._fresh_row().metadata:
            self._change_metadata(lambda metadata: {key: value for key, value in metadata.items() if key != name})
        elif raise_exception:
            raise AttributeError(f"'{name}' property not found")

    def _change_metadata(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Apply `change` to the properties as the database holds them: another process may have set another one since they were read."""
        if not self.is_stored:
            self._update(metadata=change(self._row.metadata))
            return
        with self._store.transaction():
            self._refresh()
            self._update(metadata=change(self._row.metadata))

    def get_prepend_text(self) -> str:
        """Return the text put before every job's commands."""
        return cast(str, self.get_property("prepend_text", ""))

    def set_prepend_text(self, val: str) -> None:
        """Set the text put before every job's commands."""
        self.set_property("prepend_text", str(val))

    def get_append_text(self) -> str:
        """Return the text put after every job's commands."""
        return cast(str, self.get_property("append_text", ""))

    def set_append_text(self, val: str) -> None:
        """Set the text put after every job's commands."""
        self.set_property("append_text", str(val))

    def get_use_double_quotes(self) -> bool:
        """Return whether the MPI command line is quoted with double quotes."""
        return cast(bool, self.get_property("use_double_quotes", False))

    def set_use_double_quotes(self, val: bool) -> None:
        """Set whether the MPI command line is quoted with double quotes."""
        if not isinstance(val, bool):
            raise TypeError(f"use_double_quotes should be a bool, got {val!r}")
        self.set_property("use_double_quotes", val)

    def get_mpirun_command(self) -> list[str]:
        """Return the words put before an executable that runs with MPI."""
        return cast("list[str]", self.get_property("mpirun_command", ["mpirun", "-np", "{tot_num_mpiprocs}"]))

    def set_mpirun_command(self, val: list[str] | tuple[str, ...]) -> None:
        """Set the words put before an executable that runs with MPI."""
        if not isinstance(val, (tuple, list)) or not all(isinstance(word, str) for word in val):
            raise TypeError("the mpirun_command must be a list of strings")
        self.set_property("mpirun_command", list(val))

    def get_default_mpiprocs_per_machine(self) -> int | None:
        """Return the number of MPI processes per machine that a job gets when it does not say."""
        return cast("int | None", self.get_property("default_mpiprocs_per_machine", None))

    def set_default_mpiprocs_per_machine(self, def_cpus_per_machine: int | None) -> None:
        """Set the number of MPI processes per machine that a job gets when it does not say."""
        if def_cpus_per_machine is None:
            self.delete_property("default_mpiprocs_per_machine", raise_exception=False)
        elif not isinstance(def_cpus_per_machine, int):
            raise TypeError("def_cpus_per_machine must be an integer (or None)")
        else:
            self.set_property("default_mpiprocs_per_machine", def_cpus_per_machine)

    def get_default_memory_per_machine(self) -> int | None:
        """Return the memory (kB) that a job gets when it does not say."""
        return cast("int | None", self.get_property("default_memory_per_machine", None))

    def set_default_memory_per_machine(self, def_memory_per_machine: int | None) -> None:
        """Set the memory (kB) that a job gets when it does not say."""
        self.default_memory_per_machine_validator(def_memory_per_machine)
        self.set_property("default_memory_per_machine", def_memory_per_machine)

    def get_minimum_job_poll_interval(self) -> float:
        """Return the least time in seconds between two looks at the queue."""
        return cast(
            float,
            self.get_property(
                self.PROPERTY_MINIMUM_SCHEDULER_POLL_INTERVAL, self.PROPERTY_MINIMUM_SCHEDULER_POLL_INTERVAL__DEFAULT
            ),
        )

    def set_minimum_job_poll_interval(self, interval: float) -> None:
        """Set the least time in seconds between two looks at the queue."""
        self.set_property(self.PROPERTY_MINIMUM_SCHEDULER_POLL_INTERVAL, interval)

    def get_workdir(self) -> str:
        """Return the directory under which jobs run; may hold `{username}`."""
        return cast(str, self.get_property(self.PROPERTY_WORKDIR, "/scratch/{username}/aiida_run/"))

    def set_workdir(self, val: str) -> None:
        """Set the directory under which jobs run; may hold `{username}`."""
        self.set_property(self.PROPERTY_WORKDIR, val)

    def get_shebang(self) -> str:
        """Return the first line of every script."""
        return cast(str, self.get_property(self.PROPERTY_SHEBANG, "#!/bin/bash"))

    def set_shebang(self, val: str) -> None:
        """Set the first line of every script."""
        if not isinstance(val, str):
            raise ValueError(f"{val} is invalid. Input has to be a string")
        if not val.startswith("#!"):
            raise ValueError(f"{val} is invalid. A shebang line has to start with #!")
        self.set_property(self.PROPERTY_SHEBANG, val)

    # -- authorisation, transport, scheduler ---------------------------------------------------------------------------

    def get_authinfo(self, user: User) -> AuthInfo:
        """Return how `user` logs in; raise `NotExistent` if that has not been configured."""
        authinfo = self._find_authinfo(user)
        if authinfo is None:
            raise NotExistent(
                f"Computer `{self.label}` (ID={self.pk}) not configured for user `{user.get_short_name()}` "
                f"(ID={user.pk}) - use `verdi computer configure` first"
            )
        return authinfo

    def _find_authinfo(self, user: User) -> AuthInfo | None:
        if self.pk is None or user.pk is None:
            return None
        rows = self._store.find(AuthInfoRow, dbcomputer_id=self.pk, aiidauser_id=user.pk)
        if not rows:
            return None
        found = authinfos.AuthInfo._from_row(rows[0], self._store)
        found.__dict__["_computer"] = self
        return found

    @property
    def is_configured(self) -> bool:
        """Whether the default user can log in."""
        return self.is_user_configured(default_user(self._store))

    def is_user_configured(self, user: User) -> bool:
        """Return whether `user` has settings for this computer."""
        return self._find_authinfo(user) is not None

    def is_user_enabled(self, user: User) -> bool:
        """Return whether `user` has settings for this computer that may be used."""
        authinfo = self._find_authinfo(user)
        return authinfo is not None and authinfo.enabled

    def configure(self, user: User | None = None, **kwargs: Any) -> AuthInfo:
        """Set the transport's settings for `user` (default: the default user), keeping those not given."""
        transport_class = self.get_transport_class()
        user = user or default_user(self._store)
        valid = set(transport_class.get_valid_auth_params())
        unknown = [name for name in kwargs if name not in valid]
        if unknown:
            raise ValueError(
                f'{transport_class}: received invalid authentication parameter(s) "{unknown}"; valid ones: {sorted(valid)}'
            )
        authinfo = self._find_authinfo(user) or authinfos.AuthInfo(self, user, backend=self._store)
        authinfo.set_auth_params({**authinfo.get_auth_params(), **kwargs})
        return authinfo.store()

    def get_configuration(self, user: User | None = None) -> dict[str, Any]:
        """Return the transport's settings of `user` (default: the default user)."""
        user = user or default_user(self._store)
        authinfo = self._find_authinfo(user)
        return authinfo.get_auth_params() if authinfo else {}

    def get_transport_class(self) -> type[Transport]:
        """Return the class of the transport."""
        try:
            return cast("type[Transport]", TransportFactory(self.transport_type))
        except EntryPointError as exception:
            raise ConfigurationError(
                f"No transport found for {self.label} [type {self.transport_type}], message: {exception}"
            ) from exception

    def get_transport(self, user: User | None = None) -> Transport:
        """Return a closed transport with the settings of `user` (default: the default user)."""
        return self.get_authinfo(user or default_user(self._store)).get_transport()

    def get_scheduler(self) -> Scheduler:
        """Return a scheduler that has no transport yet."""
        try:
            return cast("Scheduler", SchedulerFactory(self.scheduler_type)())
        except EntryPointError as exception:
            raise ConfigurationError(
                f"No scheduler found for {self.label} [type {self.scheduler_type}], message: {exception}"
            ) from exception


hydrate.register("computer", Computer)
