"""PortableCode: an executable that is kept in the node, with its files, and goes to any computer."""

from __future__ import annotations

import pathlib
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aiida.common.exceptions import ModificationNotAllowed, PluginInternalError, ValidationError
from aiida.common.lang import type_check
from aiida.orm.computers import Computer
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.code.legacy import Code

if TYPE_CHECKING:
    from aiida.common.folders import Folder

__all__ = ("PortableCode",)


class PortableCode(Code):
    """An executable that is kept in the node, with its files, and goes to any computer."""

    _known_node_type = "data.core.code.portable.PortableCode."
    __constructor_arguments__ = {"filepath_files": (str, "Absolute path to the folder with the files")}
    _KEY_ATTRIBUTE_FILEPATH_EXECUTABLE: ClassVar[str] = "filepath_executable"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field(
            "filepath_executable",
            dtype=str,
            doc="Relative filepath of executable with directory of code files",
            is_attribute=True,
        ),
    )

    def __init__(
        self,
        filepath_executable: str | pathlib.PurePath,
        filepath_files: str | pathlib.Path | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filepath_executable = filepath_executable
        if filepath_files is None:
            warnings.warn("No `filepath_files` provided: put the files into `base.repository` before you store the code.", stacklevel=2)
            return
        type_check(filepath_files, (str, pathlib.Path))
        folder = pathlib.Path(filepath_files).absolute()
        if not folder.exists():
            raise ValueError(f"The filepath `{filepath_files}` does not exist.")
        if not folder.is_dir():
            raise ValueError(f"The filepath `{filepath_files}` is not a directory.")
        self.base.repository.put_object_from_tree(str(folder))

    def _prepare_yaml(self, sort: bool = False, main_file_name: str = "") -> tuple[bytes, dict[str, bytes]]:
        """Return what `verdi code create --config` reads; the files go to a folder named by the label."""
        import yaml  # here, since few nodes are exported

        folder = pathlib.Path.cwd() / self.label
        self.base.repository.copy_tree(folder)
        content, _ = super()._prepare_yaml(sort, main_file_name)
        values = yaml.safe_load(content)
        names = list(values)
        names.insert(names.index("filepath_executable") + 1, "filepath_files")
        values["filepath_files"] = str(folder)
        return yaml.safe_dump({name: values[name] for name in names}, sort_keys=sort, allow_unicode=True).encode(), {}

    _prepare_yml = _prepare_yaml

    def _validate(self) -> bool:
        super(Code, self)._validate()
        try:
            path = self.filepath_executable
        except (TypeError, AttributeError) as exception:
            raise ValidationError("The `filepath_executable` is not set.") from exception
        files = [str(found) for found in self.base.repository.glob()]
        if str(path) not in files:
            raise ValidationError(f"The executable `{path}` is not one of the uploaded files: {files}")
        return True

    def validate_working_directory(self, folder: Folder) -> None:
        """Raise `PluginInternalError` if the input files are in the way of the code's own."""
        if str(self.filepath_executable) in folder.get_content_list():
            raise PluginInternalError(
                f"The plugin created a file {self.filepath_executable} that is also the executable name!"
            )

    @property
    def filepath_executable(self) -> pathlib.PurePath:
        """The path of the executable among the files."""
        return pathlib.PurePosixPath(cast(str, self.base.attributes.get(self._KEY_ATTRIBUTE_FILEPATH_EXECUTABLE)))

    @filepath_executable.setter
    def filepath_executable(self, value: str | pathlib.PurePath) -> None:
        if self.is_stored:
            raise ModificationNotAllowed("the path of the executable of a stored code cannot be changed")
        type_check(value, (str, pathlib.PurePath))
        if pathlib.PurePosixPath(value).is_absolute():
            raise ValueError("The `filepath_executable` should not be absolute.")
        self.base.attributes.set(self._KEY_ATTRIBUTE_FILEPATH_EXECUTABLE, str(value))

    def can_run_on_computer(self, computer: Computer) -> bool:
        """Return True: it is brought along."""
        return True

    def get_executable(self) -> pathlib.PurePath:
        """Return what is called in the job script."""
        return self.filepath_executable

    def get_executable_cmdline_params(self, cmdline_params: list[str] | None = None) -> list[str]:
        """Return the words that call the executable, which lies in the working directory."""
        return [f"./{self.get_executable()}", *(cmdline_params or [])]

    @property
    def full_label(self) -> str:
        """The label."""
        return self.label
