"""The closed list of things a process can ask the world to do. `decide` returns one, `perform` does it."""

from __future__ import annotations

import msgspec


class Effect(msgspec.Struct, frozen=True):
    """What is to be done next."""


class RunStep(Effect, frozen=True):
    """User code: one instruction of the outline, the body of a function, a foreign process's run."""

    pointer: tuple[int, ...] | None = None


class Resume(Effect, frozen=True):
    """The wait is over: hand the ended targets to the instance."""

    targets: tuple[int, ...] = ()


class Prepare(Effect, frozen=True):
    """User code of a job: decide files and script."""


class Upload(Effect, frozen=True):
    """Make an attempt directory and fill it."""

    attempt: int


class Submit(Effect, frozen=True):
    """Ask the scheduler through the guard; the same question whether asked first or again."""

    directory: str
    again: bool


class Follow(Effect, frozen=True):
    """Nothing, until the poller sees the job's end."""

    job_id: str


class Stash(Effect, frozen=True):
    """Keep files on the computer."""


class Unstash(Effect, frozen=True):
    """Bring stashed files back."""


class Retrieve(Effect, frozen=True):
    """Fetch the files."""


class Parse(Effect, frozen=True):
    """User code of a job: make results of the files."""


class Cancel(Effect, frozen=True):
    """Take the job from the scheduler, then end as killed."""


class EndKilled(Effect, frozen=True):
    """Children and job are gone: write the end."""

    reason: str


class Rest(Effect, frozen=True):
    """Nothing may be done now: paused, waiting for targets, or ended."""
