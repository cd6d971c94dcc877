"""Computers and codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from aiida import orm, plugins
from aiida.common.exceptions import MultipleObjectsError, NotExistent

if TYPE_CHECKING:
    from aiida.orm import Computer, InstalledCode

ComputerFactory = Callable[..., "Computer"]


def find_or_make_computer(
    label: str | None,
    workdir: Path,
    hostname: str = "localhost",
    scheduler_type: str = "core.direct",
    transport_type: str = "core.local",
    minimum_job_poll_interval: int = 0,
    default_mpiprocs_per_machine: int = 1,
    configuration_kwargs: dict[str, Any] | None = None,
) -> Computer:
    """Return the computer of this label, made if there is none; configured if arguments for that are given."""
    label = label or f"test-computer-{uuid4().hex}"
    try:
        computer = orm.Computer.collection.get(
            label=label, hostname=hostname, scheduler_type=scheduler_type, transport_type=transport_type
        )
    except NotExistent:
        computer = orm.Computer(
            label=label,
            hostname=hostname,
            workdir=str(workdir),
            transport_type=transport_type,
            scheduler_type=scheduler_type,
        )
        computer.store()
        computer.set_minimum_job_poll_interval(minimum_job_poll_interval)
        computer.set_default_mpiprocs_per_machine(default_mpiprocs_per_machine)
    if configuration_kwargs is not None:
        computer.configure(**configuration_kwargs)
    return computer


@pytest.fixture
def aiida_computer(tmp_path: Path) -> ComputerFactory:
    """A factory of computers."""

    def factory(
        label: str | None = None,
        hostname: str = "localhost",
        scheduler_type: str = "core.direct",
        transport_type: str = "core.local",
        minimum_job_poll_interval: int = 0,
        default_mpiprocs_per_machine: int = 1,
        configuration_kwargs: dict[str, Any] | None = None,
    ) -> Computer:
        return find_or_make_computer(
            label,
            tmp_path,
            hostname,
            scheduler_type,
            transport_type,
            minimum_job_poll_interval,
            default_mpiprocs_per_machine,
            configuration_kwargs,
        )

    return factory


@pytest.fixture
def aiida_computer_local(aiida_computer: ComputerFactory) -> ComputerFactory:
    """A factory of computers that are this machine."""

    def factory(label: str | None = None, configure: bool = True) -> Computer:
        return aiida_computer(label=label, transport_type="core.local", configuration_kwargs={} if configure else None)

    return factory


@pytest.fixture
def aiida_computer_ssh(aiida_computer: ComputerFactory, ssh_key: Path) -> ComputerFactory:
    """A factory of computers that are this machine, reached over SSH."""

    def factory(label: str | None = None, configure: bool = True) -> Computer:
        arguments = {"key_filename": str(ssh_key), "key_policy": "AutoAddPolicy", "safe_interval": 1.0}
        return aiida_computer(
            label=label, transport_type="core.ssh", configuration_kwargs=arguments if configure else None
        )

    return factory


@pytest.fixture
def aiida_computer_ssh_async(aiida_computer: ComputerFactory) -> ComputerFactory:
    """A factory of computers that are this machine, reached over SSH by the asynchronous transport."""

    def factory(label: str | None = None, configure: bool = True, backend: str | None = None) -> Computer:
        arguments = {"backend": backend} if backend is not None else {}
        return aiida_computer(
            label=label, transport_type="core.ssh_async", configuration_kwargs=arguments if configure else None
        )

    return factory


@pytest.fixture
def aiida_localhost(aiida_computer_local: ComputerFactory) -> Computer:
    """This machine, as the computer `localhost`."""
    return aiida_computer_local(label="localhost")


@pytest.fixture(scope="session")
def ssh_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a new private SSH key, with the public one beside it (`.pub`)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    private = Ed25519PrivateKey.generate()
    path = tmp_path_factory.mktemp("keys") / uuid4().hex
    path.touch(mode=0o600)
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    path.with_suffix(".pub").write_bytes(private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b"\n")
    return path


def find_code(label: str, computer: Computer | None) -> Any:
    """Return a stored code by label, or `None`; the oldest one, as labels may be repeated."""
    full_label = f"{label}@{computer.label}" if computer is not None else label
    try:
        return orm.load_code(full_label)
    except NotExistent:
        return None
    except MultipleObjectsError:
        builder = orm.QueryBuilder().append(orm.AbstractCode, filters={"label": label}, tag="code")
        if computer is not None:
            builder.append(orm.Computer, with_node="code", filters={"id": computer.pk})
        builder.order_by({"code": {"id": "asc"}})
        builder.add_projection("code", "*")
        return builder.first(flat=True)


@pytest.fixture
def aiida_code() -> Callable[..., Any]:
    """A factory of codes of any kind."""

    def factory(entry_point: str, label: str | None = None, **kwargs: Any) -> Any:
        cls = plugins.DataFactory(entry_point)
        label = label or f"test-code-{uuid4().hex}"
        found = find_code(label, kwargs.get("computer"))
        return found if found is not None else cls(label=label, **kwargs).store()

    return factory


@pytest.fixture
def aiida_code_installed(aiida_code: Callable[..., Any], aiida_localhost: Computer) -> Callable[..., InstalledCode]:
    """A factory of codes that are installed on a computer."""

    def factory(
        label: str | None = None,
        description: str | None = None,
        default_calc_job_plugin: str | None = None,
        computer: Computer = aiida_localhost,
        filepath_executable: str = "/bin/bash",
        use_double_quotes: bool = False,
        with_mpi: bool | None = None,
        prepend_text: str = "",
        append_text: str = "",
    ) -> InstalledCode:
        return aiida_code(
            "core.code.installed",
            label=label,
            description=description or "",
            default_calc_job_plugin=default_calc_job_plugin,
            computer=computer,
            filepath_executable=filepath_executable,
            use_double_quotes=use_double_quotes,
            with_mpi=with_mpi,
            prepend_text=prepend_text,
            append_text=append_text,
        )

    return factory
