"""Print to the terminal in one manner: a word that says what kind of message it is, then the message.

The level decides what is printed: `-v` of the command, else the option `logging.verdi_loglevel`. Success, report, info and
warning go to the standard output, error and critical to the standard error. Colours appear on a terminal only (click
strips them from what goes to a file or a pipe).
"""

from __future__ import annotations

import collections
import enum
import errno
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

import click

from aiida.cmdline.utils import session

__all__ = (
    "COLORS",
    "ExitCode",
    "brief",
    "echo",
    "echo_critical",
    "echo_debug",
    "echo_deprecated",
    "echo_dictionary",
    "echo_error",
    "echo_formatted_list",
    "echo_info",
    "echo_report",
    "echo_success",
    "echo_tabulate",
    "echo_warning",
    "highlight_string",
    "is_stdout_redirected",
)

COLORS = {
    "success": "green",
    "highlight": "green",
    "debug": "white",
    "info": "blue",
    "report": "blue",
    "warning": "bright_yellow",
    "error": "red",
    "critical": "red",
    "deprecated": "red",
}


class ExitCode(enum.IntEnum):
    """Exit codes of `verdi`."""

    CRITICAL = 1
    DEPRECATED = 80
    UNKNOWN = 99
    USAGE_ERROR = 2
    SUCCESS = 0


def highlight_string(string: str, color: str = "highlight") -> str:
    """Return the string with the codes that colour it."""
    return click.style(string, fg=COLORS.get(color, color))


def echo(message: Any, fg: str | None = None, bold: bool = False, nl: bool = True, err: bool = False) -> None:
    """Print a message as it is, whatever the level."""
    click.echo(click.style(message, fg=fg, bold=bold) if fg or bold else message, nl=nl, err=err)


def _say(kind: str, level: str, message: Any, bold: bool, nl: bool, err: bool, prefix: bool) -> None:
    """Print a message with the word for its kind, if its level is printed."""
    if session.LEVELS[level] < session.get_level():
        return
    word = click.style(f"{kind.capitalize()}: ", fg=COLORS[kind], bold=True) if prefix else ""
    click.echo(word + (click.style(str(message), bold=True) if bold else str(message)), nl=nl, err=err)


def echo_debug(message: str, bold: bool = False, nl: bool = True, err: bool = False, prefix: bool = True) -> None:
    """Print a message for the developer."""
    _say("debug", "debug", message, bold, nl, err, prefix)


def echo_info(message: str, bold: bool = False, nl: bool = True, err: bool = False, prefix: bool = True) -> None:
    """Print a message that is shown only when asked for (`-v info`)."""
    _say("info", "info", message, bold, nl, err, prefix)


def echo_report(message: str, bold: bool = False, nl: bool = True, err: bool = False, prefix: bool = True) -> None:
    """Print what is being done."""
    _say("report", "report", message, bold, nl, err, prefix)


def echo_success(message: str, bold: bool = False, nl: bool = True, err: bool = False, prefix: bool = True) -> None:
    """Print that something worked."""
    _say("success", "report", message, bold, nl, err, prefix)


def echo_warning(message: str, bold: bool = False, nl: bool = True, err: bool = False, prefix: bool = True) -> None:
    """Print what needs attention."""
    _say("warning", "warning", message, bold, nl, err, prefix)


def echo_error(message: str, bold: bool = False, nl: bool = True, err: bool = True, prefix: bool = True) -> None:
    """Print what failed, and go on."""
    _say("error", "error", message, bold, nl, err, prefix)


def echo_critical(message: str, bold: bool = False, nl: bool = True, err: bool = True, prefix: bool = True) -> NoReturn:
    """Print what failed, and exit with 1."""
    _say("critical", "critical", message, bold, nl, err, prefix)
    sys.exit(ExitCode.CRITICAL)


_OTHER_FOLDER = "Make the folder writable for this user, or set the environment variable `AIIDA_PATH` to another one."

