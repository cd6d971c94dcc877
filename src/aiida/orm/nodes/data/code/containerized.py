"""ContainerizedCode: an executable inside a container, on a computer that can run containers."""

from __future__ import annotations

import pathlib
import shlex
from typing import Any, ClassVar, cast

from aiida.common.lang import type_check
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.code.installed import InstalledCode

__all__ = ("ContainerizedCode",)


class ContainerizedCode(InstalledCode):
    """An executable inside a container."""

    _known_node_type = "data.core.code.containerized.ContainerizedCode."
    _KEY_ATTRIBUTE_ENGINE_COMMAND: ClassVar[str] = "engine_command"
    _KEY_ATTRIBUTE_IMAGE_NAME: ClassVar[str] = "image_name"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("engine_command", dtype=str, doc="The engine command to run the container", is_attribute=True),
        add_field("image_name", dtype=str, doc="The name of the image", is_attribute=True),
    )

    def __init__(self, engine_command: str | None = None, image_name: str | None = None, **kwargs: Any) -> None:
        if engine_command is None or image_name is None:
            raise ValueError("Both `engine_command` and `image_name` must be provided.")
        super().__init__(**kwargs)
        self.engine_command = engine_command
        self.image_name = image_name

    @property
    def filepath_executable(self) -> pathlib.PurePath:
        """The path of the executable inside the container."""
        return super().filepath_executable

    @filepath_executable.setter
    def filepath_executable(self, value: str) -> None:
        type_check(value, str)
        self.base.attributes.set(self._KEY_ATTRIBUTE_FILEPATH_EXECUTABLE, value)

    @property
    def engine_command(self) -> str:
        """The command that runs something in a container; `{image_name}` stands for the image."""
        return cast(str, self.base.attributes.get(self._KEY_ATTRIBUTE_ENGINE_COMMAND))

    @engine_command.setter
    def engine_command(self, value: str) -> None:
        type_check(value, str)
        if "{image_name}" not in value:
            raise ValueError("the '{image_name}' template field should be in engine command.")
        self.base.attributes.set(self._KEY_ATTRIBUTE_ENGINE_COMMAND, value)

    @property
    def image_name(self) -> str:
        """The image."""
        return cast(str, self.base.attributes.get(self._KEY_ATTRIBUTE_IMAGE_NAME))

    @image_name.setter
    def image_name(self, value: str) -> None:
        type_check(value, str)
        self.base.attributes.set(self._KEY_ATTRIBUTE_IMAGE_NAME, value)

    def get_prepend_cmdline_params(
        self, mpi_args: list[str] | None = None, extra_mpirun_params: list[str] | None = None
    ) -> list[str]:
        """Return the words before the executable: MPI, then the container engine with its image."""
        engine = shlex.split(self.engine_command.format(image_name=self.image_name))
        return (mpi_args or []) + (extra_mpirun_params or []) + engine
