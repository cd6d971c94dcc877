"""What a scheduler may say about a job that did not end well; the same statuses and texts as `CalcJob` declares."""

from __future__ import annotations

from aiida.common.exit_code import ExitCode

__all__ = ("INVALID_ACCOUNT", "NODE_FAILURE", "OUT_OF_MEMORY", "OUT_OF_WALLTIME")

OUT_OF_MEMORY = ExitCode(110, "The job ran out of memory.", True)
OUT_OF_WALLTIME = ExitCode(120, "The job ran out of walltime.", True)
INVALID_ACCOUNT = ExitCode(131, "The specified account is invalid.", True)
NODE_FAILURE = ExitCode(140, "The node running the job failed.", True)
