"""The table of `verdi`'s commands: name, where it is, what the help says of it.

Nothing is imported until a command runs: `verdi --help` and completion read this table. A test compares it with the commands.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiida.cmdline.groups.verdi import LazyCommand

__all__ = ("COMMANDS",)

_HOME = "aiida.cmdline.commands.cmd_"

COMMANDS: Mapping[str, LazyCommand] = {
    "bug-report": LazyCommand(f"{_HOME}bug_report:verdi_bug_report", "Collect what is needed to find a fault into a zip file."),
    "calcjob": LazyCommand(f"{_HOME}calcjob:verdi_calcjob", "Look into calculation jobs and their files."),
    "code": LazyCommand(f"{_HOME}code:verdi_code", "Set up and manage codes."),
    "completioncommand": LazyCommand(f"{_HOME}completioncommand:verdi_completioncommand", "Print the line that switches tab completion on."),
    "computer": LazyCommand(f"{_HOME}computer:verdi_computer", "Set up and manage computers."),
    "config": LazyCommand(f"{_HOME}config:verdi_config", "Read and set options."),
    "daemon": LazyCommand(f"{_HOME}daemon:verdi_daemon", "Start, stop and watch the daemon, which runs what was submitted."),
    "data": LazyCommand(f"{_HOME}data:verdi_data", "Look at, import and export data nodes."),
    "devel": LazyCommand(f"{_HOME}devel:verdi_devel", "Commands for developers."),
    "group": LazyCommand(f"{_HOME}group:verdi_group", "Make and manage groups of nodes."),
    "help": LazyCommand(f"{_HOME}help:verdi_help", "Show the help of a command."),
    "node": LazyCommand(f"{_HOME}node:verdi_node", "Look at and manage nodes."),
    "plugin": LazyCommand(f"{_HOME}plugin:verdi_plugin", "List plugins and what they need, install them."),
    "presto": LazyCommand(f"{_HOME}presto:verdi_presto", "Make a profile that works at once; no question, no service needed."),
    "process": LazyCommand(f"{_HOME}process:verdi_process", "Watch and control processes."),
    "profile": LazyCommand(f"{_HOME}profile:verdi_profile", "Make and manage profiles."),
    "run": LazyCommand(f"{_HOME}run:verdi_run", "Run a Python script with the profile loaded."),
    "shell": LazyCommand(f"{_HOME}shell:verdi_shell", "Open a Python shell with the profile loaded."),
    "status": LazyCommand(f"{_HOME}status:verdi_status", "Say what of AiiDA is there and works."),
    "storage": LazyCommand(f"{_HOME}storage:verdi_storage", "Look after the stored data of a profile."),
    "user": LazyCommand(f"{_HOME}user:verdi_user", "Manage the users of a profile."),
}
