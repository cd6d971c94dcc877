"""What a job's standard error says of an executable that could not be started; text in, a sentence out."""

from __future__ import annotations

import re

REASONS = (
    (re.compile(r"No such file or directory|not found|unable to find the specified executable", re.IGNORECASE), "was not found"),
    (re.compile(r"Permission denied|cannot execute", re.IGNORECASE), "may not be executed"),
)
LINES = 200


def explain_start(stderr: str, executable: str, code: str, computer: str) -> str | None:
    """Return what happened and what to do, or None if the executable was started.

    :param code: the full label of the code.
    """
    for line in stderr.splitlines()[:LINES]:
        if executable not in line:
            continue
        for pattern, what in REASONS:
            if pattern.search(line):
                return (
                    f"the executable `{executable}` of code `{code}` {what} on computer `{computer}`, so the job did no work. "
                    f"`verdi code test {code}` checks the path; prepend text of code or computer may have to load a module first"
                )
    return None