# What to do when the system refuses.
ADVICE = {
    errno.EACCES: _OTHER_FOLDER,
    errno.EPERM: _OTHER_FOLDER,
    errno.EROFS: _OTHER_FOLDER,
    errno.ENOSPC: "Free some space and repeat the command: nothing is lost.",
    errno.EDQUOT: "Free some space and repeat the command: nothing is lost.",
}


def brief(error: BaseException) -> str:
    """Return the message of an error on one line: without the traceback that some carry in their text, with the next step."""
    if isinstance(error, OSError) and error.errno in ADVICE:
        place = f" `{error.filename}`" if error.filename else ""
        return f"cannot use{place}: {(error.strerror or str(error)).lower()}. {ADVICE[error.errno]}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[0] if "Traceback (most recent call last):" not in lines else f"{lines[0].rstrip(':')}: {lines[-1]}"


def echo_deprecated(message: str, bold: bool = False, nl: bool = True, err: bool = True, exit: bool = False) -> None:
    """Print that something will go away, and what to use instead."""
    _say("deprecated", "warning", message, bold, nl, err, True)
    if exit:
        sys.exit(ExitCode.DEPRECATED)


def echo_formatted_list(
    collection: Sequence[Any], attributes: Sequence[str], sort: Callable[[Any], Any] | None = None,
    highlight: Callable[[Any], bool] | None = None, hide: Callable[[Any], bool] | None = None,
) -> None:
    """Print one line per entry, with a star and colour before those to be highlighted."""
    for entry in sorted(collection, key=sort) if sort else collection:
        if hide is not None and hide(entry):
            continue
        chosen = highlight is not None and highlight(entry)
        text = " - ".join(str(getattr(entry, attribute)) for attribute in attributes)
        click.echo(highlight_string(f"* {text}") if chosen else f"  {text}")


def echo_tabulate(table: Any, **kwargs: Any) -> None:
    """Print a table."""
    import tabulate  # here, since most commands print no table

    click.echo(tabulate.tabulate(table, **kwargs))


def _as_json(value: Any) -> Any:
    """Return what JSON has no word for in words that it has."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{value!r} cannot be printed as JSON; try the format `yaml`")


def _as_plain(value: Any) -> Any:
    """Return the value in the types that safe YAML knows."""
    if isinstance(value, Mapping):
        return {str(key) if not isinstance(key, (str, int, float, bool)) else key: _as_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, collections.deque)):
        return [_as_plain(item) for item in value]
    if isinstance(value, (str, int, float, bool, datetime)) or value is None:
        return value
    return _as_plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def _dump_yaml(value: Any, **kwargs: Any) -> str:
    import yaml  # here, since most commands print no YAML

    return str(yaml.safe_dump(_as_plain(value), encoding="utf-8", allow_unicode=True, **kwargs).decode())


def _render_json(value: Any, sort_keys: bool = True) -> str:
    return json.dumps(value, indent=4, sort_keys=sort_keys, default=_as_json, ensure_ascii=False)


def _render_yaml(value: Any, sort_keys: bool = True) -> str:
    return _dump_yaml(value, sort_keys=sort_keys)


def _render_yaml_expanded(value: Any, sort_keys: bool = True) -> str:
    return _dump_yaml(value, sort_keys=sort_keys, default_flow_style=False, indent=4)


VALID_DICT_FORMATS_MAPPING: dict[str, Callable[..., str]] = {
    "json+date": _render_json,
    "yaml": _render_yaml,
    "yaml_expanded": _render_yaml_expanded,
}


def echo_dictionary(dictionary: dict[Any, Any] | list[Any], fmt: str = "json+date", sort_keys: bool = True) -> None:
    """Print a dictionary as JSON or YAML."""
    try:
        render = VALID_DICT_FORMATS_MAPPING[fmt]
    except KeyError:
        raise ValueError(f"`{fmt}` is no format of dictionaries; known are {', '.join(VALID_DICT_FORMATS_MAPPING)}") from None
    click.echo(render(dictionary, sort_keys=sort_keys))


def is_stdout_redirected() -> bool:
    """Return whether the standard output goes to something that is no terminal."""
    return not sys.stdout.isatty()
