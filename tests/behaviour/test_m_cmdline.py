"""BEHAVIOUR M: what plugins' command lines and their tests rely on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from aiida import orm
from aiida.cmdline.commands.cmd_data import verdi_data
from aiida.cmdline.groups import VerdiCommandGroup
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators, echo, session
from aiida.manage import get_manager
from tests.cli.conftest import home  # noqa: F401 - a fixture


@pytest.fixture(autouse=True)
def profile(home: Path) -> Iterator[None]:  # noqa: F811
    """The profile is there, but not loaded: command lines load it themselves."""
    yield
    session.set_level(None)


def run(command: click.Command, *words: str) -> Any:
    """Run a command as plugins' tests do."""
    return CliRunner().invoke(command, list(words))


@click.group(cls=VerdiCommandGroup)
@options.PROFILE(type=types.ProfileParamType(load_profile=True), expose_value=False)
def grp() -> None:
    """A plugin's group."""


@grp.command("count")
@decorators.with_dbenv()
def count() -> None:
    """Needs the profile."""
    echo.echo_report(f"{orm.QueryBuilder().append(orm.Computer).count()} computer")


@grp.command("show")
@arguments.NODE()
@options.CODE(required=False, type=types.CodeParamType(entry_point="core.arithmetic.add"))
@options.DATUM(type=types.DataParamType(sub_classes=("aiida.data:core.dict",)))
@options.GROUP(type=types.GroupParamType(create_if_not_exist=True))
@options.OverridableOption("-t", "--times", type=int, default=1, help="How often.")(default=3)
@decorators.with_dbenv()
def show(node: orm.Node, code: orm.AbstractCode | None, datum: orm.Data | None, group: orm.Group | None, times: int) -> None:
    """Uses shared options."""
    echo.echo(f"{node.pk} {code and code.label} {datum and datum.pk} {group and group.label} {times}")


@grp.command("fail")
def fail() -> None:
    """Raises."""
    raise KeyError("a plugin's own error")


@grp.command("talk")
def talk() -> None:
    """Says one of each."""
    echo.echo_debug("d")
    echo.echo_info("i")
    echo.echo_report("r")
    echo.echo_success("s")
    echo.echo_warning("w")
    echo.echo_error("e")
    echo.echo_critical("c")


def test_m01_plugin_group_runs_alone_and_loads_the_profile() -> None:
    get_manager().unload_profile()
    result = run(grp, "count")
    assert result.exception is None and result.output == "Report: 1 computer\n"
    result = run(grp, "-p", "presto", "count")
    assert result.exception is None and get_manager().get_profile().name == "presto"
    assert run(count).output == "Report: 1 computer\n", "a command without its group, and without `obj`"


def test_m02_verbosity_is_everywhere_and_similar_commands_are_suggested() -> None:
    for command in ("count", "show", "talk"):
        assert "-v, --verbosity" in run(grp, command, "--help").output
    result = run(grp, "cuont")
    assert result.exit_code == 2
    assert "Error: `cuont` is not a grp command." in result.output
    assert "The most similar commands are:\n\tcount" in result.output
    assert "No similar commands found." in run(grp, "zzzz").output


def test_m03_echo_has_prefixes_streams_levels_and_exit_code() -> None:
    result = run(grp, "talk")
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert result.stdout == "Report: r\nSuccess: s\nWarning: w\n", "info is hidden at the default level"
    assert result.stderr == "Error: e\nCritical: c\n"
    assert result.output == "Report: r\nSuccess: s\nWarning: w\nError: e\nCritical: c\n"
    assert run(grp, "talk", "-v", "debug").stdout.startswith("Debug: d\nInfo: i\nReport: r\n")
    assert run(grp, "talk", "--verbosity", "ERROR").stdout == ""


def test_m03_echo_dictionary_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    echo.echo_dictionary({"b": [1, None], "a": {"c": 2.5}})
    assert json.loads(capsys.readouterr().out) == {"a": {"c": 2.5}, "b": [1, None]}
    echo.echo_dictionary({"b": [1, None]}, fmt="yaml")
    assert capsys.readouterr().out.strip() == "b:\n- 1\n- null"


def test_m04_shared_options_take_overrides_and_help_needs_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("help loads no profile")

    monkeypatch.setattr("aiida.manage.configuration.load_profile", refuse)
    get_manager().unload_profile()
    assert "Usage: grp" in run(grp, "--help").output
    output = run(show, "--help").output
    for word in ("-X, --code", "-D, --datum", "-G, --group", "-t, --times"):
        assert word in output
    monkeypatch.undo()
    assert "-X, --code" in run(grp, "show", "--help").output
    assert not get_manager().profile_storage_loaded, "the storage stays closed"
    get_manager().load_profile("presto", allow_switch=True)
    node = orm.Dict({}).store()
    assert run(grp, "show", node.uuid, "-D", str(node.pk), "-G", "made").output == f"{node.pk} None {node.pk} made 3\n"
    assert orm.load_group("made").is_stored


def test_m05_bad_identifiers_name_option_class_and_value() -> None:
    get_manager().load_profile("presto", allow_switch=True)
    node = orm.Int(1).store()
    result = run(grp, "show", str(node.pk), "-X", "nope@x")
    assert result.exit_code == 2
    assert "Error: Invalid value for '-X' / '--code': no Code found with LABEL<nope@x>: No result was found" in result.output
    result = run(grp, "show", str(node.pk), "-D", str(node.pk))
    assert result.exit_code == 2 and f"no Dict found with ID<{node.pk}>: " in result.output


def test_m05_code_of_another_plugin_is_refused() -> None:
    get_manager().load_profile("presto", allow_switch=True)
    computer = orm.load_computer("localhost")
    code = orm.InstalledCode(label="other", computer=computer, filepath_executable="/bin/sh", default_calc_job_plugin="core.transfer").store()
    result = run(grp, "show", str(code.pk), "-X", "other")
    assert result.exit_code == 2 and "has plugin type `core.transfer`" in result.output


def test_m06_exceptions_keep_their_type() -> None:
    result = run(grp, "fail")
    assert type(result.exception) is KeyError and result.exit_code == 1


def test_m07_verdi_data_is_a_group_that_plugins_extend() -> None:
    context = click.Context(verdi_data)
    assert "core.dict" in verdi_data.list_commands(context)

    @verdi_data.command("my.data")
    def mine() -> None:
        """A plugin's data command."""
        echo.echo("mine")

    try:
        assert "my.data" in verdi_data.list_commands(context)
        assert run(verdi_data, "my.data").output == "mine\n"
    finally:
        del verdi_data.commands["my.data"]


@pytest.mark.parametrize(
    ("words", "value"),
    [(["-N", "1", "2", "--", "x"], (1, 2)), (["x"], None), (["-N", "3", "-f", "x"], (3,))],
)
def test_options_that_take_several_words(words: list[str], value: tuple[int, ...] | None) -> None:
    seen: list[Any] = []

    @click.command()
    @click.option("-N", "--numbers", type=int, cls=options.MultipleValueOption)
    @options.FORCE()
    @click.argument("name")
    def command(numbers: tuple[int, ...] | None, force: bool, name: str) -> None:
        seen.extend([numbers, name])

    assert run(command, *words).exception is None
    assert seen == [value, "x"]


def test_public_names_are_there() -> None:
    from aiida import cmdline
    from aiida.cmdline import utils

    for module in (cmdline, options, types, arguments, utils):
        for name in module.__all__:
            assert getattr(module, name) is not None, f"{module.__name__}.{name}"
    callback: Callable[..., Any] = options.VERBOSITY
    assert callable(callback)
