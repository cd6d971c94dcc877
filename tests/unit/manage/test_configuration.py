"""The configuration file: options, profiles, versions, and what happens when writing fails."""

import copy
import json
import os
import stat

import pytest

from aiida.common import exceptions, paths
from aiida.common.warnings import AiidaDeprecationWarning
from aiida.manage import configuration
from aiida.manage.configuration.config import Config
from aiida.manage.configuration.files import merge_changes
from aiida.manage.configuration.migrations import (
    CURRENT_CONFIG_VERSION,
    MIGRATIONS,
    check_and_migrate_config,
    config_needs_migrating,
    downgrade_config,
    upgrade_config,
)
from aiida.manage.configuration.options import OPTIONS, get_option, get_option_names, parse_option
from aiida.manage.configuration.profile import Profile


@pytest.fixture
def config():
    return configuration.get_config(create=True)


# --- paths


def test_no_folder_is_made_before_somebody_asks(config_folder):
    assert not config_folder.exists()
    paths.AiiDAConfigDir.get()
    assert sorted(path.name for path in config_folder.iterdir()) == ["access", "broker", "daemon", "log"]
    assert stat.S_IMODE(config_folder.stat().st_mode) == 0o700


def test_first_folder_that_exists_is_taken_else_the_last_one_is_made(tmp_path, monkeypatch):
    (tmp_path / "b" / ".aiida").mkdir(parents=True)
    monkeypatch.setenv("AIIDA_PATH", f"{tmp_path}/a:{tmp_path}/b:{tmp_path}/c")
    paths.AiiDAConfigDir.set(None)
    assert paths.AiiDAConfigDir.get() == tmp_path / "b" / ".aiida"
    monkeypatch.setenv("AIIDA_PATH", f"{tmp_path}/x:{tmp_path}/y/.aiida")
    paths.AiiDAConfigDir.set(None)
    assert paths.AiiDAConfigDir.get() == tmp_path / "y" / ".aiida"


def test_home_without_the_variable(tmp_path, monkeypatch):
    monkeypatch.delenv("AIIDA_PATH")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert paths.AiiDAConfigDir.get() == tmp_path / "home" / ".aiida"


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AIIDA_PATH", str(tmp_path / "file"))
    with pytest.raises(exceptions.ConfigurationError, match="cannot create the configuration folder.*AIIDA_PATH"):
        paths.AiiDAConfigDir.get()


# --- the file


def test_missing_file(config_folder):
    with pytest.raises(exceptions.MissingConfigurationError, match="does not exist"):
        configuration.get_config()
    config = configuration.get_config(create=True)
    assert json.loads((config_folder / "config.json").read_text()) == {
        "CONFIG_VERSION": {"CURRENT": 10, "OLDEST_COMPATIBLE": 10},
        "profiles": {},
    }
    assert configuration.get_config() is config
    configuration.reset_config()
    assert configuration.get_config() is not config
    assert configuration.get_config() == config


def test_file_is_private_and_backed_up_when_it_changes(config, config_folder, entry):
    config.add_profile(Profile("a", entry())).store()
    config.store()
    backups = [path for path in config_folder.iterdir() if path.name.startswith("config.json.")]
    assert len(backups) == 1
    assert json.loads(backups[0].read_text())["profiles"] == {}
    for path in (config_folder / "config.json", backups[0]):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list(config_folder.glob(".config*"))


def test_writing_that_fails_leaves_the_old_file(config, config_folder, entry, monkeypatch):
    before = (config_folder / "config.json").read_text()

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    config.add_profile(Profile("a", entry()))
    with pytest.raises(exceptions.ConfigurationError, match="No space left"):
        config.store()
    assert (config_folder / "config.json").read_text() == before
    assert not list(config_folder.glob(".config*"))


def test_not_json(config_folder):
    paths.AiiDAConfigDir.get()
    (config_folder / "config.json").write_text('{"a": ')
    with pytest.raises(exceptions.ConfigurationError, match="not valid JSON.*backups"):
        configuration.get_config()
    (config_folder / "config.json").write_text("[]")
    with pytest.raises(exceptions.ConfigurationError, match="should hold a JSON object"):
        configuration.get_config()


def test_what_is_unknown_in_the_file_is_kept(config_folder, entry):
    paths.AiiDAConfigDir.get()
    content = {
        "CONFIG_VERSION": {"CURRENT": 10, "OLDEST_COMPATIBLE": 10},
        "$schema": "x",
        "future": {"a": 1},
        "profiles": {
            "good": {**entry(), "PROFILE_UUID": "u", "other": 1, "options": {"no.such.option": 1}},
            "bad": {"storage": {}},
        },
    }
    (config_folder / "config.json").write_text(json.dumps(content))
    config = configuration.get_config()
    assert config.profile_names == ["good"]
    config.set_option("daemon.timeout", 5)
    config.store()
    assert json.loads((config_folder / "config.json").read_text()) == {**content, "options": {"daemon.timeout": 5}}


