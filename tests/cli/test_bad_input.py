"""Bad input gets one message that names the object and the next step, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aiida import orm
from aiida.cmdline.commands.cmd_verdi import explain

Bad = Callable[..., str]


def program(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `verdi` as a program, where nothing but its output tells what went wrong."""
    code = "import sys; sys.argv[0] = 'verdi'; from aiida.cmdline.commands.cmd_verdi import verdi; sys.exit(verdi())"
    environment = {**os.environ, "AIIDA_PATH": str(home)}
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-p", "nope", "status"], "profile `nope` does not exist; known profiles: presto"),
        (["process", "show", "999"], "no ProcessNode found with ID<999>: No result was found"),
        (["node", "show", "nope"], "no Node found with LABEL<nope>"),
        (["computer", "test", "nope"], "no Computer found with LABEL<nope>"),
        (["code", "show", "nope@localhost"], "no Code found with LABEL<nope@localhost>"),
        (["group", "show", "nope"], "no Group found with LABEL<nope>"),
        (["config", "get", "daemon.time"], "not a valid configuration option; similar are: daemon.timeout"),
        (["process", "list", "-S", "foo"], "'foo' is not one of 'created', 'running'"),
        (["process", "list", "-P", "foo"], "'foo' is not one of 'pk', 'uuid'"),
        (["process", "kill"], "specify one or multiple processes by their identifier"),
        (["process", "lst"], "The most similar commands are:"),
        (["computer", "setup", "-n", "-L", "x", "-H", "y", "-T", "core.nope", "-S", "core.direct"], "entry point 'core.nope' is not valid"),
        (["computer", "setup", "-n", "-L", "x"], "Missing option '-H' / '--hostname'"),
        (["code", "create", "core.code.installed", "-n", "-L", "x", "-Y", "nope", "-X", "/x"], "`verdi computer list` shows the known ones"),
        (["user", "set-default", "nope@x"], "User 'nope@x' not found"),
        (["run", "nope.py"], "does not exist"),
        (["profile", "delete", "-f", "presto"], "`--delete-data` or `--keep-data` has to be explicitly specified"),
    ],
)
def test_usage_errors_name_the_object(bad: Bad, words: list[str], expected: str) -> None:
    assert expected in bad(*words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["config", "set", "daemon.timeout", "abc"], "Invalid value for `daemon.timeout`"),
        (["plugin", "list", "aiida.data", "nope"], "Entry point 'nope' not found in group 'aiida.data'"),
        (["daemon", "incr"], "daemon is not running: start it with `verdi daemon start`"),
        (["daemon", "restart"], "daemon is not running"),
        (["presto", "-n", "--use-postgres", "--postgres-port", "1"], "Nothing was changed."),
    ],
)
def test_failures_say_what_to_do(bad: Bad, words: list[str], expected: str) -> None:
    assert expected in bad(*words, code=1)


def test_daemon_status_without_a_daemon_exits_with_3(bad: Bad) -> None:
    assert "The daemon is not running." in bad("daemon", "status", code=3)


def test_wrong_type_of_node_is_named(bad: Bad) -> None:
    node = orm.Int(1).store()
    assert f"no CalcJobNode found with ID<{node.pk}>" in bad("calcjob", "res", str(node.pk))
    assert f"no Dict found with ID<{node.pk}>" in bad("data", "core.dict", "show", str(node.pk))


def test_no_profile_at_all(tmp_path: Path) -> None:
    answer = program(tmp_path, "process", "list")
    assert answer.returncode == 1 and "verdi presto" in answer.stderr and "Traceback" not in answer.stderr
    answer = program(tmp_path, "status")
    assert answer.returncode == 0 and "verdi presto" in answer.stdout


def test_config_from_the_future_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".aiida").mkdir()
    future = {"CONFIG_VERSION": {"CURRENT": 99, "OLDEST_COMPATIBLE": 99}, "profiles": {}}
    (tmp_path / ".aiida" / "config.json").write_text(json.dumps(future))
    for words in (["status"], ["process", "list"], ["presto"]):
        answer = program(tmp_path, *words)
        assert answer.returncode != 0 and "Traceback" not in answer.stderr
        assert "99" in answer.stderr + answer.stdout
    assert json.loads((tmp_path / ".aiida" / "config.json").read_text()) == future, "the file is left as it was"


