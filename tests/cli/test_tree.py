"""Our command tree against that of aiida-core 2.9.4: every difference is in the table below, with its reason."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.lazy import COMMANDS
from tests.cli.tree import read_ours, read_record

# Beginning of a path -> why it is not there.
MISSING = {
    "verdi archive": "archives come with the archive engine (issue 6)",
    "verdi daemon broker": "there is no broker service: the database is the queue",
    "verdi daemon start-circus": "the supervisor is started as a module, not by a hidden command",
    "verdi devel rabbitmq": "no process lives in RabbitMQ, so there is nothing to look at or repair there",
    "verdi group dump": "dumping comes with the archive (issue 6)",
    "verdi node graph": "drawing comes with the visualisation part (issue 6)",
    "verdi process dump": "dumping comes with the archive (issue 6)",
    "verdi profile dump": "dumping comes with the archive (issue 6)",
    "verdi quicksetup": "deprecated in 2.9; `verdi presto --use-postgres` does it",
    "verdi restapi": "the web part has its own command (issue 6)",
    "verdi setup": "deprecated in 2.9; `verdi profile setup` does it",
}
EXTRA = {
    "verdi calcjob tail": "the last lines of a file of a running job",
    "verdi completioncommand": "prints the line that switches completion on",
    "verdi computer configure": "one command per transport that is installed",
    "verdi devel check-invariants": "the rules of the journal over the whole database",
    "verdi devel revive": "for those who knew it: says that nothing is to be revived",
    "verdi node explain-cache": "what a hash is made of",
    "verdi node tree": "what came out of a node",
    "verdi plugin install": "installs plugins with their requirement aiida-core met by us",
    "verdi process explain": "why nothing is happening",
    "verdi process limit": "how many of a kind, group or computer run at once",
    "verdi process priority": "who is taken up first",
    "verdi process timeline": "the journal",
}
EXTRA_FLAGS = {
    "verdi daemon worker": {"--health"},
    "verdi process kill": {"--wait"},
    "verdi process pause": {"--wait"},
    "verdi process play": {"--wait"},
}


def _is_in(path: str, table: dict[str, str]) -> bool:
    return any(path == key or path.startswith((f"{key} ", f"{key}_")) for key in table)


def test_commands_are_those_of_aiida_but_for_the_table(home: object) -> None:
    record, ours = read_record(), read_ours()
    assert [path for path in record if path not in ours and not _is_in(path, MISSING)] == []
    assert [path for path in ours if path not in record and not _is_in(path, EXTRA)] == []


def test_options_and_arguments_are_those_of_aiida_but_for_the_table(home: object) -> None:
    record, ours = read_record(), read_ours()
    differences = {}
    for path in set(record) & set(ours):
        extra = EXTRA_FLAGS.get(path, set())
        if record[path].flags != ours[path].flags - extra or len(record[path].arguments) != len(ours[path].arguments):
            differences[path] = (record[path], ours[path])
    assert differences == {}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_lazy_table_says_what_the_command_says(name: str) -> None:
    entry = COMMANDS[name]
    command = entry.load()
    text = " ".join((command.help or "").split())
    assert command.name == name
    assert text.startswith(entry.short_help.rstrip("."))


def test_every_command_has_help_and_verbosity(home: object) -> None:
    ours = read_ours()
    assert len(ours) > 100
    from aiida.cmdline.commands.cmd_verdi import verdi
    from tests.cli.tree import walk

    for path, command in walk(verdi, "verdi", None):
        assert command.help, f"{path} has no help"
        if path.startswith("verdi data core.") and isinstance(command, click.Group):
            continue  # so it is in aiida-core
        assert any(p.name == "verbosity" for p in command.params), f"{path} has no --verbosity"


def test_starting_imports_nothing_that_only_commands_need() -> None:
    code = "import sys, aiida.cmdline.commands.cmd_verdi; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    heavy = {"sqlalchemy", "numpy", "pydantic", "tabulate", "yaml", "circus", "asyncssh", "rich", "aiida.orm.nodes.node", "aiida.engine.runtime.core"}
    assert loaded & heavy == set()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_imports_no_database_until_it_runs(name: str) -> None:
    code = f"import sys; from aiida.cmdline.lazy import COMMANDS; COMMANDS[{name!r}].load(); print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert loaded & {"sqlalchemy", "alembic", "numpy", "circus", "asyncssh", "aiida.engine.runtime.core"} == set()


def test_listing_commands_imports_none_of_them() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom aiida.cmdline.commands.cmd_verdi import verdi\n"
        "result = CliRunner().invoke(verdi, ['--help'])\nassert 'process' in result.output\n"
        "print([m for m in sys.modules if m.startswith('aiida.cmdline.commands.cmd_')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['aiida.cmdline.commands.cmd_verdi']"


def test_groups_suggest_for_old_names() -> None:
    group = VerdiCommandGroup("verdi", commands={"archive": click.Command("archive"), "node": click.Command("node")})
    with pytest.raises(click.UsageError, match="archive create"):
        group.get_command(click.Context(group), "export")
