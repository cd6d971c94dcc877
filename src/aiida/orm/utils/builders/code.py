"""A code from plain settings."""

from __future__ import annotations

import enum
import os
from typing import Any

from aiida.common.exceptions import ValidationError
from aiida.orm.nodes.data.code.abstract import AbstractCode
from aiida.orm.nodes.data.code.installed import InstalledCode
from aiida.orm.nodes.data.code.portable import PortableCode
from aiida.orm.utils.builders.settings import Settings
from aiida.orm.utils.loaders import load_computer

__all__ = ("CodeBuilder",)


class CodeBuilder(Settings):
    """Settings of a code that is not there yet."""

    class CodeType(enum.Enum):
        """Where the executable is."""

        STORE_AND_UPLOAD = "store in the db and upload"
        ON_COMPUTER = "on computer"

    class CodeValidationError(ValidationError):
        """The settings cannot make a code."""

    @staticmethod
    def from_code(code: AbstractCode) -> CodeBuilder:
        """Return a builder with the settings of a code."""
        return CodeBuilder(**CodeBuilder.get_code_spec(code))

    @staticmethod
    def get_code_spec(code: AbstractCode) -> dict[str, Any]:
        """Return the settings of a code."""
        spec: dict[str, Any] = {
            "label": code.label,
            "description": code.description,
            "input_plugin": code.default_calc_job_plugin,
            "use_double_quotes": code.use_double_quotes,
            "prepend_text": code.prepend_text,
            "append_text": code.append_text,
        }
        if isinstance(code, PortableCode):
            spec.update(on_computer=False, code_rel_path=str(code.get_executable()))
        else:
            spec.update(
                on_computer=True,
                computer=code.computer.label if code.computer else None,
                remote_abs_path=str(code.get_executable()),
            )
        return spec

    def is_local(self) -> bool:
        """Whether the executable is kept in the node."""
        return self._settings.get("code_type") is self.CodeType.STORE_AND_UPLOAD or self._settings.get("on_computer") is False

    def validate(self, raise_error: bool = True) -> bool:
        """Return whether a code can be made; raise `CodeValidationError` if asked to."""
        try:
            self.validate_code_type()
            if self.is_local():
                self.validate_upload()
            else:
                self.validate_installed()
        except self.CodeValidationError:
            if raise_error:
                raise
            return False
        return True

    def validate_code_type(self) -> None:
        """Raise `CodeValidationError` unless it is said where the executable is."""
        if not isinstance(self._settings.get("code_type"), self.CodeType) and self._settings.get("on_computer") is None:
            raise self.CodeValidationError(f"invalid code type: must be one of {list(self.CodeType)}")

    def validate_upload(self) -> None:
        """Raise `CodeValidationError` unless folder and name of the files are there."""
        missing = [name for name in ("code_folder", "code_rel_path") if not self._settings.get(name)]
        if missing:
            raise self.CodeValidationError(f"a code kept in the database needs {', '.join(missing)}")

    def validate_installed(self) -> None:
        """Raise `CodeValidationError` unless computer and path are there, the path an absolute one."""
        missing = [name for name in ("computer", "remote_abs_path") if not self._settings.get(name)]
        if missing:
            raise self.CodeValidationError(f"a code on a computer needs {', '.join(missing)}")
        if not os.path.isabs(str(self._settings["remote_abs_path"])):
            raise self.CodeValidationError(f"executable path must be absolute, not {self._settings['remote_abs_path']}")

    def new(self) -> AbstractCode:
        """Return the code, not stored."""
        self.validate()
        settings = self._settings
        common = {
            "label": settings.get("label") or "",
            "description": settings.get("description") or "",
            "default_calc_job_plugin": getattr(settings.get("input_plugin"), "name", settings.get("input_plugin")),
            "prepend_text": settings.get("prepend_text") or "",
            "append_text": settings.get("append_text") or "",
            "use_double_quotes": bool(settings.get("use_double_quotes")),
        }
        if self.is_local():
            return PortableCode(settings["code_rel_path"], settings["code_folder"], **common)
        computer = settings["computer"]
        computer = load_computer(computer) if isinstance(computer, str) else computer
        return InstalledCode(computer, str(settings["remote_abs_path"]), **common)
