"""InstalledCode: an executable that is on a computer."""

from __future__ import annotations

import pathlib
from typing import Any, ClassVar, cast

from aiida.common.exceptions import ModificationNotAllowed, NotExistent, ValidationError
from aiida.common.lang import type_check
from aiida.common.log import override_log_level
from aiida.orm.computers import Computer
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.code.abstract import AbstractCode
from aiida.orm.nodes.data.code.legacy import Code
from aiida.orm.nodes.data.data import Data

__all__ = ("InstalledCode",)


class InstalledCode(Code):
    """An executable that is on a computer."""

    _known_node_type = "data.core.code.installed.InstalledCode."
    __constructor_arguments__ = {"computer": (str, "The label of the computer")}
    _computer_is_written = True
    _KEY_ATTRIBUTE_FILEPATH_EXECUTABLE: ClassVar[str] = "filepath_executable"
    _SKIP_MODIFIABLE_CHECK = False

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("filepath_executable", dtype=str, doc="Filepath of the executable", is_attribute=True),
    )

    def __init__(self, computer: Computer | str, filepath_executable: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.computer = _find_computer(computer, self) if isinstance(computer, str) else computer
        self.filepath_executable = filepath_executable

    def _validate(self) -> bool:
        super(Code, self)._validate()
        if self.computer is None:
            raise ValidationError("The `computer` is undefined.")
        try:
            _ = self.filepath_executable
        except TypeError as exception:
            raise ValidationError("The `filepath_executable` is not set.") from exception
        return True

    def validate_filepath_executable(self) -> None:
        """Raise `ValidationError` if the executable is not on the computer; relative names are taken as they are."""
        path = self.filepath_executable
        if not path.is_absolute():
            return
        computer = self.computer
        try:
            with override_log_level(), computer.get_transport() as transport:
                found = transport.isfile(str(path))
        except Exception as exception:
            raise ValidationError(
                f"Could not connect to the configured computer `{computer.label}` to determine whether the specified "
                f"executable exists: {exception}"
            ) from exception
        if not found:
            raise ValidationError(
                f"the provided remote absolute path `{path}` does not exist on the computer `{computer.label}`."
            )

    @property
    def computer(self) -> Computer:
        """The computer on which the executable is."""
        return cast(Computer, Data.computer.fget(self))  # type: ignore[attr-defined]

    @computer.setter
    def computer(self, value: Computer) -> None:
        if self.is_stored:
            raise ModificationNotAllowed("cannot set the computer on a stored node")
        type_check(value, Computer)
        Data.computer.fset(self, value)  # type: ignore[attr-defined]

    @property
    def filepath_executable(self) -> pathlib.PurePath:
        """The path of the executable; a relative one is looked for on the PATH."""
        return pathlib.PurePosixPath(cast(str, self.base.attributes.get(self._KEY_ATTRIBUTE_FILEPATH_EXECUTABLE)))

    @filepath_executable.setter
    def filepath_executable(self, value: str) -> None:
        type_check(value, str)
        self.base.attributes.set(self._KEY_ATTRIBUTE_FILEPATH_EXECUTABLE, value)

    def can_run_on_computer(self, computer: Computer) -> bool:
        """Return whether the code can run on this computer."""
        type_check(computer, Computer)
        return computer.pk == self.get_computer_pk()

    def get_executable(self) -> pathlib.PurePath:
        """Return what is called in the job script."""
        return self.filepath_executable

    @property
    def full_label(self) -> str:
        """The label, and the computer."""
        return f"{self.label}@{self.computer.label}"


def _find_computer(label: str, code: AbstractCode) -> Computer:
    try:
        return cast(Computer, Computer.get_collection(code.backend).get(label=label))
    except NotExistent as exception:
        raise NotExistent(f"there is no computer with the label `{label}`: set it up first") from exception
