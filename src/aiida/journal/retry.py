"""Attempts and delays as a function of what the journal says. No clock, no dice: the caller brings the jitter."""

from __future__ import annotations

import msgspec


class Policy(msgspec.Struct, frozen=True):
    """How often and how patiently an effect is asked for again."""

    attempts: int = 5
    initial: float = 20.0
    ceiling: float = 600.0


FOREVER = Policy(attempts=0, initial=5.0, ceiling=900.0)
"""For what heals by itself: a class that cannot be imported yet, a computer that is away."""


def delay_after(failures: int, policy: Policy, jitter: float = 0.0) -> float:
    """Seconds before attempt `failures + 1`; `jitter` in [0, 1) spreads up to a quarter on top."""
    return float(min(policy.initial * 2 ** min(max(failures - 1, 0), 30), policy.ceiling) * (1 + 0.25 * jitter))


def is_last(failures: int, policy: Policy) -> bool:
    """No attempt is left after this many failures."""
    return policy.attempts > 0 and failures >= policy.attempts