def test_changes_of_two_programs_are_both_kept(config, entry):
    other = Config.from_file(config.filepath)
    config.add_profile(Profile("a", entry()))
    config.store()
    other.add_profile(Profile("b", entry()))
    other.set_option("daemon.timeout", 9)
    other.store()
    assert other.profile_names == ["b", "a"]
    assert sorted(Config.from_file(config.filepath).profile_names) == ["a", "b"]
    other.remove_profile("a").store()
    config.set_option("db.batch_size", 3)
    config.store()
    assert Config.from_file(config.filepath).profile_names == ["b"]
    assert Config.from_file(config.filepath).options == {"daemon.timeout": 9, "db.batch_size": 3}


def test_merge():
    assert merge_changes(
        {"a": 1, "b": 1, "c": {"x": 1}}, {"a": 2, "c": {"x": 1}}, {"a": 1, "b": 1, "c": {"x": 3}, "d": 1}
    ) == {
        "a": 2,
        "c": {"x": 3},
        "d": 1,
    }


# --- profiles


def test_profiles(config, entry):
    config.add_profile(Profile("a", entry())).add_profile(Profile("b", entry(test_profile=True)))
    with pytest.raises(exceptions.ProfileConfigurationError, match="no default profile"):
        config.get_profile()
    config.set_default_profile("a").set_default_profile("b")
    assert config.default_profile_name == "a"
    assert config.set_default_profile("b", overwrite=True).get_profile().name == "b"
    assert config.get_profile().is_test_profile
    with pytest.raises(exceptions.ProfileConfigurationError, match="profile `z` does not exist"):
        config.get_profile("z")
    with pytest.raises(exceptions.ProfileConfigurationError, match="profile `z` does not exist"):
        config.set_default_profile("z", overwrite=True)
    uuid = config.get_profile("b").uuid
    assert config.rename_profile("b", "c").uuid == uuid
    assert (config.profile_names, config.default_profile_name) == (["a", "c"], "c")
    config.delete_profile("c", delete_storage=False)
    assert Config.from_file(config.filepath).default_profile_name == "a"


def test_profile_needs_storage_and_process_control():
    with pytest.raises(exceptions.ConfigurationError, match="does not contain all required keys"):
        Profile("x", {"storage": {}})


def test_profile_is_a_view_of_its_own(entry):
    content = entry()
    profile = Profile("x", content)
    profile.set_option("a", 1)
    profile.set_option("a", 2, override=False)
    assert profile.get_option("a") == 1 and "options" not in content
    profile.unset_option("a")
    assert profile.get_option("a", 5) == 5
    assert profile.copy().dictionary == profile.dictionary and profile.copy().dictionary is not profile.dictionary
    assert str(profile) == f"Profile<uuid='{profile.uuid}' name='x'>"
    assert Profile.__module__ == "aiida.manage.configuration.profile"


def test_where_files_lie(config, config_folder, entry):
    profile = Profile("p", entry(PROFILE_UUID="u"))
    found = config.filepaths(profile)
    assert found["daemon"]["log"] == str(config_folder / "daemon/log/aiida-p.log")
    assert found["circus"]["socket"]["file"] == str(config_folder / "daemon/circus-p.sockets")
    assert found["broker_service"]["dir"] == str(config_folder / "broker/u-p")
    with pytest.warns(AiidaDeprecationWarning):
        assert profile.filepaths == found


# --- options


