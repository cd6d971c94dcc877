"""What becomes of values that are stored."""

from __future__ import annotations

from collections import OrderedDict, deque
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from aiida import orm
from aiida.common.exceptions import ValidationError
from aiida.orm.cleaning import clean_value


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        (0.1 + 0.2, 0.3),
        (1 / 3, 0.33333333333333),
        (3.839589821842953, 3.839589821843),
        (1.0, 1.0),
        (1e10, 1e10),
        (1e14, 10**14),
        (123456789012345.6, 123456789012350),
        (-1e22, -(10**22)),
        (1e-20, 1e-20),
        (10**30, 10**30),
        (Decimal("1.5"), 1.5),
        (Fraction(1, 2), 0.5),
        (np.float32(0.5), 0.5),
        (np.int8(3), 3),
        (np.bool_(False), False),
        (np.arange(2.0), [0.0, 1.0]),
        (deque([1]), [1]),
        (OrderedDict(a=(1,)), {"a": [1]}),
        ({"k": frozenset([1])}, {"k": [1]}),
        (range(2), [0, 1]),
    ],
)
def test_values(value: Any, cleaned: Any) -> None:
    found = clean_value(value)
    assert found == cleaned and type(found) is type(cleaned)


def test_copies_are_deep() -> None:
    inner = [1]
    cleaned = clean_value({"a": {"b": inner}})
    inner.append(2)
    assert cleaned == {"a": {"b": [1]}}


@pytest.mark.parametrize(
    "value", [float("nan"), float("-inf"), np.float64("nan"), [{"a": float("inf")}], object(), 1j, orm.FolderData]
)
def test_what_cannot_be_said(value: Any) -> None:
    with pytest.raises(ValidationError):
        clean_value(value)
