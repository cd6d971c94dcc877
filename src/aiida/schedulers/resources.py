"""Arithmetic of machines, processes and cores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ("as_integer", "check_cores", "complete_node_numbers")


def as_integer(name: str, value: Any) -> int | None:
    """Return `value` as an integer or None; raise ValueError with the name of the key."""
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):
        raise ValueError(f"`{name}` must be an integer when specified") from None


def complete_node_numbers(values: Mapping[str, int | None]) -> dict[str, int | None]:
    """Return `values` with the third of machines, processes per machine and total computed from the other two."""
    machines, per_machine, total = (values[key] for key in ("num_machines", "num_mpiprocs_per_machine", "tot_num_mpiprocs"))
    if [machines, per_machine, total].count(None) > 1:
        raise ValueError(
            "At least two among `num_machines`, `num_mpiprocs_per_machine` or `tot_num_mpiprocs` must be specified."
        )
    for name, value in (("num_machines", machines), ("num_mpiprocs_per_machine", per_machine), ("tot_num_mpiprocs", total)):
        if value is not None and value < 1:
            raise ValueError(f"`{name}` must be greater than or equal to one.")
    if machines is None:
        assert total is not None and per_machine is not None
        machines = total // per_machine
    if per_machine is None:
        assert total is not None
        per_machine = total // machines
    if total is None:
        total = machines * per_machine
    if total != machines * per_machine:
        raise ValueError("`tot_num_mpiprocs` is not equal to `num_mpiprocs_per_machine * num_machines`.")
    return {**values, "num_machines": machines, "num_mpiprocs_per_machine": per_machine, "tot_num_mpiprocs": total}


def check_cores(cores_per_machine: int | None, cores_per_process: int | None, processes_per_machine: int) -> None:
    """Raise ValueError unless cores per machine, cores per process and processes per machine agree."""
    for name, value in (("num_cores_per_machine", cores_per_machine), ("num_cores_per_mpiproc", cores_per_process)):
        if value is not None and value < 1:
            raise ValueError(f"`{name}` must be greater than or equal to one.")
    if cores_per_machine is None:
        return
    expected = cores_per_process * processes_per_machine if cores_per_process else None
    if expected != cores_per_machine if expected else cores_per_machine % processes_per_machine:
        raise ValueError(
            "`num_cores_per_machine` must be equal to `num_cores_per_mpiproc * num_mpiprocs_per_machine` and in "
            "particular it should be a multiple of `num_cores_per_mpiproc` and/or `num_mpiprocs_per_machine`"
        )
