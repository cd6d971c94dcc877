"""XyData: curves over a common x axis, with names and units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from aiida.common.exceptions import NotExistent
from aiida.orm.fields import add_field
from aiida.orm.nodes.data.array.array import ArrayData

__all__ = ("XyData",)

Array = np.ndarray[Any, Any]


def check_convert_single_to_tuple(item: Any) -> Any:
    """Return a list or tuple as it is, anything else as a list of one."""
    return item if isinstance(item, list | tuple) else [item]


class XyData(ArrayData):
    """One x array, and y arrays of the same shape."""

    _known_node_type = "data.core.array.xy.XyData."

    __qb_fields__: ClassVar[tuple[Any, ...]] = (
        add_field("x_name", dtype=str, doc="name of the x axis", is_attribute=True),
        add_field("x_units", dtype=str, doc="units of the x axis", is_attribute=True),
        add_field("y_names", dtype=Sequence[str], doc="names of the curves", is_attribute=True),
        add_field("y_units", dtype=Sequence[str], doc="units of the curves", is_attribute=True),
    )

    def __init__(
        self,
        x_array: Any = None,
        y_arrays: Any = None,
        *,
        x_name: str | None = None,
        x_units: str | None = None,
        y_names: str | list[str] | None = None,
        y_units: str | list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        arrays = kwargs.pop("arrays", None)
        super().__init__(**kwargs)
        if arrays is not None:
            x_array = arrays["x_array"]
            y_arrays = [arrays[name] for name in sorted(arrays, key=_y_order) if name != "x_array"]
        if x_array is None:
            return
        others = (y_arrays, x_name, x_units, y_names, y_units)
        if any(one is None for one in others):
            raise TypeError("If `x_array` is specified, all other keywords must also be specified.")
        self.set_x(np.array(x_array), x_name, x_units)  # type: ignore[arg-type]
        curves = y_arrays if isinstance(y_arrays, list | tuple) and np.ndim(y_arrays[0]) else [y_arrays]
        self.set_y([np.array(curve) for curve in curves], y_names, y_units)  # type: ignore[arg-type]

    @property
    def x_name(self) -> str:
        """The name of the x axis."""
        return self.base.attributes.get("x_name")  # type: ignore[no-any-return]

    @property
    def x_units(self) -> str:
        """The units of the x axis."""
        return self.base.attributes.get("x_units")  # type: ignore[no-any-return]

    @property
    def y_names(self) -> Sequence[str]:
        """The names of the curves."""
        return self.base.attributes.get("y_names")  # type: ignore[no-any-return]

    @property
    def y_units(self) -> Sequence[str]:
        """The units of the curves."""
        return self.base.attributes.get("y_units")  # type: ignore[no-any-return]

    @staticmethod
    def _check(array: Any, name: Any, units: Any) -> None:
        if not isinstance(name, str):
            raise TypeError("The name must always be a str.")
        if not isinstance(array, np.ndarray):
            raise TypeError("The input array must always be a numpy array")
        try:
            array.astype(float)
        except (TypeError, ValueError):
            raise TypeError("The input array must only contain floats") from None
        if not isinstance(units, str):
            raise TypeError("The units must always be a str.")

    def set_x(self, x_array: Array, x_name: str, x_units: str) -> None:
        """Set the x axis."""
        self._check(x_array, x_name, x_units)
        self.base.attributes.set_many({"x_name": x_name, "x_units": x_units})
        self.set_array("x_array", x_array)

    def set_y(self, y_arrays: Array | Sequence[Array], y_names: str | Sequence[str], y_units: str | Sequence[str]) -> None:
        """Set the curves: arrays of the shape of the x axis, a name and units for each."""
        arrays, names, units = (check_convert_single_to_tuple(one) for one in (y_arrays, y_names, y_units))
        if len(arrays) != len(names):
            raise ValueError("Length of arrays and names do not match!")
        if len(units) != len(names):
            raise ValueError("Length of units does not match!")
        try:
            shape = self.get_x()[1].shape
        except NotExistent:
            raise ValueError("X array has not been set yet") from None
        for array, name, unit in zip(arrays, names, units, strict=True):
            self._check(array, name, unit)
            if array.shape != shape:
                raise ValueError(f"y_array {name} does not have the same shape as x_array!")
        for number, array in enumerate(arrays):
            self.set_array(f"y_array_{number}", array)
        self.base.attributes.set_many({"y_names": list(names), "y_units": list(units)})

    def get_x(self) -> tuple[str, Array, str]:
        """Return name, values and units of the x axis."""
        try:
            return self.x_name, self.get_array("x_array"), self.x_units
        except (KeyError, AttributeError):
            raise NotExistent("No x array has been set yet!") from None

    def get_y(self) -> list[tuple[str, Array, str]]:
        """Return name, values and units of each curve."""
        try:
            names = self.y_names
        except (KeyError, AttributeError):
            raise NotExistent("No y names has been set yet!") from None
        try:
            units = self.y_units
        except (KeyError, AttributeError):
            raise NotExistent("No y units has been set yet!") from None
        try:
            arrays = [self.get_array(f"y_array_{number}") for number in range(len(names))]
        except (KeyError, AttributeError):
            raise NotExistent(f"Could not retrieve the arrays of the curves {list(names)}") from None
        return list(zip(names, arrays, units, strict=True))


def _y_order(name: str) -> tuple[int, str]:
    tail = name.rsplit("_", 1)[-1]
    return (int(tail) if tail.isdigit() else -1, name)
