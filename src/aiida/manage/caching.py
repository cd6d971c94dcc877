"""Whether the result of an equal process may be reused: options of the profile, and switches for a block of code.

The most specific pattern that matches a process type decides; of equal ones, the innermost block. The switches hold for the whole
process, not for one thread: a block may start processes whose code runs in others.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import NamedTuple

from aiida.common.exceptions import ConfigurationError
from aiida.common.slots import current_settings
from aiida.manage.configuration.patterns import check_identifier_pattern, find_most_specific

__all__ = ("disable_caching", "enable_caching", "get_use_cache")


class ConfigKeys(Enum):
    """Names of the options."""

    DEFAULT = "caching.default_enabled"
    ENABLED = "caching.enabled_for"
    DISABLED = "caching.disabled_for"


class _Switch(NamedTuple):
    """What a block said: for a pattern, or (`None`) for everything."""

    pattern: str | None
    enabled: bool


_switches: list[_Switch] = []
_lock = threading.Lock()


@contextmanager
def _switched(switch: _Switch, strict: bool) -> Iterator[None]:
    if switch.pattern is not None:
        check_identifier_pattern(switch.pattern, strict=strict)
    with _lock:
        _switches.append(switch)
    try:
        yield
    finally:
        with _lock:
            # By identity, from the end: blocks of several threads need not end in the order they began.
            index = next(i for i in reversed(range(len(_switches))) if _switches[i] is switch)
            del _switches[index]


@contextmanager
def enable_caching(*, identifier: str | None = None, strict: bool = False) -> Iterator[None]:
    """Within the context, results are reused: of all processes, or of those whose type matches the pattern."""
    with _switched(_Switch(identifier, True), strict):
        yield


@contextmanager
def disable_caching(*, identifier: str | None = None, strict: bool = False) -> Iterator[None]:
    """Within the context, results are not reused: of any process, or of those whose type matches the pattern."""
    with _switched(_Switch(identifier, False), strict):
        yield


def get_use_cache(*, identifier: str | None = None, strict: bool = False) -> bool:
    """Whether results are reused, for this process type or in general."""
    if strict and identifier is not None:
        check_identifier_pattern(identifier, strict=True)
    default, rules = _collect()
    if identifier is None:
        return default
    candidates = find_most_specific(identifier, list(rules))
    verdicts = {rules[pattern] for pattern in candidates}
    if not verdicts:
        return default
    if len(verdicts) > 1 or None in verdicts:
        raise ConfigurationError(
            f"Invalid configuration: multiple matches for identifier `{identifier}`, but the most specific identifier is not "
            f"unique. Candidates: {sorted(candidates)}. Remove all but one of them from `{ConfigKeys.ENABLED.value}` and "
            f"`{ConfigKeys.DISABLED.value}`"
        )
    return bool(verdicts.pop())


def _collect() -> tuple[bool, dict[str, bool | None]]:
    """Return what holds by default, and for each pattern whether it is on, off or (`None`) said to be both."""
    with _lock:
        switches = list(_switches)
    # A block for everything makes what was said before it, options included, meaningless.
    start = max((number for number, switch in enumerate(switches) if switch.pattern is None), default=None)
    rules: dict[str, bool | None] = {}
    if start is None:
        settings = current_settings.get()
        default = bool(settings.get(ConfigKeys.DEFAULT.value))
        rules.update(dict.fromkeys(settings.get(ConfigKeys.ENABLED.value), True))
        for pattern in settings.get(ConfigKeys.DISABLED.value):
            rules[pattern] = None if rules.get(pattern) else False
    else:
        default = switches[start].enabled
        switches = switches[start + 1 :]
    for switch in switches:
        if switch.pattern is not None:
            rules[switch.pattern] = switch.enabled
    return default, rules
