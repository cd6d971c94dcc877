"""A configuration folder of one's own for every test, and no profile."""

import pytest

from aiida.common import paths
from aiida.manage import configuration
from aiida.manage.manager import get_manager


@pytest.fixture(autouse=True)
def config_folder(tmp_path, monkeypatch):
    """A new folder; what was loaded before is loaded again afterwards."""
    manager = get_manager()
    before = manager.get_profile()
    manager.unload_profile()
    monkeypatch.setattr(paths.AiiDAConfigDir, "_glb_aiida_config_folder", None)
    monkeypatch.setattr(configuration, "CONFIG", None)
    monkeypatch.setenv("AIIDA_PATH", str(tmp_path))
    monkeypatch.delenv("AIIDA_PROFILE", raising=False)
    monkeypatch.setenv("_AIIDA_QUIET", "1")
    yield tmp_path / ".aiida"
    manager.unload_profile()
    monkeypatch.undo()
    if before is not None:
        manager.load_profile(before)


@pytest.fixture
def entry():
    """The entry of a profile as it stands in the file."""

    def make(**changes):
        return {
            "storage": {"backend": "core.sqlite_dos", "config": {"filepath": "/nowhere"}},
            "process_control": {"backend": None, "config": {}},
            **changes,
        }

    return make
