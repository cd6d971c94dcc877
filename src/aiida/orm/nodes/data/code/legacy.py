"""Code: what codes were before there was a class for each kind. Old scripts make them, old profiles hold them."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import MultipleObjectsError, NotExistent, PluginInternalError, ValidationError
from aiida.common.log import override_log_level
from aiida.common.warnings import warn_deprecation
from aiida.orm.computers import Computer
from aiida.orm.nodes.data.code.abstract import AbstractCode
from aiida.orm.querybuilder import QueryBuilder

if TYPE_CHECKING:
    from aiida.common.folders import Folder
    from aiida.storage.store import Store

__all__ = ("Code",)


def _deprecated(old: str, new: str) -> None:
    warn_deprecation(f"`Code.{old}` method is deprecated, use {new}.", version=3, stacklevel=3)


class Code(AbstractCode):
    """An executable on a computer, or one that is kept with its files in the node."""

    _known_node_type = "data.core.code.Code."
    HIDDEN_KEY = "hidden"

    def __init__(
        self,
        remote_computer_exec: Any = None,
        local_executable: str | None = None,
        input_plugin_name: str | None = None,
        files: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if type(self) is not Code:
            return
        warn_deprecation(
            "The `Code` class is deprecated: make an `InstalledCode` or a `PortableCode`; to ask for the type of a code, "
            "use `AbstractCode`.",
            version=3,
            stacklevel=2,
        )
        if remote_computer_exec and local_executable:
            raise ValueError("cannot set `remote_computer_exec` and `local_executable` at the same time")
        if remote_computer_exec:
            self._set_remote(remote_computer_exec)
        if local_executable:
            self._set_local(local_executable)
        if input_plugin_name:
            self.default_calc_job_plugin = input_plugin_name
        if files:
            self._put_files(files)

    # -- what a kind of code has to say --------------------------------------------------------------------------------

    def can_run_on_computer(self, computer: Computer) -> bool:
        """Return whether the code can run on this computer."""
        if self._is_local():
            return True
        return self.computer is not None and self.computer.uuid == computer.uuid

    def get_executable(self) -> pathlib.PurePath:
        """Return what is called in the job script."""
        return pathlib.PurePosixPath(self._execname())

    @property
    def full_label(self) -> str:
        """The label, and the computer if it is installed on one."""
        if self._is_local() or self.computer is None:
            return self.label
        return f"{self.label}@{self.computer.label}"

    def validate_working_directory(self, folder: Folder) -> None:
        """Raise `PluginInternalError` if the input files are in the way of the code's own."""
        if self._is_local() and self._execname().removeprefix("./") in folder.get_content_list():
            raise PluginInternalError(
                f"The plugin created a file {self._execname().removeprefix('./')} that is also the executable name!"
            )

    def _is_local(self) -> bool:
        return bool(self.base.attributes.get("is_local", False))

    def _execname(self) -> str:
        if self._is_local():
            return f"./{self.base.attributes.get('local_executable', '')}"
        return str(self.base.attributes.get("remote_exec_path", ""))

    def _set_remote(self, remote_computer_exec: Any) -> None:
        if not isinstance(remote_computer_exec, (list, tuple)) or len(remote_computer_exec) != 2:
            raise ValueError(
                "remote_computer_exec must be a list or tuple of length 2, with machine and executable name"
            )
        computer, path = remote_computer_exec
        if not os.path.isabs(path):
            raise ValueError("exec_path must be an absolute path (on the remote machine)")
        if not isinstance(computer, Computer):
            raise TypeError("computer must be a Computer object")
        self.base.attributes.set("is_local", False)
        self.computer = computer
        self.base.attributes.set("remote_exec_path", path)

    def _set_local(self, exec_name: str) -> None:
        self.base.attributes.set("is_local", True)
        self.base.attributes.set("local_executable", exec_name)

    def _put_files(self, files: Any) -> None:
        for path in [files] if isinstance(files, str) else files:
            if not os.path.isfile(path):
                raise ValueError(f"The specified path `{path}` is not a file")
            self.base.repository.put_object_from_file(path, os.path.basename(path))

    def _validate(self) -> bool:
        super()._validate()
        if type(self) is not Code:
            return True
        if "is_local" not in self._row.attributes:
            raise ValidationError("You did not set whether the code is local or remote")
        if self._is_local():
            name = self.base.attributes.get("local_executable", None)
            if not name:
                raise ValidationError("You have to set which file is the local executable using set_local_executable()")
            if name not in self.base.repository.list_object_names():
                raise ValidationError(f"The local executable '{name}' is not in the list of files of this code")
            return True
        if self.base.repository.list_object_names():
            raise ValidationError("The code is remote but it has files inside")
        if self.computer is None or not self.base.attributes.get("remote_exec_path", None):
            raise ValidationError("You did not specify a remote computer and executable")
        return True

    # -- finding -------------------------------------------------------------------------------------------------------

    @classmethod
    def get_code_helper(cls, label: str, machinename: str | None = None, backend: Store | None = None) -> Any:
        """Return the code with this label, on this computer if one is given."""
        _deprecated("get_code_helper", "`aiida.orm.load_code`")
        return cls._find(label, machinename, backend)

    @classmethod
    def _find(cls, label: str, machinename: str | None = None, backend: Store | None = None) -> Any:
        query = QueryBuilder(backend=backend).append(cls, filters={"label": label}, project="*", tag="code")
        if machinename:
            query.append(Computer, filters={"label": machinename}, with_node="code")
        found = query.all(flat=True)
        if not found:
            raise NotExistent(f"'{label}' is not a valid code label.")
        if len(found) > 1:
            raise MultipleObjectsError(
                f"There are multiple codes with label '{label}', having IDs: "
                f"{', '.join(str(code.pk) for code in found)}. Use the ID, or `label@computer`"
            )
        return found[0]

    @classmethod
    def get(cls, pk: int | None = None, label: str | None = None, machinename: str | None = None) -> Any:  # type: ignore[override]
        """Return a code by its key, or by its label and computer."""
        _deprecated("get", "`aiida.orm.load_code`")
        if pk is not None:
            found = QueryBuilder().append(cls, filters={"id": pk}, project="*").all(flat=True)
            if not found:
                raise NotExistent(f"{pk} is not a valid code pk")
            return found[0]
        if label is None:
            raise ValueError("Pass either pk or code label (and machinename)")
        return cls._find(label, machinename)

    @classmethod
    def get_from_string(cls, code_string: str) -> Any:
        """Return a code by `label` or `label@computer`."""
        _deprecated("get_from_string", "`aiida.orm.load_code`")
        if not isinstance(code_string, str):
            raise TypeError("the code_string argument must be a string")
        label, _, machinename = code_string.partition("@")
        try:
            return cls._find(label, machinename or None)
        except NotExistent as exception:
            raise NotExistent(f"{code_string} could not be resolved to a valid code label") from exception
        except MultipleObjectsError as exception:
            raise MultipleObjectsError(f"{code_string} could not be uniquely resolved") from exception

    @classmethod
    def list_for_plugin(cls, plugin: str, labels: bool = True, backend: Store | None = None) -> list[Any]:
        """Return the codes (their labels, or their keys) of a calculation plugin."""
        query = QueryBuilder(backend=backend).append(cls, filters={"attributes.input_plugin": plugin}, project="*")
        found = query.all(flat=True)
        return [code.label if labels else code.pk for code in found]

    # -- old spellings -------------------------------------------------------------------------------------------------

    def can_run_on(self, computer: Computer) -> bool:
        """Old name of `can_run_on_computer`."""
        _deprecated("can_run_on", "`can_run_on_computer`")
        return self.can_run_on_computer(computer)

    def is_local(self) -> bool:
        """Return whether the executable is kept in the node."""
        _deprecated("is_local", "a `PortableCode` instance and check the type")
        return self._is_local()

    def get_execname(self) -> str:
        """Old name of `get_executable`."""
        _deprecated("get_execname", "`get_executable`")
        return str(self.get_executable())

    def get_computer_label(self) -> str:
        """Return the label of the computer, or `repository`."""
        _deprecated("get_computer_label", "the `InstalledCode.computer.label` property")
        return "repository" if self.computer is None else self.computer.label

    def get_remote_computer(self) -> Computer:
        """Return the computer of an installed code."""
        _deprecated("get_remote_computer", "the `computer` attribute")
        if self.computer is None:
            raise ValidationError("The code is local")
        return self.computer

    def get_remote_exec_path(self) -> str:
        """Return the path of an installed executable."""
        _deprecated("get_remote_exec_path", "`InstalledCode.filepath_executable`")
        if self._is_local():
            raise ValidationError("The code is local")
        return self._execname()

    def get_local_executable(self) -> str:
        """Return the name of an executable in the node."""
        _deprecated("get_local_executable", "`PortableCode.filepath_executable`")
        return str(self.base.attributes.get("local_executable", ""))

    def set_remote_computer_exec(self, remote_computer_exec: Any) -> None:
        """Set computer and path of an installed executable."""
        _deprecated("set_remote_computer_exec", "`InstalledCode`")
        self._set_remote(remote_computer_exec)

    def set_local_executable(self, exec_name: str) -> None:
        """Set the name of an executable in the node."""
        _deprecated("set_local_executable", "`PortableCode`")
        self._set_local(exec_name)

    def set_files(self, files: Any) -> None:
        """Put files into the node."""
        _deprecated("set_files", "`PortableCode`")
        self._put_files(files)

    def get_input_plugin_name(self) -> str | None:
        """Old name of `default_calc_job_plugin`."""
        _deprecated("get_input_plugin_name", "the `default_calc_job_plugin` property")
        return self.default_calc_job_plugin

    def set_input_plugin_name(self, input_plugin: str | None) -> None:
        """Old name of `default_calc_job_plugin`."""
        _deprecated("set_input_plugin_name", "the `default_calc_job_plugin` property")
        self.default_calc_job_plugin = input_plugin

    def get_append_text(self) -> str:
        """Old name of `append_text`."""
        _deprecated("get_append_text", "the `append_text` property")
        return self.append_text

    def set_append_text(self, code: str) -> None:
        """Old name of `append_text`."""
        _deprecated("set_append_text", "the `append_text` property")
        self.append_text = code

    def get_prepend_text(self) -> str:
        """Old name of `prepend_text`."""
        _deprecated("get_prepend_text", "the `prepend_text` property")
        return self.prepend_text

    def set_prepend_text(self, code: str) -> None:
        """Old name of `prepend_text`."""
        _deprecated("set_prepend_text", "the `prepend_text` property")
        self.prepend_text = code

    def get_use_double_quotes(self) -> bool:
        """Old name of `use_double_quotes`."""
        _deprecated("get_use_double_quotes", "the `use_double_quotes` property")
        return self.use_double_quotes

    def set_use_double_quotes(self, use_double_quotes: bool) -> None:
        """Old name of `use_double_quotes`."""
        _deprecated("set_use_double_quotes", "the `use_double_quotes` property")
        self.use_double_quotes = use_double_quotes

    @property
    def hidden(self) -> bool:
        """Old name of `is_hidden`."""
        _deprecated("hidden", "the `is_hidden` property")
        return self.is_hidden

    def hide(self) -> None:
        """Leave the code out of lists."""
        _deprecated("hide", "the `is_hidden` property")
        self.is_hidden = True

    def reveal(self) -> None:
        """Show the code in lists again."""
        _deprecated("reveal", "the `is_hidden` property")
        self.is_hidden = False

    def relabel(self, new_label: str) -> None:
        """Set the label; a suffix with the computer's own name is taken off."""
        _deprecated("relabel", "the `label` property")
        if self.computer is not None:
            new_label = new_label.removesuffix(f"@{self.computer.label}")
        self.label = new_label

    def validate_remote_exec_path(self) -> None:
        """Raise `ValidationError` if the executable is not on the computer."""
        computer, path = self.computer, self._execname()
        if self._is_local() or computer is None:
            return
        try:
            with override_log_level(), computer.get_transport() as transport:
                found = transport.isfile(path)
        except Exception as exception:
            raise ValidationError(
                f"Could not connect to the configured computer `{computer.label}`: {exception}"
            ) from exception
        if not found:
            raise ValidationError(
                f"the provided remote absolute path `{path}` does not exist on the computer `{computer.label}`."
            )
