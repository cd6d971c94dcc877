"""I9: what a node does not have is refused in the words of what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from aiida import orm


class WithProperty(orm.Dict):
    @property
    def checksum(self) -> Any:
        return self.base.attributes.get("sha512")


def test_i09_a_property_that_fails_says_what_it_missed(engine: Any) -> None:
    with pytest.raises(AttributeError, match="attribute .*sha512.* does not exist"):
        _ = WithProperty({}).checksum
    with pytest.raises(AttributeError, match="'WithProperty' object has no attribute 'chocolate'"):
        _ = WithProperty({}).chocolate
    assert not hasattr(WithProperty({}), "chocolate")
