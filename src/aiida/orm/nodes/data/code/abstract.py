"""AbstractCode: an executable, and how to call it."""

from __future__ import annotations

import pathlib
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aiida.common.exceptions import EntryPointError
from aiida.common.lang import type_check
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.data import Data
from aiida.plugins.factories import CalculationFactory

if TYPE_CHECKING:
    from aiida.common.folders import Folder
    from aiida.engine.processes.builder import ProcessBuilder
    from aiida.orm.computers import Computer

__all__ = ("AbstractCode",)


_EXPORTED = (
    "label", "description", "use_double_quotes", "with_mpi", "wrap_cmdline_params", "prepend_text", "append_text",
    "filepath_executable", "filepath_files", "computer", "engine_command", "image_name", "default_calc_job_plugin",
)  # fmt: skip


class AbstractCode(Data):
    """Base of all codes."""

    _known_node_type = "data.core.code.abstract.AbstractCode."
    _attributes_are_arguments = True
    _attribute_defaults: ClassVar[dict[str, Any]] = {"append_text": "", "prepend_text": ""}

    _KEY_ATTRIBUTE_DEFAULT_CALC_JOB_PLUGIN: ClassVar[str] = "input_plugin"
    _KEY_ATTRIBUTE_APPEND_TEXT: ClassVar[str] = "append_text"
    _KEY_ATTRIBUTE_PREPEND_TEXT: ClassVar[str] = "prepend_text"
    _KEY_ATTRIBUTE_USE_DOUBLE_QUOTES: ClassVar[str] = "use_double_quotes"
    _KEY_ATTRIBUTE_WITH_MPI: ClassVar[str] = "with_mpi"
    _KEY_ATTRIBUTE_WRAP_CMDLINE_PARAMS: ClassVar[str] = "wrap_cmdline_params"
    _KEY_EXTRA_IS_HIDDEN: ClassVar[str] = "hidden"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field(
            "default_calc_job_plugin",
            "input_plugin",
            dtype=str | None,
            doc="Entry point name of the default plugin",
            is_attribute=True,
        ),
        add_field("append_text", dtype=str, doc="Bash commands to run after the code", is_attribute=True),
        add_field("prepend_text", dtype=str, doc="Bash commands to run before the code", is_attribute=True),
        add_field("use_double_quotes", dtype=bool, doc="Whether to escape using double quotes", is_attribute=True),
        add_field("with_mpi", dtype=bool | None, doc="Whether to run with MPI", is_attribute=True),
        add_field("wrap_cmdline_params", dtype=bool, doc="Whether to wrap all parameters as one", is_attribute=True),
    )

    def __init__(
        self,
        default_calc_job_plugin: str | None = None,
        append_text: str = "",
        prepend_text: str = "",
        use_double_quotes: bool = False,
        with_mpi: bool | None = None,
        is_hidden: bool = False,
        wrap_cmdline_params: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.default_calc_job_plugin = default_calc_job_plugin
        self.append_text = append_text
        self.prepend_text = prepend_text
        self.use_double_quotes = use_double_quotes
        self.with_mpi = with_mpi
        self.wrap_cmdline_params = wrap_cmdline_params
        self.is_hidden = is_hidden

    def __str__(self) -> str:
        where = "Local" if self.computer is None else "Remote"
        at = f" on {self.computer.label}" if self.computer is not None else ""
        return f"{where} code '{self.label}'{at} pk: {self.pk}, uuid: {self.uuid}"

    def get_description(self) -> str:
        """Return the label by which the code is found again."""
        return self.full_label

    # -- what a kind of code has to say --------------------------------------------------------------------------------

    @abstractmethod
    def can_run_on_computer(self, computer: Computer) -> bool:
        """Return whether the code can run on this computer."""

    @abstractmethod
    def get_executable(self) -> pathlib.PurePath:
        """Return what is called in the job script."""

    @property
    @abstractmethod
    def full_label(self) -> str:
        """The label by which the code is found again."""

    def get_executable_cmdline_params(self, cmdline_params: list[str] | None = None) -> list[str]:
        """Return the words that call the executable with its arguments."""
        return [str(self.get_executable()), *(cmdline_params or [])]

    def get_prepend_cmdline_params(
        self, mpi_args: list[str] | None = None, extra_mpirun_params: list[str] | None = None
    ) -> list[str]:
        """Return the words before the executable."""
        return (mpi_args or []) + (extra_mpirun_params or [])

    def validate_working_directory(self, folder: Folder) -> None:
        """Raise `PluginInternalError` if the input files are in the way of the code's own."""

    # -- properties ----------------------------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """The name, without `@`."""
        return super().label

    @label.setter
    def label(self, value: str) -> None:
        type_check(value, str)
        if "@" in value:
            raise ValueError("The label contains a `@` symbol, which is not allowed.")
        Data.label.fset(self, value)  # type: ignore[attr-defined]

    @property
    def default_calc_job_plugin(self) -> str | None:
        """The entry point of the calculation for which `get_builder` makes a builder."""
        return cast("str | None", self.base.attributes.get(self._KEY_ATTRIBUTE_DEFAULT_CALC_JOB_PLUGIN, None))

    @default_calc_job_plugin.setter
    def default_calc_job_plugin(self, value: str | None) -> None:
        type_check(value, str, allow_none=True)
        self.base.attributes.set(self._KEY_ATTRIBUTE_DEFAULT_CALC_JOB_PLUGIN, value)

    @property
    def append_text(self) -> str:
        """Commands after the executable."""
        return cast(str, self.base.attributes.get(self._KEY_ATTRIBUTE_APPEND_TEXT, ""))

    @append_text.setter
    def append_text(self, value: str) -> None:
        type_check(value, str, allow_none=True)
        self.base.attributes.set(self._KEY_ATTRIBUTE_APPEND_TEXT, value)

    @property
    def prepend_text(self) -> str:
        """Commands before the executable."""
        return cast(str, self.base.attributes.get(self._KEY_ATTRIBUTE_PREPEND_TEXT, ""))

    @prepend_text.setter
    def prepend_text(self, value: str) -> None:
        type_check(value, str, allow_none=True)
        self.base.attributes.set(self._KEY_ATTRIBUTE_PREPEND_TEXT, value)

    @property
    def use_double_quotes(self) -> bool:
        """Whether words of the command are quoted with double quotes."""
        return cast(bool, self.base.attributes.get(self._KEY_ATTRIBUTE_USE_DOUBLE_QUOTES, False))

    @use_double_quotes.setter
    def use_double_quotes(self, value: bool) -> None:
        type_check(value, bool)
        self.base.attributes.set(self._KEY_ATTRIBUTE_USE_DOUBLE_QUOTES, value)

    @property
    def with_mpi(self) -> bool | None:
        """Whether the executable runs with MPI; `None` leaves it to the calculation."""
        return cast("bool | None", self.base.attributes.get(self._KEY_ATTRIBUTE_WITH_MPI, None))

    @with_mpi.setter
    def with_mpi(self, value: bool | None) -> None:
        type_check(value, bool, allow_none=True)
        self.base.attributes.set(self._KEY_ATTRIBUTE_WITH_MPI, value)

    @property
    def wrap_cmdline_params(self) -> bool:
        """Whether executable, arguments and redirections are one quoted word (containers want that)."""
        return cast(bool, self.base.attributes.get(self._KEY_ATTRIBUTE_WRAP_CMDLINE_PARAMS, False))

    @wrap_cmdline_params.setter
    def wrap_cmdline_params(self, value: bool) -> None:
        type_check(value, bool)
        self.base.attributes.set(self._KEY_ATTRIBUTE_WRAP_CMDLINE_PARAMS, value)

    @property
    def is_hidden(self) -> bool:
        """Whether lists leave it out."""
        return cast(bool, self.base.extras.get(self._KEY_EXTRA_IS_HIDDEN, False))

    @is_hidden.setter
    def is_hidden(self, value: bool) -> None:
        type_check(value, bool)
        self.base.extras.set(self._KEY_EXTRA_IS_HIDDEN, value)

    # -- export --------------------------------------------------------------------------------------------------------

    def _prepare_yaml(self, sort: bool = False, main_file_name: str = "") -> tuple[bytes, dict[str, bytes]]:
        """Return what `verdi code create --config` reads."""
        import yaml  # here, since few nodes are exported

        values = {name: getattr(self, name) for name in _EXPORTED if getattr(self, name, None) is not None}
        values |= {name: str(value) for name, value in values.items() if isinstance(value, pathlib.PurePath)}
        if self.computer is not None:
            values["computer"] = self.computer.label
        return yaml.safe_dump(values, sort_keys=sort, allow_unicode=True).encode(), {}

    _prepare_yml = _prepare_yaml

    def get_builder(self) -> ProcessBuilder:
        """Return a builder for the default calculation, with this code in it."""
        entry_point = self.default_calc_job_plugin
        if entry_point is None:
            raise ValueError(f"No default calculation input plugin specified for this code: {self!r}")
        try:
            process_class = CalculationFactory(entry_point)
        except EntryPointError as exception:
            raise EntryPointError(f"The calculation entry point `{entry_point}` could not be loaded") from exception
        builder = cast(Any, process_class).get_builder()
        builder.code = self
        return cast("ProcessBuilder", builder)
