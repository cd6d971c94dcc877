"""Loading profiles: BEHAVIOUR L11, I18; the slots; who uses a profile."""

import os
import subprocess
import sys

import pytest

from aiida import get_profile, load_profile, profile_context
from aiida.common import exceptions, slots
from aiida.manage import configuration, get_manager
from aiida.manage.configuration.profile import Profile
from aiida.manage.profile_access import ProfileAccessManager
from aiida.storage.sqlite_temp import SqliteTempBackend


@pytest.fixture
def config(entry, tmp_path):
    config = configuration.get_config(create=True)
    for name in ("a", "b"):
        filepath = str(tmp_path / name)
        profile = config.create_profile(name, "core.sqlite_dos", {"filepath": filepath})
        config.update_profile(profile)
    return config.set_default_profile("a").store()


def test_nothing_is_loaded_and_the_slots_say_so():
    assert get_profile() is None
    for slot in (slots.current_store, slots.current_engine):
        with pytest.raises(exceptions.ConfigurationError, match="no profile is loaded"):
            slot.get()
    with pytest.raises(exceptions.ConfigurationError, match="Consider loading a profile"):
        get_manager().get_profile_storage()
    assert slots.current_settings.get().get("daemon.timeout") == 2


def test_l11_load_profile(config, monkeypatch):
    assert load_profile().name == "a"
    assert load_profile() is load_profile("a") is get_profile()
    assert load_profile("b").name == "b"  # nothing was open
    assert load_profile().name == "b"
    get_manager().get_profile_storage()
    with pytest.raises(exceptions.InvalidOperation, match="cannot switch to profile 'a'.*allow_switch is False"):
        load_profile("a")
    assert load_profile("a", allow_switch=True).name == "a"
    with pytest.raises(exceptions.ProfileConfigurationError, match="profile `x` does not exist"):
        load_profile("x")
    with pytest.raises(TypeError, match="profile must be None, a string, or a Profile instance"):
        load_profile(5)


def test_l11_profile_of_the_environment(config, monkeypatch):
    monkeypatch.setenv("AIIDA_PROFILE", "b")
    assert load_profile().name == "b"


def test_no_configuration():
    with pytest.raises(exceptions.MissingConfigurationError):
        load_profile()


def test_opening_is_lazy(config):
    manager = get_manager()
    load_profile("a")
    assert not manager.profile_storage_loaded
    store = slots.current_store.get()
    assert manager.profile_storage_loaded and manager.get_profile_storage() is store
    manager.reset_profile()
    assert not manager.profile_storage_loaded and store.is_closed and get_profile().name == "a"
    assert slots.current_store.get() is not store


def test_i18_a_second_storage_while_the_first_is_in_use(config):
    manager = get_manager()
    load_profile("a")
    first = manager.get_profile_storage()
    manager._profile_storage = None
    assert not manager.profile_storage_loaded
    second = manager.get_profile_storage()
    assert second is not first and not first.is_closed
    second.close()
    manager._profile_storage = first
    assert manager.get_profile_storage() is first


def test_profile_context(config):
    load_profile("a")
    with profile_context("b", allow_switch=True) as profile:
        assert get_profile() is profile
    assert get_profile().name == "a"
    with pytest.raises(RuntimeError), profile_context("b", allow_switch=True):
        raise RuntimeError
    assert get_profile().name == "a"


def test_n_get_config_is_looked_up_when_called(monkeypatch, config):
    monkeypatch.setattr("aiida.manage.configuration.get_config", lambda create=False: "patched")
    assert get_manager().get_config() == "patched"


def test_options_of_the_profile_win(config):
    settings = slots.current_settings.get()
    config.set_option("daemon.timeout", 3)
    config.set_option("daemon.timeout", 4, scope="a")
    assert settings.get("daemon.timeout") == 3
    load_profile("a")
    assert settings.get("daemon.timeout") == configuration.get_config_option("daemon.timeout") == 4
    assert settings.get("rmq.task_timeout") == 10
    with pytest.raises(exceptions.ConfigurationError, match="does not exist"):
        settings.get("no.option")
    assert settings.get_profile().name == "a" and settings.get_profile("b").name == "b"


def test_i15_temporary_profile_needs_no_configuration():
    profile = load_profile(SqliteTempBackend.create_profile("name"), allow_switch=True)
    assert get_profile() is profile
    assert get_manager().get_profile_storage().profile is profile


def test_two_temporary_profiles_of_one_name():
    first = load_profile(SqliteTempBackend.create_profile("name"))
    get_manager().get_profile_storage()
    second = load_profile(SqliteTempBackend.create_profile("name"), allow_switch=True)
    assert first is not second


def test_a01_runner(config):
    load_profile("a")
    manager = get_manager()
    runner = manager.get_runner()
    assert runner is manager.get_runner()
    assert (runner.is_daemon_runner, runner.controller, runner.communicator) == (False, None, None)
    assert manager.create_runner() is not runner
    mine = manager.create_runner()
    manager.set_runner(mine)
    assert manager.get_runner() is mine
    manager.reset_runner()
    assert manager.get_runner() is not mine


def test_no_broker(config):
    load_profile("a")
    assert get_manager().get_broker() is None
    with pytest.raises(exceptions.ConfigurationError, match="does not define a broker"):
        get_manager().get_communicator()


@pytest.mark.parametrize("name", ["core.rabbitmq", "core.zeromq"])
def test_brokers_of_existing_profiles_load(name, entry):
    load_profile(Profile("x", entry(process_control={"backend": name, "config": {}})))
    broker = get_manager().get_broker()
    assert broker is get_manager().get_broker() and broker is not None
    get_manager().reset_broker()


# --- who uses a profile

USER = """
import sys
from aiida.manage import configuration, get_manager
configuration.load_profile("a")
get_manager().get_profile_storage()
print("open", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def other_process(config):
    process = subprocess.Popen([sys.executable, "-c", USER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "open\n"
    yield process
    if process.poll() is None:
        process.communicate("\n")


def test_several_processes_may_use_a_profile_but_then_nobody_can_lock_it(other_process, config):
    access = ProfileAccessManager(config.get_profile("a"))
    access.request_access()
    assert access.is_active() and not access.is_locked()
    with pytest.raises(exceptions.LockingProfileError, match=str(other_process.pid)), access.lock():
        pass
    other_process.communicate("\n")
    assert not access.is_active()
    with access.lock():
        assert access.is_locked()
    assert not access.is_locked()


def test_locked_by_another(config):
    access = ProfileAccessManager(config.get_profile("a"))
    with access.lock():
        result = subprocess.run([sys.executable, "-c", USER], input="\n", capture_output=True, text=True, check=False)
    assert result.returncode != 0 and "LockedProfileError" in result.stderr and str(os.getpid()) in result.stderr


def test_stale_files_do_not_count(config, config_folder):
    folder = config_folder / "access" / "a"
    access = ProfileAccessManager(config.get_profile("a"))
    gone = subprocess.Popen(["true"])
    gone.wait()
    for kind in ("pid", "lock"):
        (folder / f"{gone.pid}.{kind}").write_text("['true']")
    (folder / f"{os.getppid()}.pid").write_text("['something', 'else']")
    assert not access.is_active() and not access.is_locked()
    access.request_access()
    assert [path.name for path in folder.iterdir()] == [f"{os.getpid()}.pid"]
    (folder / f"{os.getpid()}.lock").touch()
    access.clear_locks()
    assert not list(folder.glob("*.lock"))
