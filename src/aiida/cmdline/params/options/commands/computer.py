"""Options to set up a computer."""

from __future__ import annotations

from typing import Any

import click

from aiida.cmdline.params import options, types
from aiida.cmdline.params.options.interactive import InteractiveOption, TemplateInteractiveOption
from aiida.cmdline.utils import session

__all__ = (
    "get_job_resource_cls",
    "should_call_default_memory_per_machine",
    "should_call_default_mpiprocs_per_machine",
    "transport_callback",
)


def get_job_resource_cls(ctx: click.Context) -> Any:
    """Return the class of job resources of the scheduler that was chosen."""
    scheduler = ctx.params["scheduler"]
    cls = scheduler.load() if hasattr(scheduler, "load") else scheduler
    resource = getattr(cls, "job_resource_class", None)
    if resource is None:
        raise click.BadParameter(f"the scheduler {cls} declares no job resources, so it cannot be used")
    return resource


def should_call_default_mpiprocs_per_machine(ctx: click.Context) -> bool:
    """Return whether the scheduler takes a default number of processes per machine."""
    return session.given(ctx, "scheduler") is not None and bool(get_job_resource_cls(ctx).accepts_default_mpiprocs_per_machine())


def should_call_default_memory_per_machine(ctx: click.Context) -> bool:
    """Return whether the scheduler takes a default memory per machine."""
    return session.given(ctx, "scheduler") is not None and bool(get_job_resource_cls(ctx).accepts_default_memory_per_machine())


def transport_callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Return the transport; kept so that commands may add to it."""
    return value


LABEL = options.LABEL.clone(prompt="Computer label", cls=InteractiveOption, required=True, help="Unique name of the computer.")
HOSTNAME = options.HOSTNAME.clone(prompt="Hostname", cls=InteractiveOption, required=True, help="Full host name; `localhost` for this machine.")
DESCRIPTION = options.DESCRIPTION.clone(prompt="Description", cls=InteractiveOption)
TRANSPORT = options.TRANSPORT.clone(prompt="Transport plugin", cls=InteractiveOption, callback=transport_callback)
SCHEDULER = options.SCHEDULER.clone(prompt="Scheduler plugin", cls=InteractiveOption)
SHEBANG = options.OverridableOption(
    "--shebang", prompt="Shebang line (first line of each script, starting with #!)", default="#!/bin/bash", cls=InteractiveOption,
    type=types.ShebangParamType(), help="First line of job scripts; the shell must understand bash.",
)  # fmt: skip
WORKDIR = options.OverridableOption(
    "-w", "--work-dir", prompt="Work directory on the computer", default="/scratch/{username}/aiida/", cls=InteractiveOption,
    help="Folder on the computer where jobs run; `{username}` stands for the name there.",
)  # fmt: skip
MPI_RUN_COMMAND = options.OverridableOption(
    "-m", "--mpirun-command", prompt="Mpirun command", default="mpirun -np {tot_num_mpiprocs}", cls=InteractiveOption,
    type=types.MpirunCommandParamType(), help="Command that starts MPI programs; `{tot_num_mpiprocs}` and the scheduler's keys are filled in.",
)  # fmt: skip
MPI_PROCS_PER_MACHINE = options.OverridableOption(
    "--mpiprocs-per-machine", prompt="Default number of CPUs per machine", cls=InteractiveOption, type=click.INT,
    prompt_fn=should_call_default_mpiprocs_per_machine, required=False, help="Processes per machine of jobs that do not say.",
)  # fmt: skip
DEFAULT_MEMORY_PER_MACHINE = options.OverridableOption(
    "--default-memory-per-machine", prompt="Default amount of memory per machine (kB).", cls=InteractiveOption, type=click.INT,
    prompt_fn=should_call_default_memory_per_machine, required=False, help="Memory (kB) per machine of jobs that do not say.",
)  # fmt: skip
USE_DOUBLE_QUOTES = options.OverridableOption(
    "--use-double-quotes/--not-use-double-quotes", default=False, prompt="Escape CLI arguments in double quotes", cls=InteractiveOption,
    help="Write what stands around the executable in double quotes in job scripts.",
)  # fmt: skip
PREPEND_TEXT = options.PREPEND_TEXT.clone(prompt="Prepend script", cls=TemplateInteractiveOption, help="Shell lines to begin every job with.")
APPEND_TEXT = options.APPEND_TEXT.clone(prompt="Append script", cls=TemplateInteractiveOption, help="Shell lines to end every job with.")
