"""Numpy's arrays, scalars and types of items, as the codec of `aiida.common.serial` writes them. Numpy is imported only when somebody uses it."""

from __future__ import annotations

import base64
import math
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import UnstorableValue

if TYPE_CHECKING:
    from aiida.common.serial import Decoder, Encoder

__all__ = ("base64_text", "dtype_from_json", "encode_numpy", "read_array", "read_scalar", "write_array")


def base64_text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def write_array(value: Any, coder: Encoder, path: str) -> dict[str, Any]:
    if value.dtype.hasobject:
        if value.dtype.names:
            raise UnstorableValue(path, type(value), "structured arrays of objects cannot be written")
        return {"dtype": "O", "shape": list(value.shape), "v": coder.encode_all(value.ravel().tolist(), path)}
    return {"dtype": dtype_to_json(value.dtype), "shape": list(value.shape), "v": base64_text(value.tobytes())}


def dtype_to_json(dtype: Any) -> Any:
    return dtype.str if dtype.names is None else [list(field) for field in dtype.descr]


def dtype_from_json(data: Any) -> Any:
    numpy = import_module("numpy")
    if isinstance(data, str):
        return numpy.dtype(data)
    return numpy.dtype([tuple(tuple(part) if isinstance(part, list) else part for part in field) for field in data])


def read_array(data: dict[str, Any], coder: Decoder) -> Any:
    numpy = import_module("numpy")
    shape = tuple(data["shape"])
    if data["dtype"] == "O":
        array = numpy.empty(math.prod(shape), dtype=object)
        for number, item in enumerate(data["v"]):
            array[number] = coder.decode(item)
        return array.reshape(shape)
    return numpy.frombuffer(base64.b64decode(data["v"]), dtype=dtype_from_json(data["dtype"])).reshape(shape).copy()


def encode_numpy(value: Any, coder: Encoder, path: str) -> dict[str, Any] | None:
    cls = type(value)
    if cls.__module__ == "numpy" and hasattr(value, "dtype") and value.shape == ():
        return {
            "$": "scalar",
            **write_array(value.reshape(()) if cls.__name__ == "ndarray" else _as_array(value), coder, path),
        }
    if cls.__module__.startswith("numpy") and type(value).__name__.endswith(("DType", "dtype")):
        return {"$": "dtype", "v": dtype_to_json(value)}
    return None


def _as_array(value: Any) -> Any:
    return import_module("numpy").asarray(value)


def read_scalar(data: dict[str, Any], coder: Decoder) -> Any:
    return read_array(data, coder)[()]
