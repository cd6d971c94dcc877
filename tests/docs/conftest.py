"""A profile as `verdi presto` makes it, in a folder of its own, for examples that run for real."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiida.cmdline.commands.cmd_verdi import verdi
from aiida.common.paths import AiiDAConfigDir
from aiida.manage import configuration, get_manager
from tests.docs.made import ROOT


def invoke(*words: str) -> str:
    """Run a command that must succeed, and return its output."""
    result = CliRunner().invoke(verdi, list(words), prog_name="verdi")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return str(result.output)


@pytest.fixture(scope="module")
def presto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The configuration folder; daemons and scripts that are started find it, and the examples, by the environment."""
    before = AiiDAConfigDir._glb_aiida_config_folder
    get_manager().unload_profile()
    folder = tmp_path_factory.mktemp("docs") / ".aiida"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIIDA_PATH", str(folder.parent))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep))
        patch.delenv("AIIDA_PROFILE", raising=False)
        AiiDAConfigDir.set(folder)
        configuration.reset_config()
        invoke("presto", "-n")
        yield folder
        invoke("daemon", "stop", "--all")
    get_manager().unload_profile()
    AiiDAConfigDir._glb_aiida_config_folder = before
    configuration.reset_config()


@pytest.fixture
def profile(presto: Path) -> Iterator[Path]:
    """The same, loaded."""
    configuration.load_profile("presto", allow_switch=True)
    yield presto
