"""What some classes of process nodes share: the seal, and the source of the function that ran."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aiida.common.exceptions import ModificationNotAllowed
from aiida.common.warnings import warn_deprecation

if TYPE_CHECKING:
    from typing import Self

__all__ = ("FunctionCalculationMixin", "Sealable")


class FunctionCalculationMixin:
    """Facts about the Python function that a process node stands for, and its source file."""

    FUNCTION_NAME_KEY: ClassVar[str] = "function_name"
    FUNCTION_NAMESPACE_KEY: ClassVar[str] = "function_namespace"
    FUNCTION_STARTING_LINE_KEY: ClassVar[str] = "function_starting_line_number"
    FUNCTION_NUMBER_OF_LINES_KEY: ClassVar[str] = "function_number_of_lines"
    FUNCTION_SOURCE_FILE_PATH: ClassVar[str] = "source_file"

    base: Any

    def store_source_info(self, func: Callable[..., Any]) -> None:
        """Keep where the function comes from, and the file that holds it, as far as there is one (not in a shell)."""
        facts: dict[str, Any] = {
            self.FUNCTION_NAME_KEY: func.__name__,
            self.FUNCTION_NAMESPACE_KEY: func.__globals__.get("__name__", "not found"),
        }
        try:
            lines, first = inspect.getsourcelines(func)
            facts[self.FUNCTION_STARTING_LINE_KEY] = first
            facts[self.FUNCTION_NUMBER_OF_LINES_KEY] = len(lines)
            path = cast(str, inspect.getsourcefile(func))
            with open(path, "rb") as handle:
                content = handle.read()
        except (OSError, TypeError):
            content = None
        self.base.attributes.set_many(facts)
        if content is not None:
            self.base.repository.put_object_from_filelike(io.BytesIO(content), self.FUNCTION_SOURCE_FILE_PATH)

    @property
    def function_name(self) -> str | None:
        """The name of the function."""
        return cast("str | None", self.base.attributes.get(self.FUNCTION_NAME_KEY, None))

    @property
    def function_namespace(self) -> str | None:
        """The module of the function."""
        return cast("str | None", self.base.attributes.get(self.FUNCTION_NAMESPACE_KEY, None))

    @property
    def function_starting_line_number(self) -> int | None:
        """The line of the source file at which the function begins."""
        return cast("int | None", self.base.attributes.get(self.FUNCTION_STARTING_LINE_KEY, None))

    @property
    def function_number_of_lines(self) -> int | None:
        """The length of the function's source."""
        return cast("int | None", self.base.attributes.get(self.FUNCTION_NUMBER_OF_LINES_KEY, None))

    def get_source_code_file(self) -> str | None:
        """Return the text of the source file, if it was kept."""
        try:
            return cast(str, self.base.repository.get_object_content(self.FUNCTION_SOURCE_FILE_PATH))
        except FileNotFoundError:
            return None

    def get_source_code_function(self) -> str | None:
        """Return the text of the function, if it was kept."""
        text, first, count = self.get_source_code_file(), self.function_starting_line_number, self.function_number_of_lines
        if text is None or first is None or count is None:
            return None
        return "".join(text.splitlines(keepends=True)[first - 1 : first - 1 + count])

    def get_function_source_code(self) -> str | None:
        """Old name of `get_source_code_file`."""
        warn_deprecation("This method will be removed, use `get_source_code_file` instead.", version=3, stacklevel=3)
        return self.get_source_code_file()


class Sealable:
    """A node that some attributes of may change after storing, until it is sealed."""

    SEALED_KEY: ClassVar[str] = "sealed"
    _updatable_attributes: ClassVar[tuple[str, ...]] = (SEALED_KEY,)

    base: Any
    is_stored: bool

    @property
    def sealed(self) -> bool:
        """Whether nothing may change any more."""
        return self.is_sealed

    @property
    def is_sealed(self) -> bool:
        """Whether nothing may change any more."""
        return bool(cast(Any, self)._attributes(self.SEALED_KEY).get(self.SEALED_KEY, False))

    def seal(self) -> Self:
        """Let nothing change any more."""
        if not self.is_sealed:
            self.base.attributes.set(self.SEALED_KEY, True)
        return self

    def _check_mutability_attributes(self, keys: list[str] | None = None) -> None:
        if not self.is_stored:
            return
        if self.is_sealed:
            raise ModificationNotAllowed("attributes of a sealed node are immutable")
        if keys is None:
            raise ModificationNotAllowed("Cannot bulk modify attributes of a stored+unsealed node")
        fixed = [key for key in keys if key not in self._updatable_attributes]
        if fixed:
            raise ModificationNotAllowed(f"Cannot modify non-updatable attributes of a stored+unsealed node: {fixed}")