def test_broken_database_is_one_message(tmp_path: Path) -> None:
    assert program(tmp_path, "presto").returncode == 0
    config = json.loads((tmp_path / ".aiida" / "config.json").read_text())
    folder = Path(config["profiles"]["presto"]["storage"]["config"]["filepath"])
    (folder / "database.sqlite").write_bytes(b"this is not a database" * 100)
    for words in (["status"], ["process", "list"]):
        answer = program(tmp_path, *words)
        assert answer.returncode != 0 and "Traceback" not in answer.stderr, answer.stderr
        assert "database" in (answer.stderr + answer.stdout).lower()


def test_permission_denied_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    # As root every folder can be written, so the error that others get is handed to the handler.
    with pytest.raises(SystemExit):
        explain(PermissionError(13, "Permission denied", "/some/.aiida/config.json"))
    text = capsys.readouterr().err
    assert "cannot use `/some/.aiida/config.json`: permission denied" in text and "AIIDA_PATH" in text


@pytest.mark.real("root")
def test_read_only_folder_is_one_message(tmp_path: Path) -> None:
    assert program(tmp_path, "presto").returncode == 0
    subprocess.run(["mount", "--bind", str(tmp_path), str(tmp_path)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(tmp_path)], check=True)
        for words in (["status"], ["process", "list"], ["group", "create", "x"], ["presto"], ["config", "set", "daemon.timeout", "3"], ["daemon", "start"]):
            answer = program(tmp_path, *words)
            assert answer.returncode != 0 and "Traceback" not in answer.stderr
            assert "read-only" in answer.stderr.lower() and str(tmp_path) in answer.stderr, f"{words}: {answer.stderr}"
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert program(tmp_path, "status").returncode == 0


def test_full_disk_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        explain(OSError(28, "No space left on device", "/some/database.sqlite"))
    assert "cannot use `/some/database.sqlite`: no space left on device" in capsys.readouterr().err


def test_folder_that_cannot_be_made_is_one_message(tmp_path: Path) -> None:
    (tmp_path / ".aiida").write_text("a file in the way")
    answer = program(tmp_path, "presto")
    assert answer.returncode == 1 and "Traceback" not in answer.stderr and str(tmp_path) in answer.stderr


def test_a_script_that_raises_shows_its_own_traceback(tmp_path: Path) -> None:
    assert program(tmp_path, "presto").returncode == 0
    (tmp_path / "script.py").write_text("from aiida import orm\norm.load_node(12345)\n")
    answer = program(tmp_path, "run", str(tmp_path / "script.py"))
    assert answer.returncode == 1
    assert "script.py" in answer.stderr and "NotExistent" in answer.stderr, "a script fails as python shows it"
    assert "aiida/cmdline" not in answer.stderr


def test_output_to_a_pipe_has_no_colours(tmp_path: Path) -> None:
    assert program(tmp_path, "presto").returncode == 0
    for words in (["status"], ["process", "list"], ["profile", "list"], ["computer", "test", "localhost"]):
        answer = program(tmp_path, *words)
        assert "\x1b[" not in answer.stdout + answer.stderr


@pytest.mark.parametrize("words", [("status",), ("node", "list")])
def test_a_database_server_that_is_away(home: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Host, port and the next step are told; the password is not."""
    folder = tmp_path / ".aiida"
    folder.mkdir()
    config = json.loads((home / "config.json").read_text())
    names = {"hostname": "127.0.0.1", "port": 1, "name": "d", "username": "u", "password": "very-secret"}
    storage = {"database_engine": "postgresql_psycopg", "repository_uri": f"file://{tmp_path}/files"}
    storage |= {f"database_{name}": value for name, value in names.items()}
    config["profiles"]["presto"]["storage"] = {"backend": "core.psql_dos", "config": storage}
    (folder / "config.json").write_text(json.dumps(config))
    done = program(tmp_path, *words)
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "d on 127.0.0.1:1 as u" in text and "refused" in text and "Start the server" in text
    assert "very-secret" not in text and "Traceback" not in text
