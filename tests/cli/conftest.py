"""A home of its own with a profile made by `verdi presto`, and a runner of commands in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiida.cmdline.commands.cmd_verdi import verdi as verdi_command
from aiida.common.paths import AiiDAConfigDir
from aiida.manage import configuration, get_manager

Run = Callable[..., Result]


def invoke(*words: str, input: str | None = None) -> Result:
    """Run a command line and return what came of it."""
    return CliRunner().invoke(verdi_command, list(words), input=input, prog_name="verdi")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of configuration with one profile, `presto`, for the tests of a module."""
    before = AiiDAConfigDir._glb_aiida_config_folder
    get_manager().unload_profile()
    folder = tmp_path_factory.mktemp("home") / ".aiida"
    environment = os.environ.get("AIIDA_PATH")
    os.environ["AIIDA_PATH"] = str(folder.parent)  # for daemons and scripts that are started
    AiiDAConfigDir.set(folder)
    configuration.reset_config()
    result = invoke("presto", "-n")
    assert result.exit_code == 0, result.output
    yield folder
    invoke("daemon", "stop", "--all")  # what a failed test may have left
    get_manager().unload_profile()
    if environment is None:
        del os.environ["AIIDA_PATH"]
    else:
        os.environ["AIIDA_PATH"] = environment
    AiiDAConfigDir._glb_aiida_config_folder = before
    configuration.reset_config()


@pytest.fixture
def verdi(home: Path) -> Iterator[Run]:
    """Run commands in that home; whatever a test did to the loaded profile is undone."""
    get_manager().load_profile("presto", allow_switch=True)
    yield invoke
    get_manager().load_profile("presto", allow_switch=True)


@pytest.fixture
def good(verdi: Run) -> Callable[..., str]:
    """Run a command that must succeed and return its output."""

    def run(*words: str, input: str | None = None) -> str:
        result = verdi(*words, input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return str(result.output)

    return run


@pytest.fixture
def bad(verdi: Run) -> Callable[..., str]:
    """Run a command that must fail with a message, not with an exception, and return its output."""

    def run(*words: str, code: int = 2, input: str | None = None) -> str:
        result = verdi(*words, input=input)
        assert isinstance(result.exception, SystemExit), f"not a message but {result.exception!r}\n{result.output}"
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return str(result.output)

    return run
