"""A computer from plain settings."""

from __future__ import annotations

from typing import Any

from aiida.common.exceptions import ValidationError
from aiida.orm.computers import Computer
from aiida.orm.utils.builders.settings import Settings

__all__ = ("ComputerBuilder",)

_TEXTS = ("label", "hostname", "description")


class ComputerBuilder(Settings):
    """Settings of a computer that is not there yet."""

    class ComputerValidationError(ValidationError):
        """The settings cannot make a computer."""

    @staticmethod
    def from_computer(computer: Computer) -> ComputerBuilder:
        """Return a builder with the settings of a computer."""
        return ComputerBuilder(**ComputerBuilder.get_computer_spec(computer))

    @staticmethod
    def get_computer_spec(computer: Computer) -> dict[str, Any]:
        """Return the settings of a computer."""
        return {
            "label": computer.label,
            "description": computer.description,
            "hostname": computer.hostname,
            "scheduler": computer.scheduler_type,
            "transport": computer.transport_type,
            "prepend_text": computer.get_prepend_text(),
            "append_text": computer.get_append_text(),
            "work_dir": computer.get_workdir(),
            "shebang": computer.get_shebang(),
            "mpirun_command": " ".join(computer.get_mpirun_command()),
            "mpiprocs_per_machine": computer.get_default_mpiprocs_per_machine(),
            "default_memory_per_machine": computer.get_default_memory_per_machine(),
            "use_double_quotes": computer.get_use_double_quotes(),
        }

    def validate(self, raise_error: bool = True) -> bool:
        """Return whether a computer can be made; raise `ComputerValidationError` if asked to."""
        missing = [name for name in ("label", "hostname", "scheduler", "transport") if not self._settings.get(name)]
        if missing and raise_error:
            raise self.ComputerValidationError(f"the computer has no {', '.join(missing)}")
        return not missing

    def new(self) -> Computer:
        """Return the computer, not stored."""
        self.validate()
        settings = self._settings
        texts: dict[str, Any] = {name: settings.get(name) or "" for name in _TEXTS}
        computer = Computer(
            **texts,
            scheduler_type=settings["scheduler"],
            transport_type=settings["transport"],
        )
        for name, setter in (
            ("prepend_text", computer.set_prepend_text),
            ("append_text", computer.set_append_text),
            ("work_dir", computer.set_workdir),
            ("shebang", computer.set_shebang),
            ("use_double_quotes", computer.set_use_double_quotes),
        ):
            if settings.get(name) is not None:
                setter(settings[name])
        self._set_job_defaults(computer)
        return computer

    def _set_job_defaults(self, computer: Computer) -> None:
        settings = self._settings
        mpirun = settings.get("mpirun_command")
        if mpirun:
            computer.set_mpirun_command(mpirun.split() if isinstance(mpirun, str) else list(mpirun))
        processes = settings.get("mpiprocs_per_machine")
        if processes is not None:
            try:
                count = int(processes)
            except ValueError:
                raise self.ComputerValidationError(
                    f"Invalid value provided for mpiprocs_per_machine, must be a valid integer: {processes!r}"
                ) from None
            if count < 0:
                raise self.ComputerValidationError(f"Invalid value provided for mpiprocs_per_machine, must be positive: {count}")
            if count:
                computer.set_default_mpiprocs_per_machine(count)
        if settings.get("default_memory_per_machine"):
            computer.set_default_memory_per_machine(int(settings["default_memory_per_machine"]))
