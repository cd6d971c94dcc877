"""Aware times only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ("delta", "localtime", "make_aware", "now", "timezone_from_name")

utc = UTC


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(tz=utc)


def timezone_from_name(name: str) -> tzinfo:
    """Return the time zone of this name (`Europe/Zurich`); `ValueError` if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown timezone: {name}") from None


def make_aware(value: datetime, tz: tzinfo | None = None) -> datetime:
    """Return the time with a time zone: a naive one is taken as local time (or as `tz`), an aware one is converted to `tz`."""
    if value.tzinfo is None and tz is not None:
        return value.replace(tzinfo=tz)
    return value.astimezone(tz)


def localtime(value: datetime) -> datetime:
    """Return an aware time in the local time zone."""
    return value.astimezone()


def delta(from_time: datetime, to_time: datetime | None = None) -> timedelta:
    """Return the time that passed between the two, the second being now if not given."""
    return (now() if to_time is None else make_aware(to_time)) - make_aware(from_time)
