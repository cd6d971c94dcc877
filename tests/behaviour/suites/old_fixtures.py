"""A plugin's test suite over `aiida.manage.tests.pytest_fixtures`; run by `test_l_fixtures.py` in an interpreter of its own."""

import logging
import os
import pathlib

import pytest

from aiida import get_profile, orm
from aiida.manage.tests.pytest_fixtures import recursive_merge


def test_l06_profile(aiida_profile, aiida_instance, aiida_manager):
    assert aiida_profile is get_profile() and aiida_profile.is_test_profile
    assert aiida_profile.name in aiida_instance.profile_names
    assert aiida_manager.get_profile() is aiida_profile
    orm.Int(1).store()
    aiida_profile.clear_profile()
    assert orm.QueryBuilder().append(orm.Node).count() == 0
    orm.Int(1).store()
    aiida_profile.reset_storage()
    assert orm.QueryBuilder().append(orm.Node).count() == 0


@pytest.fixture(autouse=True)
def around(clear_database):
    """As plugins do."""


def test_l06_leave_something(aiida_localhost):
    orm.Int(1).store()


def test_l06_it_is_gone():
    assert orm.QueryBuilder().append(orm.Node).count() == 0
    assert orm.User.collection.get_default().email == "test@localhost"


def test_before_and_after(clear_database_before_test, clear_database_after_test, aiida_profile_clean):
    assert clear_database_before_test is clear_database_after_test is aiida_profile_clean


@pytest.mark.usefixtures("clear_database_before_test_class", "aiida_profile_clean_class")
class TestClass:
    def test_clean(self):
        assert orm.QueryBuilder().append(orm.Node).count() == 0


def test_l04_local_code(aiida_local_code_factory, aiida_localhost):
    code = aiida_local_code_factory("core.arithmetic.add", "bash")
    assert (code.label, code.computer.pk) == ("bash", aiida_localhost.pk)
    assert aiida_local_code_factory(entry_point="core.arithmetic.add", executable="bash").pk == code.pk
    assert aiida_local_code_factory("core.arithmetic.add", "bash", label="other", prepend_text="x").prepend_text == "x"
    with pytest.raises(ValueError, match="was not found in the"):
        aiida_local_code_factory("core.arithmetic.add", "no-such-program")


def test_computers(aiida_computer, aiida_computer_local):
    assert not aiida_computer(label="a").is_configured
    assert aiida_computer_local(label="b").is_configured


def test_l05_profile_factory(aiida_profile_factory, aiida_profile):
    profile = aiida_profile_factory({"process_control": {"backend": "core.rabbitmq", "config": {}}})
    assert get_profile() is profile and profile.process_control_backend == "core.rabbitmq"


def test_l09_caplog(aiida_caplog):
    logging.getLogger("aiida.some").error("here")
    assert "here" in aiida_caplog.text


def test_small_ones(temp_dir, temporary_event_loop, entry_points, stopped_daemon_client):
    assert os.path.isdir(temp_dir) and isinstance(temp_dir, str)
    assert not temporary_event_loop.is_running()
    assert pathlib.Path(temp_dir).exists()
    assert recursive_merge({"a": {"b": 1}}, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}