def test_options_of_aiida_are_all_there():
    assert len(get_option_names()) == 37
    assert {name for name, option in OPTIONS.items() if option.global_only} == {
        "autofill.user.email",
        "autofill.user.first_name",
        "autofill.user.last_name",
        "autofill.user.institution",
        "rest_api.profile_switching",
        "warnings.development_version",
    }


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
def test_defaults_are_valid(option):
    assert option.validate(option.default) == option.default
    assert option.description and option.schema["default"] == option.default


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("daemon.timeout", "7", 7),
        ("daemon.timeout", 7.0, 7),
        ("caching.default_enabled", "yes", True),
        ("caching.default_enabled", "FALSE", False),
        ("logging.aiida_loglevel", "DEBUG", "DEBUG"),
        ("logging.circus_loglevel", "INHERIT", "INHERIT"),
        ("verdi.shell.auto_import", "a:b", "a:b"),
        ("storage.sandbox", None, None),
        ("caching.enabled_for", ("aiida.calculations:*",), ["aiida.calculations:*"]),
    ],
)
def test_values_are_read(name, given, value):
    assert parse_option(name, given)[1] == value


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("daemon.timeout", "x"),
        ("daemon.timeout", 2.5),
        ("daemon.timeout", True),
        ("caching.default_enabled", "perhaps"),
        ("logging.aiida_loglevel", "debug"),
        ("logging.aiida_loglevel", "INHERIT"),
        ("verdi.shell.auto_import", 3),
        ("caching.enabled_for", "aiida.calculations:x"),
        ("caching.enabled_for", ["a b"]),
        ("caching.enabled_for", ["aiida.calculations:no_such_thing"]),
    ],
)
def test_bad_values_are_refused(name, given):
    with pytest.raises(exceptions.ConfigurationError, match=f"Invalid.*`{name}`|Invalid identifier"):
        parse_option(name, given)


def test_where_a_value_comes_from(config, entry):
    config.add_profile(Profile("a", entry()))
    assert config.get_option("daemon.timeout") == config.get_option("daemon.timeout", scope="a") == 2
    assert config.get_option("daemon.timeout", default=False) is None
    config.set_option("daemon.timeout", 3)
    config.set_option("daemon.timeout", 4, scope="a")
    assert (config.get_option("daemon.timeout"), config.get_option("daemon.timeout", scope="a")) == (3, 4)
    assert {name: source for name, (_, source, _) in config.get_options("a").items()}["daemon.timeout"] == "profile"
    assert config.get_options()["daemon.timeout"][1:] == ("global", 3)
    config.unset_option("daemon.timeout", scope="a")
    assert config.get_option("daemon.timeout", scope="a") == 3
    config.set_option("autofill.user.email", "a@b", scope="a")
    assert config.options["autofill.user.email"] == "a@b"
    with pytest.raises(exceptions.ConfigurationError, match="the option no.option does not exist"):
        config.get_option("no.option")


def test_old_names_of_options(config):
    with pytest.warns(AiidaDeprecationWarning, match="use `broker.task_timeout`"):
        config.set_option("rmq.task_timeout", 3)
    assert config.options == {"broker.task_timeout": 3}
    assert get_option("rmq.task_timeout").deprecated_by == "broker.task_timeout"


# --- versions

OLD = {
    "profiles": {
        "a": {
            "AIIDADB_ENGINE": "postgresql_psycopg2",
            "AIIDADB_BACKEND": "django",
            "AIIDADB_HOST": "localhost",
            "AIIDADB_PORT": 5432,
            "AIIDADB_NAME": "n",
            "AIIDADB_USER": "u",
            "AIIDADB_PASS": "p",
            "AIIDADB_REPOSITORY_URI": "file:///r",
            "PROFILE_UUID": "1",
            "default_user_email": "a@b",
            "options": {"daemon_timeout": 3, "logging_db_log_level": "INFO"},
        },
        "test_b": {"AIIDADB_BACKEND": "sqlalchemy", "PROFILE_UUID": "2"},
    },
    "default_profiles": {"verdi": "a", "daemon": "a"},
    "options": {"user_email": "q", "show_deprecations": True},
}


def test_from_the_beginning_to_the_present():
    new = upgrade_config(copy.deepcopy(OLD))
    assert new["CONFIG_VERSION"] == {"CURRENT": 10, "OLDEST_COMPATIBLE": 10}
    assert new["default_profile"] == "a" and "default_profiles" not in new
    assert new["options"] == {"autofill.user.email": "q", "warnings.showdeprecations": True}
    a = new["profiles"]["a"]
    assert a["storage"] == {
        "backend": "core.psql_dos",
        "_v6_backend": "django",
        "config": {
            "database_engine": "postgresql_psycopg2",
            "database_hostname": "localhost",
            "database_port": 5432,
            "database_username": "u",
            "database_password": "p",
            "database_name": "n",
            "repository_uri": "file:///r",
        },
    }
    assert a["process_control"]["backend"] == "core.rabbitmq" and a["process_control"]["config"]["broker_port"] == 5672
    assert a["options"] == {"daemon.timeout": 3, "logging.database_handler": "INFO"}
    assert (a["test_profile"], new["profiles"]["test_b"]["test_profile"]) == (False, True)


@pytest.mark.parametrize("version", range(1, CURRENT_CONFIG_VERSION))
def test_down_and_up_again_is_the_same(version):
    new = upgrade_config(copy.deepcopy(OLD))
    down = downgrade_config(copy.deepcopy(new), version)
    assert down["CONFIG_VERSION"]["CURRENT"] == version
    assert upgrade_config(down) == new


