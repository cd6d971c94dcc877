"""Empty lists, secrets, files that are no text: what commands meet in scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from aiida import orm
from aiida.cmdline import fields
from aiida.cmdline.utils import shell
from aiida.common.profile import Profile
from aiida.manage import configuration
from aiida.storage.psql_dos.backend import PsqlDosBackend
from aiida.tools.pytest_fixtures.entry_points import entry_points  # noqa: F401 - a fixture

Good = Callable[..., str]
Bad = Callable[..., str]


@pytest.mark.parametrize(
    "words",
    [
        *(["node", name] for name in ("show", "attributes", "extras", "label", "description", "delete")),
        ["node", "delete", "-f"],
        ["node", "delete", "-f", "--clean-workdir"],
        ["node", "label", "-f", "-L", "x"],
        ["node", "comment", "show"],
        ["code", "delete", "-f"],
        ["data", "core.dict", "show"],
        ["data", "core.structure", "show"],
        ["group", "delete"],
    ],
    ids=" ".join,
)
def test_an_empty_list_is_no_error(good: Good, words: list[str]) -> None:
    """`verdi node delete -f $(…)` under `set -e`, where the list is empty: aiida-core exits with 0."""
    assert "Error" not in good(*words)


def test_nothing_to_remove_from_a_group_is_an_error_unless_forced(good: Good, bad: Bad) -> None:
    good("group", "create", "edges")
    assert "No nodes were provided" in bad("group", "remove-nodes", "-G", "edges", code=1)
    good("group", "remove-nodes", "-f", "-G", "edges")


def test_folders_are_cleaned_of_what_is_there_still(good: Good) -> None:
    assert "no job folders" in good("node", "delete", "-f", "--clean-workdir", "999999")


def test_rehashing_named_nodes_keeps_to_the_class(good: Good, bad: Bad, home: Path) -> None:
    number, text = orm.Int(1).store(), orm.Str("a").store()
    assert "1 nodes re-hashed" in good("node", "rehash", "-f", "-e", "aiida.data:core.int", str(number.pk), "--", str(text.pk))
    assert "no matching nodes" in bad("node", "rehash", "-f", "-e", "aiida.data:core.int", str(text.pk), code=1)


def test_an_option_for_all_profiles_is_set_and_unset_for_all(good: Good) -> None:
    assert "globally" in good("config", "set", "autofill.user.email", "a@b")
    assert good("config", "get", "autofill.user.email").strip() == "a@b"
    assert "globally" in good("config", "unset", "autofill.user.email")
    assert good("config", "get", "autofill.user.email").strip() == "None"


def test_passwords_are_not_printed(good: Good, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    output = good("profile", "configure-broker", "core.rabbitmq", "-n", "-f", "--broker-port", "1", "--broker-password", "hush", "presto")
    assert "***" in output and "hush" not in output
    good("profile", "configure-broker", "core.zeromq", "-n", "presto")
    config = configuration.get_config()
    monkeypatch.setattr(config, "store", lambda: config)
    storage = {"backend": "core.psql_dos", "config": {"database_password": "hush", "database_name": "x"}}
    config.add_profile(Profile("gone", {"storage": storage, "process_control": {"backend": None, "config": {}}}))
    said: list[str] = []
    monkeypatch.setattr("aiida.manage.configuration.config.LOGGER.report", lambda text, *args: said.append(text % args))
    config.delete_profile("gone", delete_storage=False)
    assert "'database_name': 'x'" in said[0] and "hush" not in said[0]


def test_a_password_is_typed_unseen() -> None:
    command = click.Command("x")
    for setting in fields.fields_of_class(PsqlDosBackend):
        fields.to_option(setting)(command)
    hidden = [param.name for param in command.params if isinstance(param, click.Option) and param.hide_input]
    assert hidden == ["database_password"]


def test_what_cannot_be_imported_does_not_keep_the_shell_shut(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(configuration, "get_config_option", lambda name: "no.such.module:json")
    namespace = shell.get_start_namespace()
    assert "json" in namespace and "module" not in namespace
    assert "`no.such.module` of the option `verdi.shell.auto_import` cannot be imported" in capsys.readouterr().out


def test_files_that_are_no_text(good: Good, bad: Bad, home: Path, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x81")
    assert "cannot be read as XYZ" in bad("data", "core.structure", "import", "aiida-xyz", str(tmp_path / "binary"), code=1)
    assert "cannot be read as UPF" in bad("data", "core.upf", "import", str(tmp_path / "binary"), code=1)
    folder = orm.RemoteData(computer=orm.load_computer("localhost"), remote_path=str(tmp_path)).store()
    command = [sys.executable, "-m", "aiida", "data", "core.remote", "cat", str(folder.pk), "binary"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"\xff\xfe\x00\x81"


def test_a_statement_with_a_mistake(bad: Bad) -> None:
    assert "the statement failed" in bad("devel", "run-sql", "selec 1", code=1)


def test_a_plugin_that_raises_does_not_take_the_others_along(good: Good, bad: Bad, entry_points: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    (tmp_path / "raises_on_import.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    entry_points.add("raises_on_import:Code", "aiida.data:core.code.raises")
    assert "core.code.installed" in good("code", "create", "--help")
    assert "core.code.raises: division by zero" in bad("devel", "validate-plugins", code=1)


def test_a_step_of_a_trajectory_is_shown(good: Good, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trajectory = orm.TrajectoryData()
    trajectory.set_trajectory(["H"], np.array([[[0.0, 0.0, 0.0]], [[0.5, 0.0, 0.0]]]), cells=np.array([np.eye(3)] * 2))
    (tmp_path / "jmol").write_text(f"#!/bin/sh\ncp \"$1\" {tmp_path}/shown\n")
    (tmp_path / "jmol").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    good("data", "core.trajectory", "show", "-F", "jmol", "-i", "1", str(trajectory.store().pk))
    text = (tmp_path / "shown").read_text()
    assert text.count("data_") == 1 and "0.5" in text


def test_an_older_configuration_is_written_without_complaints(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / ".aiida"
    folder.mkdir()
    (folder / "config.json").write_text((home / "config.json").read_text())
    command = [sys.executable, "-m", "aiida", "config", "downgrade", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "AIIDA_PATH": str(tmp_path)})
    assert "ignored" not in done.stdout + done.stderr
    assert json.loads((folder / "config.json").read_text())["CONFIG_VERSION"] == {"CURRENT": 5, "OLDEST_COMPATIBLE": 5}
    assert len(list(folder.glob("config.json.*"))) == 1


def test_a_report_that_cannot_be_written(bad: Bad, tmp_path: Path) -> None:
    assert "`-o` names another file" in bad("bug-report", "-o", str(tmp_path / "none" / "x.zip"), code=1)


@pytest.mark.parametrize("words", [["node", "show", "1"], ["user", "set-default", "a@b"]], ids=" ".join)
def test_the_first_command_of_all_names_the_next_step(tmp_path: Path, words: list[str]) -> None:
    environment = {**os.environ, "AIIDA_PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "aiida", *words], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1 and "no profile exists yet: make one with `verdi presto`" in done.stderr
