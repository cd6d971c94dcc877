"""The short way of hashing gives what the general one gives."""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aiida.common.extendeddicts import AttributeDict
from aiida.common.hashing import _tokens, _write, make_hash

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_both_ways_give_one_text(value: Any) -> None:
    assert _write(value) == b"".join(_tokens(value))


def test_kinds_of_mappings_and_exotic_values() -> None:
    class Colour(Enum):
        RED = 1

    plain = {"b": 1, "aa": {"x": [1, (2,)], "c": Colour.RED, "n": np.arange(3)}}
    assert make_hash(plain) == make_hash(AttributeDict(plain)) == make_hash(dict(reversed(plain.items())))
    assert make_hash(OrderedDict(a=1, b=2)) != make_hash(OrderedDict(b=2, a=1)) != make_hash({"a": 1, "b": 2})
    assert make_hash(True) != make_hash(1) != make_hash("1") != make_hash(1.0)
