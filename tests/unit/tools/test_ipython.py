"""The magics of IPython, in a real shell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from aiida.manage import configuration, get_manager
from aiida.storage.sqlite_temp.backend import SqliteTempBackend


@pytest.fixture
def shell() -> Iterator[Any]:
    """IPython with a temporary profile that a user has loaded; the one that was loaded before comes back."""
    before = get_manager().get_profile()
    configuration.load_profile(SqliteTempBackend.create_profile("magics"), allow_switch=True)
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()
    get_manager().unload_profile()
    if before is not None:
        configuration.load_profile(before, allow_switch=True)


def test_names_and_commands(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """`%aiida` keeps the loaded profile and brings names; `%verdi` runs here."""
    shell.run_cell("%load_ext aiida")
    assert "magics" in shell.run_cell("%aiida").result
    shell.run_cell("number = orm.Int(3).store().pk")
    assert shell.user_ns["orm"].load_node(shell.user_ns["number"]).value == 3
    assert shell.user_ns["load_node"](shell.user_ns["number"]).pk == shell.user_ns["number"]
    capsys.readouterr()
    shell.run_cell("%verdi profile list --help")
    assert "%verdi profile list" in capsys.readouterr().out
