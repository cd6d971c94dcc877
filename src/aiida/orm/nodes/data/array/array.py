"""ArrayData: numpy arrays as a node, each in a file of its own."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, ClassVar, cast

import numpy as np

from aiida.common.exceptions import ValidationError
from aiida.orm.nodes.data.data import Data

__all__ = ("ArrayData",)


class ArrayData(Data):
    """Arrays by name: shapes in the attributes, contents in the repository."""

    _known_node_type = "data.core.array.ArrayData."
    _open_attributes = True
    array_prefix: ClassVar[str] = "array|"
    default_array_name: ClassVar[str] = "default"
    __constructor_arguments__: ClassVar[dict[str, tuple[Any, ...]]] = {
        "arrays": (Sequence[Any] | dict[str, Sequence[Any]], "A single (or dictionary of) array(s) to store")
    }

    def __init__(self, arrays: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if arrays is None:
            return
        given = arrays if isinstance(arrays, dict) else {self.default_array_name: arrays}
        if not all(isinstance(array, Sequence | np.ndarray) for array in given.values()):
            raise TypeError(f"`arrays` should be a single sequence or dictionary of sequences but got: {arrays}")
        for name, array in given.items():
            self.set_array(name, array if isinstance(array, np.ndarray) else np.array(array))

    def initialize(self) -> None:
        """Start with no array in memory."""
        super().initialize()
        self._cached_arrays: dict[str, np.ndarray[Any, Any]] = {}

    def clear_internal_cache(self) -> None:
        """Forget the arrays in memory."""
        self._cached_arrays = {}

    @staticmethod
    def save_arrays(arrays: dict[str, np.ndarray[Any, Any]]) -> dict[str, bytes]:
        """Return arrays as the bytes of files."""
        return {name: _to_bytes(array) for name, array in arrays.items()}

    @staticmethod
    def load_arrays(arrays: dict[str, bytes]) -> dict[str, np.ndarray[Any, Any]]:
        """Return arrays from the bytes of files."""
        return {name: np.load(io.BytesIO(content), allow_pickle=False) for name, content in arrays.items()}

    @property
    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """All arrays by name."""
        return {name: self.get_array(name) for name in self.get_arraynames()}

    def get_arraynames(self) -> list[str]:
        """Return the names of all arrays."""
        prefix = self.array_prefix
        return [key.removeprefix(prefix) for key in self._row.attributes if key.startswith(prefix)]

    def get_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array, without reading it."""
        return tuple(self.base.attributes.get(f"{self.array_prefix}{name}"))

    def get_iterarrays(self) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
        """Iterate over names and arrays."""
        for name in sorted(self.get_arraynames()):
            yield name, self.get_array(name)

    def get_array(self, name: str | None = None) -> np.ndarray[Any, Any]:
        """Return an array; the name is not needed if there is only one. A stored array is read once."""
        if name is None:
            names = self.get_arraynames()
            if len(names) != 1:
                raise ValueError(f"`name` not specified but the node contains multiple arrays (or none): {names}")
            name = names[0]
        if name not in self._cached_arrays:
            array = self._read(name)
            if not self.is_stored:
                return array
            self._cached_arrays[name] = array
        return self._cached_arrays[name]

    def _read(self, name: str) -> np.ndarray[Any, Any]:
        filename = f"{name}.npy"
        if (
            f"{self.array_prefix}{name}" not in self._row.attributes
            or filename not in self.base.repository.list_object_names()
        ):
            raise KeyError(f"Array with name '{name}' not found in node pk={self.pk}")
        with self.base.repository.open(filename, mode="rb") as handle:
            array: np.ndarray[Any, Any] = np.load(io.BytesIO(handle.read()), allow_pickle=False)
        return array

    def set_array(self, name: str, array: np.ndarray[Any, Any]) -> None:
        """Set an array, replacing one of the same name."""
        if not isinstance(array, np.ndarray):
            raise TypeError("ArrayData can only store numpy arrays. Convert the object to an array first")
        if not name or name.strip("_").replace("_", "").isalnum() is False:
            raise ValueError(
                f"The name assigned to the array ({name}) is not valid, it can only contain digits, letters and underscores"
            )
        self._check_mutability_attributes()
        self.base.repository.put_object_from_bytes(_to_bytes(array), f"{name}.npy")
        self.base.attributes.set(f"{self.array_prefix}{name}", list(array.shape))

    def delete_array(self, name: str) -> None:
        """Remove an array."""
        filename = f"{name}.npy"
        if filename not in self.base.repository.list_object_names():
            raise KeyError(f"Array with name '{name}' not found in node pk={self.pk}")
        self.base.repository.delete_object(filename)
        self.base.attributes.delete(f"{self.array_prefix}{name}")

    def attach_file(self, name: str, fileobj: BinaryIO) -> None:
        """Set an array from the file that an interface was given."""
        self.set_array(name.removesuffix(".npy"), np.load(io.BytesIO(fileobj.read()), allow_pickle=False))

    def _arraynames_from_files(self) -> list[str]:
        return [name[:-4] for name in self.base.repository.list_object_names() if name.endswith(".npy")]

    def _arraynames_from_properties(self) -> list[str]:
        return self.get_arraynames()

    def _validate(self) -> bool:
        super()._validate()
        files, names = sorted(self._arraynames_from_files()), sorted(self._arraynames_from_properties())
        if files != names:
            raise ValidationError(f"Mismatch of files and properties for ArrayData node ({files} vs. {names})")
        return True

    def _get_array_entries(self) -> dict[str, Any]:
        """Return all arrays as text-friendly entries."""
        return {name: clean_array(array) for name, array in self.get_iterarrays()}

    def _prepare_json(self, main_file_name: str = "", comments: bool = True) -> tuple[bytes, dict[str, bytes]]:
        """Return the arrays as JSON."""
        content = self._get_array_entries()
        content["original_uuid"] = self.uuid
        if comments:
            content["comments"] = f"Exported from AiiDA {type(self).__name__} with UUID {self.uuid}"
        return json.dumps(content).encode(), {}


def _to_bytes(array: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def clean_array(array: np.ndarray[Any, Any]) -> list[Any]:
    """Return an array as a list, with `None` for what JSON cannot say (nan, inf)."""

    def clean(value: Any) -> Any:
        if isinstance(value, list):
            return [clean(item) for item in value]
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            return None
        return value

    return cast("list[Any]", clean(array.tolist()))
