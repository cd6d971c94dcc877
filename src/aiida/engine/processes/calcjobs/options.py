"""`metadata.options` of every job: ONE TABLE, then the checks of those that need more than a type."""

from __future__ import annotations

import os.path
import typing as t
from collections.abc import Callable, Mapping

from aiida.common.datastructures import StashMode, UnstashTargetMode
from aiida.common.exceptions import EntryPointError
from aiida.engine.processes.checks import UNSPECIFIED
from aiida.plugins.factories import ParserFactory

if t.TYPE_CHECKING:
    from aiida.engine.processes.process_spec import ProcessSpec

__all__ = ("OPTIONS", "Option", "define_options")

Check = Callable[[t.Any, t.Any], "str | None"]


class Option(t.NamedTuple):
    """One option: name below `metadata.options`, type, default, what it does, and a check."""

    name: str
    valid_type: t.Any
    help: str
    default: t.Any = UNSPECIFIED
    required: bool = False
    check: Check | None = None


def check_parser(name: str | None, _: t.Any) -> str | None:
    """Refuse a parser that cannot be loaded."""
    if name is None:
        return None
    try:
        ParserFactory(name)
    except EntryPointError as exception:
        return f"invalid parser specified: {exception}"
    return None


def check_additional_retrieve_list(files: t.Any, _: t.Any) -> str | None:
    """Refuse absolute paths, and directives that do not have three parts."""
    if files and any(not _is_relative(one) for one in files):
        return f"`additional_retrieve_list` should only contain relative filepaths but got: {files}"
    return None


def _is_relative(directive: t.Any) -> bool:
    if isinstance(directive, (tuple, list)):
        return len(directive) == 3 and isinstance(directive[0], str) and not os.path.isabs(directive[0])
    return isinstance(directive, str) and not os.path.isabs(directive)


def check_stash(stash: Mapping[str, t.Any] | None, _: t.Any) -> str | None:
    """Refuse a stash that says not clearly what goes where and how."""
    if not stash:
        return None
    mode, base, files = stash.get("stash_mode"), stash.get("target_base"), stash.get("source_list")
    where = "metadata.options.stash"
    if not isinstance(base, str) or not os.path.isabs(base):
        return f"`{where}.target_base` should be an absolute filepath, got: {base}"
    if not isinstance(files, (list, tuple)) or any(not isinstance(one, str) or os.path.isabs(one) for one in files):
        return f"`{where}.source_list` should be a list or tuple of relative filepaths, got: {files}"
    if mode not in {one.value for one in StashMode}:
        return f"`{where}.stash_mode` should be a member of aiida.common.datastructures.StashMode, got: {mode}"
    for name in ("dereference", "fail_on_missing"):
        if not isinstance(stash.get(name), (bool, type(None))):
            return f"`{where}.{name}` should be a boolean, got: {stash.get(name)}"
    return None


def check_unstash(unstash: Mapping[str, t.Any] | None, _: t.Any) -> str | None:
    """Refuse an unstash that says not clearly what is brought back and to where."""
    if not unstash:
        return None
    mode, files = unstash.get("unstash_target_mode"), unstash.get("source_list")
    where = "metadata.options.unstash"
    if not isinstance(files, (list, tuple)) or any(not isinstance(one, str) or os.path.isabs(one) for one in files):
        return f"`{where}.source_list` should be a list or tuple of relative filepaths, got: {files}"
    if mode not in {one.value for one in UnstashTargetMode}:
        return f"`{where}.unstash_target_mode` should be a member of aiida.common.datastructures.UnstashTargetMode, got: {mode}"
    return None


OPTIONS: tuple[Option, ...] = (
    Option("input_filename", str, "Name of the file that the code reads as its input."),
    Option("output_filename", str, "Name of the file that takes the standard output of the code."),
    Option("submit_script_filename", str, "Name of the job script.", "_aiidasubmit.sh"),
    Option("scheduler_stdout", str, "Name of the file that takes the scheduler's standard output.", "_scheduler-stdout.txt"),
    Option("scheduler_stderr", str, "Name of the file that takes the scheduler's standard error.", "_scheduler-stderr.txt"),
    Option("resources", dict, "Nodes, processes and cores to ask for; which keys there are depends on the scheduler.", required=True),
    Option("max_wallclock_seconds", int, "Time limit to ask the scheduler for, in seconds."),
    Option("custom_scheduler_commands", str, "Lines put before any other command of the job script.", ""),
    Option("queue_name", str, "Queue to submit to."),
    Option("rerunnable", bool, "Whether the scheduler may run the job again by itself."),
    Option("account", str, "Account to charge."),
    Option("qos", str, "Quality of service to ask for."),
    Option("withmpi", bool, "Whether the code is started through MPI."),
    Option("mpirun_extra_params", (list, tuple), "Arguments for the MPI launcher, after those of the computer.", list),
    Option("import_sys_environment", bool, "Whether the job starts with the environment of the login.", True),
    Option("environment_variables", dict, "Environment variables to set for the job.", dict),
    Option(
        "environment_variables_double_quotes", bool, "Whether their values are put in double quotes, so that the shell expands them.", False
    ),
    Option("priority", str, "Priority to ask the scheduler for."),
    Option("max_memory_kb", int, "Memory to ask for, in kilobytes."),
    Option("prepend_text", str, "Lines of the job script just before the code is started.", ""),
    Option("append_text", str, "Lines of the job script just after the code has ended.", ""),
    Option("parser_name", str, "Entry point of the parser; without one the job is taken to be successful.", check=check_parser),
    Option(
        "additional_retrieve_list", (list, tuple), "Relative paths to retrieve besides those that the plugin asks for.",
        check=check_additional_retrieve_list,
    ),
)  # fmt: skip

UNSTASH: tuple[Option, ...] = (
    Option("source_list", (tuple, list), "Relative paths to bring back from the stash."),
    Option("unstash_target_mode", str, "Where to: a value of `UnstashTargetMode`."),
)

STASH: tuple[Option, ...] = (
    Option("target_base", str, "Absolute path on the computer under which the files are kept."),
    Option("source_list", (tuple, list), "Relative paths to keep."),
    Option("stash_mode", str, "How they are kept: a value of `StashMode`."),
    Option("dereference", bool, "Whether symbolic links are followed."),
    Option("fail_on_missing", bool, "Whether a path that matches nothing is a failure."),
)


def define_options(spec: ProcessSpec) -> None:
    """Declare the tables as ports."""
    root = f"{spec.metadata_key}.{spec.options_key}"
    spec.input_namespace(root, required=False)
    _declare(spec, root, OPTIONS)
    spec.input_namespace(
        f"{root}.unstash", required=False, populate_defaults=False, validator=check_unstash, help="What to bring back from a stash after the upload."
    )
    _declare(spec, f"{root}.unstash", UNSTASH)
    spec.input_namespace(
        f"{root}.stash", required=False, populate_defaults=False, validator=check_stash, help="What to keep on the computer after the job has ended."
    )
    _declare(spec, f"{root}.stash", STASH)


def _declare(spec: ProcessSpec, root: str, options: tuple[Option, ...]) -> None:
    for one in options:
        # What has a default need not be given, yet `None` is no value for it: `required=False` would allow that.
        required = one.required or one.default is not UNSPECIFIED
        spec.input(f"{root}.{one.name}", valid_type=one.valid_type, default=one.default, required=required, help=one.help, validator=one.check)
