"""A profile of its own for each module, used as a user uses it: `verdi`, scripts, and a real daemon."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.home import Home, make_home


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A fresh profile; its daemon is stopped afterwards."""
    with make_home() as made:
        yield made


@pytest.fixture
def daemon(home: Home) -> Iterator[Home]:
    """The same with one worker turning; whatever a test did to it, the next one gets it sound."""
    home.verdi("daemon", "start", "1")
    yield home
    home.verdi("daemon", "stop", check=False)
