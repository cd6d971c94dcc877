"""Quoting of text for a shell and for SQL `LIKE` patterns."""

from __future__ import annotations

import re

__all__ = (
    "SQL_TO_REGEX_TOKENS",
    "escape_for_bash",
    "escape_for_sql_like",
    "get_regex_pattern_from_sql",
    "sql_string_match",
)

# What a token of a LIKE pattern means as a regular expression.
SQL_TO_REGEX_TOKENS = [("\\\\", "\\\\"), ("\\%", "%"), ("\\_", "_"), ("%", ".*"), ("_", ".")]
_TOKENS = dict(SQL_TO_REGEX_TOKENS)
_TOKEN = re.compile("|".join(re.escape(token) for token, _ in SQL_TO_REGEX_TOKENS))


def escape_for_bash(str_to_escape: str | None, use_double_quotes: bool | None = False) -> str:
    """Return the text as one word of a shell command: in single quotes, or in double ones (so that `$VAR` is expanded)."""
    if str_to_escape is None:
        return ""
    text = str(str_to_escape)
    if use_double_quotes:
        return '"' + text.replace('"', '"\'"\'"') + '"'
    return "'" + text.replace("'", "'\"'\"'") + "'"


def escape_for_sql_like(string: str) -> str:
    """Return a LIKE pattern that matches the text itself."""
    return string.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def get_regex_pattern_from_sql(sql_pattern: str) -> str:
    """Return a regular expression that matches what the LIKE pattern matches."""
    parts, end = [], 0
    for match in _TOKEN.finditer(sql_pattern):
        parts += [re.escape(sql_pattern[end : match.start()]), _TOKENS[match.group()]]
        end = match.end()
    parts.append(re.escape(sql_pattern[end:]))
    return "^" + "".join(parts) + "$"


def sql_string_match(string: str, pattern: str) -> bool:
    """Whether the text matches the LIKE pattern, case counting."""
    return re.match(get_regex_pattern_from_sql(pattern), string) is not None
