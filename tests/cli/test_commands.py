"""What commands print, and what they do."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from aiida import orm
from aiida.engine import run_get_node
from aiida.engine.utils import instantiate_process
from aiida.manage import configuration, get_manager
from tests.cli import examples

Good = Callable[..., str]


@pytest.fixture(scope="module")
def processes(home: Path) -> dict[str, orm.ProcessNode]:
    """Some processes that have ended in various ways, and one that nothing runs."""
    get_manager().load_profile("presto", allow_switch=True)
    found = {}
    _, found["outer"] = run_get_node(examples.Outer, x=orm.Int(2))
    _, found["tea"] = run_get_node(examples.Inner, x=orm.Int(7), ns={"a": orm.Int(4)})
    with pytest.raises(ValueError):
        examples.fail(orm.Int(1))
    found["failed"] = orm.QueryBuilder().append(orm.CalcFunctionNode, filters={"attributes.process_label": "fail"}).first(flat=True)
    found["created"] = instantiate_process(get_manager().get_runner(), examples.Inner, x=orm.Int(1)).node
    found["inner"] = found["outer"].called[0]
    return found


# --- presto, profile, config, user, status ------------------------------------------------------------------------


def test_presto_writes_a_profile_that_aiida_core_can_use(good: Good, home: Path) -> None:
    config = json.loads((home / "config.json").read_text())
    profile = config["profiles"]["presto"]
    assert profile["storage"]["backend"] == "core.sqlite_dos"
    assert profile["process_control"] == {"backend": "core.zeromq", "config": {"supervised_by_daemon": True}}
    assert profile["options"] == {"runner.poll.interval": 1}
    assert profile["default_user_email"] == "aiida@localhost"
    assert profile["test_profile"] is False
    assert config["CONFIG_VERSION"] == {"CURRENT": 10, "OLDEST_COMPATIBLE": 10}
    assert config["default_profile"] == "presto"
    computer = orm.load_computer("localhost")
    assert computer.is_configured
    assert (computer.transport_type, computer.scheduler_type, computer.get_minimum_job_poll_interval()) == ("core.local", "core.direct", 0)


def test_presto_twice_makes_a_second_profile_and_deleting_asks(good: Good, bad: Good, home: Path) -> None:
    assert "Created new profile `presto-1`" in good("presto", "-n")
    assert "* presto-1" in good("profile", "list")
    folder = Path(configuration.get_config().get_profile("presto-1").storage_config["filepath"])
    assert "Aborted" in bad("profile", "delete", "presto-1", code=1, input="")
    get_manager().load_profile("presto", allow_switch=True)
    assert "cancelled" in good("profile", "delete", "presto-1", input="y\nn\n")
    assert folder.exists()
    assert "was deleted" in good("profile", "delete", "-f", "--delete-data", "presto-1")
    assert not folder.exists()
    assert configuration.get_config().default_profile_name == "presto"


def test_presto_refuses_a_name_that_is_taken(bad: Good) -> None:
    assert "Invalid value for --profile-name: The profile `presto` already exists." in bad("presto", "-p", "presto")


def test_profile_setup_reads_options_and_files(good: Good, bad: Good, tmp_path: Path) -> None:
    values = {"email": "a@b.ch", "first-name": "A", "last-name": "B", "institution": "C", "filepath": str(tmp_path / "data")}
    (tmp_path / "setup.yaml").write_text(yaml.safe_dump(values))
    assert "Created new profile `mine`" in good(
        "profile", "setup", "core.sqlite_dos", "-n", "-p", "mine", "--config", str(tmp_path / "setup.yaml"), "--no-set-as-default"
    )
    shown = yaml.safe_load(good("profile", "show", "mine").split("\n", 1)[1])
    assert shown["storage"]["config"]["filepath"] == str(tmp_path / "data")
    assert shown["default_user_email"] == "a@b.ch"
    assert "already exists" in bad("profile", "setup", "core.sqlite_dos", "-n", "-p", "mine", "--config", str(tmp_path / "setup.yaml"))
    good("profile", "delete", "-f", "--keep-data", "mine")
    assert (tmp_path / "data").exists()


def test_profile_setup_asks_for_what_was_not_given(good: Good) -> None:
    output = good("profile", "setup", "core.sqlite_dos", input="asked\nn\na@b.ch\nA\n?\nB\nC\n\n\n")
    assert "Created new profile `asked`" in output
    assert "Last name of the user" in output, "`?` shows help"
    good("profile", "delete", "-f", "--delete-data", "asked")


def test_config_sets_gets_and_unsets(good: Good) -> None:
    assert "set to 7 for 'presto' profile" in good("config", "set", "daemon.timeout", "7")
    assert good("config", "get", "daemon.timeout").strip() == "7"
    assert re.search(r"daemon.timeout\s+profile\s+7", good("config", "list", "daemon"))
    good("config", "set", "-g", "daemon.timeout", "8")
    assert good("config", "get", "daemon.timeout").strip() == "7"
    good("config", "unset", "daemon.timeout")
    assert good("config", "get", "daemon.timeout").strip() == "8"
    good("config", "unset", "-g", "daemon.timeout")
    good("config", "set", "-a", "caching.enabled_for", "aiida.calculations:core.arithmetic.add")
    assert "aiida.calculations:core.arithmetic.add" in good("config", "caching")
    good("config", "unset", "caching.enabled_for")
    assert "aiida.calculations:core.arithmetic.add" in good("config", "caching", "--disabled")


def test_status_says_what_is_there(good: Good) -> None:
    output = good("status")
    for word in ("version:", "config:", "profile:     presto", "storage:     SqliteDosStorage", "The daemon is not running."):
        assert word in output


def test_user_is_made_listed_and_made_default(good: Good) -> None:
    good("user", "configure", "--email", "x@y.z", "--first-name", "X", "--last-name", "Y", "--institution", "Z", "--set-default")
    assert re.search(r"\*\s+x@y.z\s+X\s+Y\s+Z", good("user", "list"))
    assert orm.User.collection.get_default().email == "x@y.z"
    good("user", "set-default", "aiida@localhost")
    assert orm.User.collection.get_default().email == "aiida@localhost"


# --- computers and codes ------------------------------------------------------------------------------------------


def test_computer_from_setup_to_deletion(good: Good, tmp_path: Path) -> None:
    good("computer", "setup", "-n", "-L", "c2", "-H", "localhost", "-T", "core.local", "-S", "core.direct", "-w", str(tmp_path), "--mpiprocs-per-machine", "2")
    assert "* c2" not in good("computer", "list")
    assert "successfully configured" in good("computer", "configure", "core.local", "c2", "-n", "--safe-interval", "0", "--no-use-login-shell")
    assert "* c2" in good("computer", "list")
    assert "all 6 tests succeeded" in good("computer", "test", "c2")
    assert "--no-use-login-shell" in good("computer", "configure", "show", "--as-option-string", "c2")
    good("computer", "disable", "c2", "aiida@localhost")
    assert not orm.load_computer("c2!").is_user_enabled(orm.User.collection.get_default())
    good("computer", "enable", "c2", "aiida@localhost")
    good("computer", "export", "setup", "c2", str(tmp_path / "c2.yaml"))
    good("computer", "setup", "-n", "-L", "copy", "--config", str(tmp_path / "c2.yaml"))
    assert orm.load_computer("copy").get_default_mpiprocs_per_machine() == 2
    good("computer", "duplicate", "c2", "-n", "-L", "twin")
    assert orm.load_computer("twin").get_workdir() == str(tmp_path)
    good("computer", "relabel", "c2", "renamed")
    for label in ("renamed", "copy", "twin"):
        good("computer", "delete", label, input="y\n")
    assert orm.QueryBuilder().append(orm.Computer, project="label").all(flat=True) == ["localhost"]


def test_code_from_creation_to_deletion(good: Good, bad: Good, tmp_path: Path) -> None:
    good("code", "create", "core.code.installed", "-n", "-L", "sh", "-Y", "localhost", "-X", "/bin/sh", "-P", "core.arithmetic.add", "--with-mpi")
    code = orm.load_code("sh@localhost")
    assert (str(code.filepath_executable), code.with_mpi, code.default_calc_job_plugin) == ("/bin/sh", True, "core.arithmetic.add")
    assert re.search(r"sh@localhost\s+\d+\s+core.code.installed", good("code", "list"))
    assert "all tests succeeded" in good("code", "test", "sh")
    assert re.search(r"Filepath executable\s+/bin/sh", good("code", "show", "sh"))
    good("code", "export", "sh", str(tmp_path / "sh.yaml"))
    good("code", "create", "core.code.installed", "-n", "-L", "again", "--config", str(tmp_path / "sh.yaml"))
    assert orm.load_code("again").with_mpi is True
    good("code", "hide", "again")
    assert "again" not in good("code", "list")
    assert "again@localhost" in good("code", "list", "-a")
    good("code", "relabel", "again", "other")
    good("code", "delete", "-f", "other")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "run.sh").write_text("echo")
    good("code", "create", "core.code.portable", "-n", "-L", "port", "-F", str(tmp_path / "files"), "-X", "run.sh")
    assert "run.sh" in good("code", "show", "port")
    good("code", "create", "core.code.installed", "-n", "-L", "gone", "-Y", "localhost", "-X", "/bin/no-such-program")
    assert "`/bin/no-such-program` does not exist on the computer" in bad("code", "test", "gone", code=1)


# --- processes ------------------------------------------------------------------------------------------------------


def test_process_list_shows_what_has_not_ended(good: Good, processes: dict[str, orm.ProcessNode]) -> None:
    output = good("process", "list")
    assert re.match(r"\s+PK  Created    Process label\s+♻\s+Process State\s+Process status", output)
    assert re.search(rf"{processes['created'].pk}\s+\S+ ago\s+Inner\s+⏹ Created", output)
    assert "Total results: 1" in output
    assert "Last time an entry changed state:" in output
    assert "Warning: The daemon is not running" in output


def test_process_list_filters(good: Good, processes: dict[str, orm.ProcessNode]) -> None:
    def pks(*words: str) -> set[int]:
        return {int(line) for line in good("process", "list", "-r", "-P", "pk", *words).split()}

    by_name = {name: node.pk for name, node in processes.items()}
    assert pks("-E", "418") == {by_name["tea"]}
    assert pks("-X") == {by_name["tea"]}
    assert pks("-S", "excepted") == {by_name["failed"]}
    assert pks("-S", "excepted", "created") == {by_name["failed"], by_name["created"]}
    assert pks("-a", "-L", "Out%") == {by_name["outer"]}
    assert len(pks("-a", "-l", "2")) == 2
    assert pks("-a", "-p", "1") == pks("-a")
    assert pks("--paused") == set()
    output = good("process", "list", "-a", "-O", "id", "-D", "desc", "-P", "pk", "state")
    assert re.search(r"⏹ Finished \[418\]", output) and re.search(r"⨯ Excepted", output)
    numbers = [int(n) for n in re.findall(r"^\s*(\d+)", output, re.M)]
    assert numbers == sorted(numbers, reverse=True)


def test_process_list_of_a_group(good: Good, processes: dict[str, orm.ProcessNode]) -> None:
    group, _ = orm.Group.collection.get_or_create("some")
    group.add_nodes([processes["outer"]])
    assert good("process", "list", "-a", "-r", "-P", "pk", "-G", "some").split() == [str(processes["outer"].pk)]


def test_process_show_report_status(good: Good, processes: dict[str, orm.ProcessNode]) -> None:
    outer, inner, failed = processes["outer"], processes["inner"], processes["failed"]
    shown = good("process", "show", str(inner.pk))
    assert re.search(r"type\s+Inner\nstate\s+Finished \[0\]\npk\s+\d+", shown)
    assert re.search(r"Inputs\s+PK\s+Type\n.*\nns\n    a\s+\d+\s+Int\nx\s+\d+\s+Int", shown)
    assert re.search(r"Caller\s+PK\s+Type\n.*\nCALL\s+\d+\s+Outer", shown)
    assert "There are 1 log messages" in shown
    assert re.search(r"state\s+Excepted <ValueError: bad thing>", good("process", "show", str(failed.pk)))
    report = good("process", "report", str(outer.pk))
    assert re.search(r"\[\d+ \| REPORT\]: \[\d+\|Outer\|one\]: outer starts", report)
    assert re.search(r"\[\d+ \| REPORT\]:   \[\d+\|Inner\|one\]: step one", report)
    assert "bad thing" in good("process", "report", str(failed.pk))
    status = good("process", "status", str(outer.pk))
    assert re.match(rf"Outer<{outer.pk}> Finished \[0\].*\n    └── Inner<{inner.pk}> Finished \[0\].*\n        └── add<\d+> Finished \[0\]", status)
    assert good("process", "call-root", str(inner.called[0].pk)).strip() == str(outer.pk)
    assert "No callers found" in good("process", "call-root", str(outer.pk))
    assert f"pk           {processes['created'].pk}" in good("process", "show", "-M")


def test_timeline_and_watch_read_the_journal(good: Good, processes: dict[str, orm.ProcessNode]) -> None:
    rows = good("process", "timeline", "-r", str(processes["outer"].pk)).splitlines()
    kinds = [kind for row in rows for kind in ("Created", "Started", "ChildLaunched", "StepDone", "Waiting", "Resumed", "Finished") if f" {kind}" in row]
    assert kinds[0] == "Created" and kinds[-1] == "Finished" and "ChildLaunched" in kinds
    assert "Finished [0]" in good("process", "watch", str(processes["outer"].pk))


def test_explain_names_the_reason(good: Good, processes: dict[str, orm.ProcessNode]) -> None:
    assert "nothing here will run it" in good("process", "explain", str(processes["created"].pk))
    assert "has ended: it is finished with exit status 418 (I am a teapot)" in good("process", "explain", str(processes["tea"].pk))
    assert "excepted: ValueError: bad thing" in good("process", "explain", str(processes["failed"].pk))


def test_repair_says_that_nothing_is_to_be_done(good: Good) -> None:
    assert "Nothing is to be repaired" in good("process", "repair")


def test_invariants_hold(good: Good, processes: dict[str, orm.ProcessNode]) -> None:
    assert "all rules hold" in good("devel", "check-invariants")


# --- nodes, groups, data, storage --------------------------------------------------------------------------------------


def test_node_commands(good: Good, tmp_path: Path) -> None:
    node = orm.Dict({"a": 1, "b": [1, {"c": 2.5}]}, label="lab").store()
    pk = str(node.pk)
    assert re.search(r"type\s+Dict\npk\s+\d+", good("node", "show", pk))
    assert json.loads(good("node", "attributes", "-r", pk)) == [{"PK": node.pk, "attributes": {"a": 1, "b": [1, {"c": 2.5}]}}]
    assert json.loads(good("node", "attributes", "-r", "-k", "a", "--", pk))[0]["attributes"] == {"a": 1}
    assert yaml.safe_load(good("node", "attributes", "-f", "yaml", pk).split("\n", 1)[1]) == {"a": 1, "b": [1, {"c": 2.5}]}
    node.base.extras.set("k", "v")
    assert '"k": "v"' in good("node", "extras", pk)
    assert good("node", "label", "-r", pk).strip() == "lab"
    good("node", "label", "-L", "new", "-f", pk)
    good("node", "description", "-D", "words", "-f", pk)
    assert (node.label, node.description) == ("new", "words")
    good("node", "comment", "add", "-N", pk, "--", "hello there")
    assert "hello there" in good("node", "comment", "show", pk)
    number = re.search(r"Comment<(\d+)>", good("node", "comment", "show", pk)).group(1)  # type: ignore[union-attr]
    good("node", "comment", "update", number, "changed")
    assert "changed" in good("node", "comment", "show", pk)
    good("node", "comment", "remove", "-f", number)
    assert "re-hashed" in good("node", "rehash", "-f", pk)
    assert "made of:" in good("node", "explain-cache", pk)
    assert good("node", "list", "-e", "core.dict", "-r", "-P", "id").split() == [pk]


def test_node_files(good: Good, bad: Good, tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "sub" / "b.txt").write_text("bee")
    node = orm.FolderData(tree=str(tmp_path / "in")).store()
    assert good("node", "repo", "ls", str(node.pk)).split() == ["sub"]
    assert good("node", "repo", "ls", str(node.pk), "sub").split() == ["b.txt"]
    assert good("node", "repo", "cat", str(node.pk), "sub/b.txt") == "bee"
    good("node", "repo", "dump", str(node.pk), str(tmp_path / "out"))
    assert (tmp_path / "out" / "sub" / "b.txt").read_text() == "bee"
    assert "failed to get the content of file `nope`" in bad("node", "repo", "cat", str(node.pk), "nope", code=1)
    single = orm.SinglefileData.from_string("content", filename="f.txt").store()
    assert good("data", "core.singlefile", "content", str(single.pk)) == "content"


def test_node_delete_takes_what_depends_on_it_and_asks(good: Good, bad: Good) -> None:
    _, node = run_get_node(examples.Outer, x=orm.Int(3))
    pk, below = node.pk, [child.pk for child in node.called_descendants]
    assert f"{2 + len(below)} Node(s) marked for deletion" in good("node", "delete", "-n", str(pk))
    bad("node", "delete", str(pk), code=1, input="n\n")
    assert orm.load_node(pk)
    good("node", "delete", "-f", str(pk))
    assert orm.QueryBuilder().append(orm.Node, filters={"id": {"in": [pk, *below]}}).count() == 0


def test_group_commands(good: Good, bad: Good) -> None:
    a, b = orm.Int(1).store(), orm.Int(2).store()
    assert "Group created with PK" in good("group", "create", "g/one")
    assert "already exists" in good("group", "create", "g/one")
    good("group", "add-nodes", "-f", "-G", "g/one", str(a.pk), str(b.pk))
    assert good("group", "show", "-r", "g/one").split() == [str(a.pk), str(b.pk)]
    assert good("group", "show", "-r", "-u", "-l", "1", "g/one").split() == [a.uuid]
    good("group", "remove-nodes", "-f", "-G", "g/one", str(a.pk))
    good("group", "copy", "g/one", "g/two")
    good("group", "move-nodes", "-f", "-a", "-s", "g/two", "-t", "g/one")
    assert orm.load_group("g/two").count() == 0
    good("group", "description", "g/two", "some words")
    assert good("group", "description", "g/two").strip() == "some words"
    assert re.search(r"g/one\s+core\s+aiida@localhost\s+1", good("group", "list", "-C", "-s", "g/"))
    assert good("group", "path", "ls", "g").split() == ["g/one", "g/two"]
    assert re.search(r"g\s+2", good("group", "path", "ls", "-l"))
    good("group", "relabel", "g/two", "three")
    good("group", "delete", "-f", "three")
    good("group", "delete", "-f", "--delete-nodes", "g/one")
    assert orm.QueryBuilder().append(orm.Node, filters={"id": b.pk}).count() == 0
    assert "no Group found with LABEL<three>" in bad("group", "show", "three")


def test_data_and_plugins(good: Good) -> None:
    node = orm.Dict({"a": [1, 2]}).store()
    assert json.loads(good("data", "core.dict", "show", str(node.pk))) == {"a": [1, 2]}
    assert "* core.int" in good("plugin", "list", "aiida.data")
    assert "* aiida.calculations" in good("plugin", "list")
    assert good("plugin", "list", "aiida.data", "core.int").strip()


def test_storage_commands(good: Good, tmp_path: Path) -> None:
    assert "Storage schema version of 'presto': 'main_0002'" in good("storage", "version")
    info = yaml.safe_load(good("storage", "info"))
    assert info["entities"]["Computers"]["count"] == 1
    assert "all files that nodes name are there, and whole" in good("storage", "integrity")
    assert "finished" in good("storage", "maintain", "-f")
    assert "up to date" in good("storage", "migrate", "-f")


def test_run_gives_a_script_its_arguments_and_the_profile(good: Good, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys\nnode = load_node  # a name that is there\nprint(sys.argv[1:], orm.Int(3).store().is_stored, __name__)\n")
    assert good("run", str(script), "-x", "1").strip() == "['-x', '1'] True __main__"


def test_run_collects_nodes_in_a_group(good: Good, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("orm.Int(3).store()\n")
    good("run", "--auto-group", "-l", "mine", "--", str(script))
    group = orm.QueryBuilder().append(orm.AutoGroup).all(flat=True)[-1]
    assert group.label.startswith("mine") and group.count() == 1


def test_help_shows_nested_commands(good: Good) -> None:
    assert "Usage: verdi process list" in good("help", "process", "list")
    assert "completion" in good("help", "completioncommand")


def test_completion_offers_commands_options_and_values(home: Path) -> None:
    from click.shell_completion import ShellComplete

    from aiida.cmdline.commands.cmd_verdi import verdi as command

    def complete(words: list[str], incomplete: str) -> list[str]:
        return [item.value for item in ShellComplete(command, {}, "verdi", "_VERDI_COMPLETE").get_completions(words, incomplete)]

    assert complete([], "pro") == ["process", "profile"]
    assert complete(["process"], "l") == ["limit", "list"]
    assert complete(["profile", "show"], "pre") == ["presto"]
    assert complete(["computer", "show"], "lo") == ["localhost"]
    assert "--raw" in complete(["process", "list"], "--r")
    assert complete(["config", "get"], "daemon.time") == ["daemon.timeout"]


def test_computer_setup_asks_explains_and_asks_again(good: Good, bad: Good, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")  # leaves the templates of scripts as they are
    answers = ["asked", "localhost", "words", "?", "core.nope", "core.local", "core.direct", "noshebang", "", "/tmp/w", "mpirun {nope}", "", "2", "!", "n"]
    output = good("computer", "setup", input="\n".join(answers) + "\n")
    assert "Select one of:\n\tcore.local" in output, "`?` lists what may be chosen"
    assert "entry point 'core.nope' is not valid" in output
    assert "should start with the two characters '#!'" in output
    assert "unknown placeholder 'nope'" in output
    assert "Computer label: " in output and "UNSET" not in output
    computer = orm.load_computer("asked")
    assert (computer.get_workdir(), computer.get_default_mpiprocs_per_machine(), computer.get_default_memory_per_machine()) == ("/tmp/w", 2, None)
    good("computer", "configure", "core.local", "asked", input="n\n!\n")
    assert orm.load_computer("asked").get_configuration() == {"use_login_shell": False}
    good("computer", "delete", "asked", input="y\n")


def test_non_interactive_asks_nothing(good: Good, bad: Good) -> None:
    assert "Missing option '-T' / '--transport'" in bad("computer", "setup", "-n", "-L", "x", "-H", "localhost")


def test_code_create_asks(good: Good, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    answers = ["asked", "words", "localhost", "/bin/sh", "", "n", "maybe", "", "n"]
    output = good("code", "create", "core.code.installed", input="\n".join(answers) + "\n")
    assert "Error: invalid input" in output
    code = orm.load_code("asked")
    assert (code.description, code.with_mpi, code.use_double_quotes, code.default_calc_job_plugin) == ("words", None, False, None)
    good("code", "delete", "-f", "asked")


def test_bug_report_has_everything_but_secrets(good: Good, tmp_path: Path) -> None:
    good("profile", "configure-broker", "core.rabbitmq", "-n", "-f", "--broker-password", "hush", "presto")
    good("bug-report", "-o", str(tmp_path / "report.zip"))
    good("profile", "configure-broker", "core.zeromq", "presto")
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        text = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "Radames:" in text["versions.txt"] and "click==" in text["packages.txt"] and "storage:" in text["status.txt"]
    assert "hush" not in "".join(text.values())