@pytest.mark.parametrize("version", range(1, CURRENT_CONFIG_VERSION + 1))
def test_steps_are_a_chain(version):
    steps = {step.up_revision: step for step in MIGRATIONS}
    assert steps[version].down_revision == version - 1
    reached = upgrade_config(copy.deepcopy(OLD), version)
    assert reached["CONFIG_VERSION"] == {"CURRENT": version, "OLDEST_COMPATIBLE": steps[version].up_compatible}


def test_the_old_name_of_an_option_gives_way_to_the_new_one():
    config = {
        "CONFIG_VERSION": {"CURRENT": 9},
        "options": {"logging.db_loglevel": "INFO", "logging.database_handler": "ERROR"},
    }
    assert upgrade_config(config)["options"] == {"logging.database_handler": "ERROR"}


def test_inherited_levels_do_not_exist_in_version_9():
    config = {
        "CONFIG_VERSION": {"CURRENT": 10},
        "options": {"logging.circus_loglevel": "INHERIT", "logging.terminal_handler": "INFO"},
    }
    assert downgrade_config(config, 9)["options"] == {}


def test_old_file_is_brought_up_with_a_backup(config_folder):
    paths.AiiDAConfigDir.get()
    (config_folder / "config.json").write_text(json.dumps(OLD))
    config = configuration.get_config()
    assert config.version == 10 and config.profile_names == ["a", "test_b"]
    assert json.loads((config_folder / "config.json").read_text()) == config.dictionary
    assert OLD in [json.loads(path.read_text()) for path in config_folder.glob("config.json.*")]


def test_file_of_the_future_is_refused(config_folder):
    paths.AiiDAConfigDir.get()
    path = config_folder / "config.json"
    path.write_text(json.dumps({"CONFIG_VERSION": {"CURRENT": 12, "OLDEST_COMPATIBLE": 11}, "profiles": {}}))
    before = path.read_text()
    with pytest.raises(
        exceptions.ConfigurationVersionError, match=f"(?s){path}.*version 12.*verdi config downgrade 10"
    ):
        configuration.get_config()
    assert path.read_text() == before


def test_newer_but_compatible_file_is_kept_as_it_is():
    config = {"CONFIG_VERSION": {"CURRENT": 12, "OLDEST_COMPATIBLE": 9}}
    assert not config_needs_migrating(config)
    assert check_and_migrate_config(dict(config)) == config


def test_no_way_up_or_down():
    with pytest.raises(exceptions.ConfigurationError, match="No migration found to upgrade version 10"):
        upgrade_config({}, 20)
    with pytest.raises(exceptions.ConfigurationError, match="Could not downgrade to version 20"):
        downgrade_config({}, 20)


# --- the file as models


def test_models_are_made_from_the_table(entry):
    from aiida.manage.configuration.config import ConfigSchema, GlobalOptionsSchema

    content = {
        "profiles": {"a": {**entry(), "options": {"daemon.timeout": 3}}},
        "options": {"logging.aiida_loglevel": "DEBUG"},
    }
    model = ConfigSchema(**content)
    assert model.profiles["a"].options.daemon__timeout == 3
    assert model.options.logging__aiida_loglevel == "DEBUG"
    assert set(GlobalOptionsSchema.model_json_schema()["properties"]) == set(OPTIONS)
    assert ConfigSchema.model_json_schema()["properties"]["profiles"]
    with pytest.raises(ValueError, match=r"daemon\.timeout"):
        GlobalOptionsSchema(**{"daemon.timeout": "x"})
    with pytest.raises(ValueError, match="Invalid identifier"):
        GlobalOptionsSchema(**{"caching.enabled_for": ["a b"]})


def test_a_name_that_is_nowhere():
    from aiida.manage.configuration import config

    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        config.Nothing  # noqa: B018


def test_start_up_loads_no_heavy_package():
    import subprocess
    import sys

    code = (
        "import sys; import aiida.manage.manager, aiida.manage.configuration.config\n"
        "print([name for name in ('sqlalchemy', 'pydantic', 'numpy', 'click', 'asyncio', 'importlib.metadata', 'aiida.storage')"
        " if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_what_a_profile_cannot_do_yet_it_says():
    profile = Profile("mine", {"storage": {"backend": "core.sqlite_dos", "config": {}}, "process_control": {}})
    with pytest.raises(exceptions.FeatureNotAvailable, match="profile `mine` cannot be dumped.*verdi storage backup"):
        profile.dump("/tmp/never", overwrite=True)
