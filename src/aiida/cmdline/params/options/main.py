"""The options that commands of `verdi` and of plugins share, one definition each."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import click

from aiida.cmdline.params import types
from aiida.cmdline.params.options.callable import CallableDefaultOption
from aiida.cmdline.params.options.config import ConfigFileOption
from aiida.cmdline.params.options.multivalue import MultipleValueOption
from aiida.cmdline.params.options.overridable import OverridableOption
from aiida.cmdline.params.options.verbosity import VERBOSITY, set_log_level
from aiida.cmdline.params.types.base import AnyParamType
from aiida.cmdline.utils import defaults
from aiida.common import datastructures

PROCESS_STATE_NAMES = ("created", "running", "waiting", "finished", "excepted", "killed")


def valid_process_states() -> tuple[str, ...]:
    """Return the states that a process may have."""
    return PROCESS_STATE_NAMES


def active_process_states() -> list[str]:
    """Return the states of processes that have not ended."""
    return ["created", "waiting", "running"]


def valid_calc_job_states() -> tuple[str, ...]:
    """Return the states that a job may have."""
    return tuple(state.value for state in datastructures.CalcJobState)


TRAVERSAL_RULE_HELP_STRING = {
    "call_calc_forward": "CALL links of calculations forwards",
    "call_calc_backward": "CALL links of calculations backwards",
    "call_work_forward": "CALL links of workflows forwards",
    "call_work_backward": "CALL links of workflows backwards",
    "input_calc_forward": "INPUT links of calculations forwards",
    "input_calc_backward": "INPUT links of calculations backwards",
    "input_work_forward": "INPUT links of workflows forwards",
    "input_work_backward": "INPUT links of workflows backwards",
    "return_forward": "RETURN links of workflows forwards",
    "return_backward": "RETURN links of workflows backwards",
    "create_forward": "CREATE links of calculations forwards",
    "create_backward": "CREATE links of calculations backwards",
}


def graph_traversal_rules(rules: dict[Any, Any]) -> Callable[[Any], Any]:
    """Return a decorator that adds a switch for every rule of traversal that may be changed."""

    def decorate(command: Any) -> Any:
        for name, rule in sorted(rules.items(), reverse=True):
            if not rule.toggleable:
                continue
            flag = name.replace("_", "-")
            words = TRAVERSAL_RULE_HELP_STRING[name]
            switch = click.option(f"--{flag}/--no-{flag}", default=rule.default, show_default=True, help=f"Whether to follow {words}.")
            command = switch(command)
        return command

    return decorate


def _switch(name: str, default: bool, help: str, off: str | None = None, **kwargs: Any) -> OverridableOption:
    """Return an option that is on or off."""
    return OverridableOption(f"--{name}/--{off or 'no-' + name}", is_flag=True, default=default, show_default=True, help=help, **kwargs)


def _flag(*names: str, help: str, **kwargs: Any) -> OverridableOption:
    """Return an option that is off unless given."""
    return OverridableOption(*names, is_flag=True, default=False, help=help, **kwargs)


def _entities(*names: str, type: AnyParamType, help: str) -> OverridableOption:
    """Return an option that takes several entities."""
    return OverridableOption(*names, cls=MultipleValueOption, type=type, help=help)


PROFILE = OverridableOption(
    "-p", "--profile", "profile", type=types.ProfileParamType(), default=defaults.get_default_profile,
    cls=CallableDefaultOption, help="The profile to use, instead of the default one.",
)  # fmt: skip
PROFILE_SET_DEFAULT = _flag("--set-default", help="Make it the default profile.")
PROFILE_ONLY_CONFIG = _flag("--only-config", help="Change the configuration only.")

NODE = OverridableOption("-N", "--node", "node", type=types.NodeParamType(), help="A node, by pk, uuid or label.")
NODES = _entities("-N", "--nodes", "nodes", type=types.NodeParamType(), help="One or more nodes, by pk, uuid or label.")
CALCULATION = OverridableOption("-C", "--calculation", "calculation", type=types.CalculationParamType(), help="A calculation, by pk, uuid or label.")
CALCULATIONS = _entities("-C", "--calculations", "calculations", type=types.CalculationParamType(), help="One or more calculations.")
CODE = OverridableOption("-X", "--code", "code", type=types.CodeParamType(), help="A code, by pk, uuid or label (`label@computer`).")
CODES = _entities("-X", "--codes", "codes", type=types.CodeParamType(), help="One or more codes.")
COMPUTER = OverridableOption("-Y", "--computer", "computer", type=types.ComputerParamType(), help="A computer, by pk, uuid or label.")
COMPUTERS = _entities("-Y", "--computers", "computers", type=types.ComputerParamType(), help="One or more computers.")
DATUM = OverridableOption("-D", "--datum", "datum", type=types.DataParamType(), help="A data node, by pk, uuid or label.")
DATA = _entities("-D", "--data", "data", type=types.DataParamType(), help="One or more data nodes.")
GROUP = OverridableOption("-G", "--group", "group", type=types.GroupParamType(), help="A group, by pk, uuid or label.")
GROUPS = _entities("-G", "--groups", "groups", type=types.GroupParamType(), help="One or more groups.")
USER = OverridableOption("-u", "--user", "user", type=types.UserParamType(), help="A user, by email.")

USER_EMAIL = OverridableOption("--email", "email", type=types.EmailType(), help="Email, which identifies the user of the data.")
USER_FIRST_NAME = OverridableOption("--first-name", type=types.NonEmptyStringParamType(), help="First name of the user.")
USER_LAST_NAME = OverridableOption("--last-name", type=types.NonEmptyStringParamType(), help="Last name of the user.")
USER_INSTITUTION = OverridableOption("--institution", type=types.NonEmptyStringParamType(), help="Institution of the user.")

DB_BACKEND = OverridableOption(
    "--db-backend", required=True, type=click.Choice(["core.psql_dos"]), default="core.psql_dos", help="Kind of storage."
)
DB_ENGINE = OverridableOption(
    "--db-engine", type=click.Choice(["postgresql_psycopg", "postgresql_psycopg2"]), default="postgresql_psycopg", help="Database driver."
)
DB_HOST = OverridableOption("--db-host", required=True, type=types.HostnameType(), default="localhost", help="Host of the database server.")
DB_PORT = OverridableOption("--db-port", required=True, type=click.INT, default=5432, help="Port of the database server.")
DB_USERNAME = OverridableOption("--db-username", type=types.NonEmptyStringParamType(), help="Role that owns the database.")
DB_PASSWORD = OverridableOption("--db-password", type=click.STRING, hide_input=True, help="Password of that role.")
DB_NAME = OverridableOption("--db-name", type=types.NonEmptyStringParamType(), help="Name of the database.")
BROKER_PROTOCOL = OverridableOption(
    "--broker-protocol", type=click.Choice(["amqp", "amqps"]), default="amqp", show_default=True, help="Protocol of the message broker."
)
BROKER_USERNAME = OverridableOption(
    "--broker-username", type=types.NonEmptyStringParamType(), default="guest", show_default=True, help="User of the message broker."
)
BROKER_PASSWORD = OverridableOption(
    "--broker-password", type=types.NonEmptyStringParamType(), default="guest", show_default=True, hide_input=True,
    help="Password at the message broker.",
)  # fmt: skip
BROKER_HOST = OverridableOption(
    "--broker-host", type=types.HostnameType(), default="127.0.0.1", show_default=True, help="Host of the message broker."
)
BROKER_PORT = OverridableOption("--broker-port", type=click.INT, default=5672, show_default=True, help="Port of the message broker.")
BROKER_VIRTUAL_HOST = OverridableOption(
    "--broker-virtual-host", type=click.STRING, default="", show_default=True, help="Virtual host of the message broker, without the slash."
)
REPOSITORY_PATH = OverridableOption("--repository", type=click.Path(file_okay=False), help="Folder of the file repository.")

LABEL = OverridableOption("-L", "--label", type=click.STRING, metavar="LABEL", help="Short name to be found by.")
DESCRIPTION = OverridableOption(
    "-D", "--description", type=click.STRING, metavar="DESCRIPTION", default="", required=False, help="What it is, in a sentence."
)
INPUT_PLUGIN = OverridableOption(
    "-P", "--input-plugin", type=types.PluginParamType(group="calculations", load=False), help="Calculation plugin to use by default."
)
CALC_JOB_STATE = OverridableOption(
    "-s", "--calc-job-state", "calc_job_state", cls=MultipleValueOption, type=types.LazyChoice(valid_calc_job_states),
    help="Only jobs in these states.",
)  # fmt: skip
PROCESS_STATE = OverridableOption(
    "-S", "--process-state", "process_state", cls=MultipleValueOption, type=types.LazyChoice(valid_process_states),
    default=active_process_states, help="Only processes in these states.",
)  # fmt: skip
PROCESS_LABEL = OverridableOption(
    "-L", "--process-label", "process_label", type=click.STRING, help="Only processes with this label; `%` stands for any text."
)
PAUSED = _flag("--paused", "paused", help="Only processes that are paused.")
EXIT_STATUS = OverridableOption("-E", "--exit-status", "exit_status", type=click.INT, help="Only entries with this exit status.")
FAILED = _flag("-X", "--failed", "failed", help="Only entries that failed.")
TYPE_STRING = OverridableOption("-T", "--type-string", "type_string", type=click.STRING, help="Only groups of this type; `%` stands for any text.")
TRANSPORT = OverridableOption(
    "-T", "--transport", type=types.PluginParamType(group="transports"), required=True,
    help="How to reach the computer (see `verdi plugin list aiida.transports`).",
)  # fmt: skip
SCHEDULER = OverridableOption(
    "-S", "--scheduler", type=types.PluginParamType(group="schedulers"), required=True,
    help="What queues its jobs (see `verdi plugin list aiida.schedulers`).",
)  # fmt: skip
HOSTNAME = OverridableOption("-H", "--hostname", type=types.HostnameType(), help="Host name.")
PORT = OverridableOption("-P", "--port", "port", type=click.INT, help="Port.")
PREPEND_TEXT = OverridableOption("--prepend-text", type=click.STRING, default="", help="Shell lines to run before the executable.")
APPEND_TEXT = OverridableOption("--append-text", type=click.STRING, default="", help="Shell lines to run after the executable.")

ALL = _flag("-a", "--all", "all_entries", help="Include all entries, whatever the other filters say.")
ALL_STATES = _flag("-A", "--all-states", "all_states", help="Do not filter by state.")
ALL_USERS = _flag("-A", "--all-users", "all_users", help="Include the entries of all users.")
GROUP_CLEAR = _flag("-c", "--clear", "clear", help="Remove all nodes from the group.")
RAW = _flag("-r", "--raw", "raw", help="Only the values, without headers and footers.")
FORCE = _flag("-f", "--force", help="Do not ask for confirmation.")
SILENT = _flag("-s", "--silent", help="Print nothing.")
DRY_RUN = _flag("-n", "--dry-run", "dry_run", help="Say what would be done, and do nothing.")
DEBUG = _flag("--debug", help="Print more, for developers.", hidden=True)
PRINT_TRACEBACK = _flag("-t", "--print-traceback", help="Print the whole traceback of an error.")
MOST_RECENT_NODE = _flag("-M", "--most-recent-node", help="Take the process that was made last.")
OVERWRITE = _flag("-o", "--overwrite", help="Replace what is there already.")
NON_INTERACTIVE = OverridableOption(
    "-n/-I", "--non-interactive/--interactive", "non_interactive", is_flag=True, is_eager=True, show_default="--interactive",
    help="Never ask: take the default of every option that has one; an option without one must be given.",
)  # fmt: skip
SORT = _switch("sort", True, "Sort the keys.")

IDENTIFIER = OverridableOption(
    "-i", "--identifier", "identifier", type=click.Choice(["pk", "uuid"]), default="pk", help="How to name the nodes in the output."
)
DICT_FORMAT = OverridableOption(
    "-f", "--format", "fmt", type=types.LazyChoice(defaults.get_dictionary_formats), default="json+date", help="How to print dictionaries."
)
DICT_KEYS = OverridableOption("-k", "--keys", type=click.STRING, cls=MultipleValueOption, help="Only these keys.")
EXPORT_FORMAT = OverridableOption("-F", "--format", "fmt", type=click.STRING, show_default=True, help="Format to write.")
INPUT_FORMAT = OverridableOption("-F", "--format", "fmt", type=click.STRING, show_default=True, help="Format to read.")
VISUALIZATION_FORMAT = OverridableOption("-F", "--format", "fmt", type=click.STRING, show_default=True, help="Program to show it with.")
ARCHIVE_FORMAT = OverridableOption(
    "-F", "--archive-format", type=click.Choice(["zip", "zip-uncompressed", "tar.gz"]), default="zip", show_default=True, help="Format of the archive."
)
FORMULA_MODE = OverridableOption(
    "-f", "--formula-mode", type=click.Choice(["hill", "hill_compact", "reduce", "group", "count", "count_compact"]), default="hill",
    help="How to write chemical formulae.",
)  # fmt: skip
TRAJECTORY_INDEX = OverridableOption("-i", "--trajectory-index", "trajectory_index", type=click.INT, help="Only this step of the trajectory.")
WITH_ELEMENTS = OverridableOption(
    "-e", "--with-elements", "elements", type=click.STRING, cls=MultipleValueOption, help="Only what contains all of these elements."
)
WITH_ELEMENTS_EXCLUSIVE = OverridableOption(
    "-E", "--with-elements-exclusive", "elements_exclusive", type=click.STRING, cls=MultipleValueOption,
    help="Only what contains all of these elements and no others.",
)  # fmt: skip

PROJECT = OverridableOption("-P", "--project", "project", cls=MultipleValueOption, help="Columns to show.")
ORDER_BY = OverridableOption(
    "-O", "--order-by", "order_by", type=click.Choice(["id", "ctime"]), default="ctime", show_default=True, help="Column to sort by."
)
ORDER_DIRECTION = OverridableOption(
    "-D", "--order-direction", "order_dir", type=click.Choice(["asc", "desc"]), default="asc", show_default=True, help="Sort upwards or downwards."
)
PAST_DAYS = OverridableOption(
    "-p", "--past-days", "past_days", type=click.INT, metavar="PAST_DAYS", help="Only entries made in the last PAST_DAYS days."
)
OLDER_THAN = OverridableOption(
    "-o", "--older-than", "older_than", type=click.INT, metavar="OLDER_THAN", help="Only entries made more than OLDER_THAN days ago."
)
LIMIT = OverridableOption("-l", "--limit", "limit", type=click.INT, default=None, help="Show at most this many entries.")
FREQUENCY = OverridableOption("-F", "--frequency", "frequency", type=click.INT, help="Seconds between two looks.")
TIMEOUT = OverridableOption("-t", "--timeout", "timeout", type=click.FLOAT, default=5.0, show_default=True, help="Seconds to wait for an answer.")

CONFIG_FILE = ConfigFileOption("--config", type=types.FileOrUrl(), help="Take the values of options from this YAML file or address.")

PATH = OverridableOption("--path", type=click.Path(path_type=pathlib.Path), show_default=False, help="Folder to write to.")
FLAT = _flag("-f", "--flat", help="Write the files of a step into one folder.")
DUMP_UNSEALED = OverridableOption(
    "--dump-unsealed/--no-dump-unsealed", is_flag=True, default=False, show_default=True, help="Write processes that have not ended, too."
)
INCLUDE_INPUTS = _switch("include-inputs", True, "Write the files of inputs.", off="exclude-inputs")
INCLUDE_OUTPUTS = _switch("include-outputs", False, "Write the files of outputs.", off="exclude-outputs")
INCLUDE_ATTRIBUTES = _switch("include-attributes", True, "Write the attributes of nodes.", off="exclude-attributes")
INCLUDE_EXTRAS = _switch("include-extras", False, "Write the extras of nodes.", off="exclude-extras")
ORGANIZE_BY_GROUPS = _switch("organize-by-groups", True, "Make a folder for every group.")
ALSO_UNGROUPED = _switch("also-ungrouped", False, "Write what is in no group, too.")
SYMLINK_CALCS = _switch("symlink-calcs", False, "Link calculations that appear twice instead of writing them twice.")
DELETE_MISSING = _switch("delete-missing", True, "Delete from the folder what is gone from the profile.")
RELABEL_GROUPS = _switch("relabel-groups", True, "Rename the folders of groups that have a new label.")
ONLY_TOP_LEVEL_CALCS = _switch("only-top-level-calcs", True, "Make folders only for calculations that no workflow called.")
ONLY_TOP_LEVEL_WORKFLOWS = _switch("only-top-level-workflows", True, "Make folders only for workflows that no workflow called.")
FILTER_BY_LAST_DUMP_TIME = _switch("filter-by-last-dump-time", True, "Only what changed since the last dump.")
START_DATE = OverridableOption("--start-date", type=click.STRING, help="Only what changed after this date.")
END_DATE = OverridableOption("--end-date", type=click.STRING, help="Only what changed before this date.")

__all__ = tuple(
    name for name, value in globals().items() if isinstance(value, OverridableOption) and value is not VERBOSITY
) + ("TRAVERSAL_RULE_HELP_STRING", "VERBOSITY", "active_process_states", "graph_traversal_rules", "set_log_level", "valid_calc_job_states", "valid_process_states")  # fmt: skip
