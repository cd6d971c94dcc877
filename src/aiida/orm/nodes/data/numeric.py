"""Numbers as nodes: arithmetic gives unstored nodes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from aiida.orm.nodes.data.base import BaseType, to_aiida_type

__all__ = ("NumericType",)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, BaseType) else value


def _binary(operation: Callable[[Any, Any], Any]) -> Any:
    def method(self: Any, other: Any) -> Any:
        result = _apply(operation, self.value, _plain(other))
        return result if result is NotImplemented else to_aiida_type(result)

    return method


def _reflected(operation: Callable[[Any, Any], Any]) -> Any:
    def method(self: Any, other: Any) -> Any:
        result = _apply(operation, _plain(other), self.value)
        return result if result is NotImplemented else to_aiida_type(result)

    return method


def _apply(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    try:
        return operation(left, right)
    except TypeError:
        return NotImplemented


class NumericType(BaseType):
    """Base of `Int` and `Float`."""

    _known_node_type = "data.core.numeric.NumericType."

    __add__, __radd__ = _binary(operator.add), _reflected(operator.add)
    __sub__, __rsub__ = _binary(operator.sub), _reflected(operator.sub)
    __mul__, __rmul__ = _binary(operator.mul), _reflected(operator.mul)
    __truediv__, __rtruediv__ = _binary(operator.truediv), _reflected(operator.truediv)
    __floordiv__, __rfloordiv__ = _binary(operator.floordiv), _reflected(operator.floordiv)
    __mod__, __rmod__ = _binary(operator.mod), _reflected(operator.mod)
    __pow__, __rpow__ = _binary(operator.pow), _reflected(operator.pow)
    __lt__, __le__ = _binary(operator.lt), _binary(operator.le)
    __gt__, __ge__ = _binary(operator.gt), _binary(operator.ge)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __abs__(self) -> Any:
        return abs(self.value)

    def __neg__(self) -> Any:
        return to_aiida_type(-self.value)

    def __pos__(self) -> Any:
        return +self.value
