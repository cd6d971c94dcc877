"""From a job template to the text of a submit script. Pure."""

from __future__ import annotations

from typing import Any

from aiida.common.datastructures import CodeRunMode
from aiida.common.escaping import escape_for_bash

from .datastructures import JobTemplate, JobTemplateCodeInfo

__all__ = (
    "check_wallclock",
    "clean_job_name",
    "duration",
    "render_code",
    "render_environment",
    "render_run_lines",
    "render_script",
)

DEFAULT_SHEBANG = "#!/bin/bash"


def render_script(template: JobTemplate, header: str, environment: str, run_lines: str, footer: str) -> str:
    """Put the parts of a submit script together, in the documented order, with empty lines between them."""
    shebang = DEFAULT_SHEBANG if template.shebang is None else template.shebang
    if not isinstance(shebang, str):
        raise TypeError(f"the shebang of a submit script must be a text, not {type(shebang).__name__}")
    parts = [shebang, header, ""]
    for part in (environment, template.prepend_text):
        if part:
            parts += [part, ""]
    parts += [run_lines, ""]
    for part in (template.append_text, footer):
        if part:
            parts += [part, ""]
    return "\n".join(parts)


def render_environment(variables: dict[str, Any], *, double_quotes: bool) -> str:
    """Return the lines that export the job's environment variables."""
    lines = ["# ENVIRONMENT VARIABLES BEGIN ###"]
    lines += [f"export {name.strip()}={escape_for_bash(value, use_double_quotes=double_quotes)}" for name, value in variables.items()]
    return "\n".join([*lines, "# ENVIRONMENT VARIABLES END ###"])


def render_run_lines(codes: list[JobTemplateCodeInfo], mode: CodeRunMode) -> str:
    """Return the lines that run the codes, one after the other or all at once."""
    lines = [render_code(code) for code in codes]
    if mode == CodeRunMode.PARALLEL:
        return "\n\n".join([*(f"{line} &" for line in lines), "wait\n"])
    if mode == CodeRunMode.SERIAL:
        return "\n\n".join(lines)
    raise NotImplementedError(f"unknown run mode of codes: {mode!r}")


def render_code(code: JobTemplateCodeInfo) -> str:
    """Return the command line of one code, with redirections."""
    quotes = list(code.use_double_quotes)
    prepend = " ".join(escape_for_bash(word, use_double_quotes=quotes[0]) for word in code.prepend_cmdline_params)
    command = " ".join(escape_for_bash(word, use_double_quotes=quotes[1]) for word in code.cmdline_params)
    streams = [
        f"< {escape_for_bash(code.stdin_name, use_double_quotes=quotes[0])}" if code.stdin_name else "",
        f"> {escape_for_bash(code.stdout_name, use_double_quotes=quotes[0])}" if code.stdout_name else "",
        _error_stream(code, quotes[0]),
    ]
    line = " ".join([command, *streams])
    if code.wrap_cmdline_params:
        # The whole command with its redirections is one word for what runs it, such as a container.
        line = escape_for_bash(line, use_double_quotes=True)
    return f"{prepend} {line}".strip() if prepend else line.strip()


def _error_stream(code: JobTemplateCodeInfo, double_quotes: bool) -> str:
    if code.join_files:
        return "2>&1"
    return f"2> {escape_for_bash(code.stderr_name, use_double_quotes=double_quotes)}" if code.stderr_name else ""


def clean_job_name(name: str, *, longest: int, letter_first: bool = True) -> str:
    """Return a name that schedulers take: letters, digits and `_.-`, beginning with a letter or digit."""
    kept = "".join(c for c in name if (c.isascii() and c.isalnum()) or c in "_.-")
    if not kept or not (kept[0].isalpha() or (kept[0].isdigit() and not letter_first)):
        kept = f"j{kept}"
    return kept[:longest]


def check_wallclock(seconds: Any) -> int:
    """Return the seconds as an integer, or raise ValueError."""
    try:
        value = int(seconds)
    except (TypeError, ValueError):
        value = 0
    if value <= 0:
        raise ValueError(f"max_wallclock_seconds must be a positive integer (in seconds)! It is instead '{seconds}'")
    return value


def duration(seconds: int, *, days: bool = False) -> str:
    """Return `HH:MM:SS`, or `D-HH:MM:SS` for a day and more if `days` are understood."""
    count, rest = divmod(seconds, 86400) if days else (0, seconds)
    text = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{count}-{text}" if count else text
