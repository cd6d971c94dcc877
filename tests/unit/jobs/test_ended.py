"""When a job is over: the pure judgement, and the closer look with a scheduler that answers as told (PROTOCOL 10.5)."""

from __future__ import annotations

import pytest

from aiida.engine.processes.calcjobs.effects import _look_ended
from aiida.engine.processes.calcjobs.facts import (
    Accepted,
    Alive,
    Ended,
    EndMark,
    Gone,
    JobInFlight,
    Listing,
    NotYet,
    Renamed,
    Revoked,
)
from aiida.engine.processes.calcjobs.poller import MISSES, judge


def job(misses=0):
    return JobInFlight(process=1, directory="/d", job_id="7", misses=misses)


def listing(state=None, status=None, complete=True, absence=False):
    made = Listing(complete=complete, absence_is_evidence=absence)
    if state:
        made.jobs["7"] = {"job_id": "7", "job_state": state}
    if status is not None:
        made.marks[1] = EndMark(job_id="7", restarts=0, exit_status=status)
    return made


def test_in_the_queue_is_alive_whatever_the_mark_says():
    assert judge(job(), listing("running")) == Alive(state="running", info={"job_id": "7", "job_state": "running"})
    assert isinstance(judge(job(), listing("queued", status=143)), Alive)  # preempted: mark by the exit trap, then requeued


def test_mark_and_then_absent_is_the_end():
    verdict = judge(job(), listing(status=3))
    assert isinstance(verdict, Ended) and (verdict.evidence, verdict.exit_status) == ("mark", 3)


def test_a_mark_that_tells_of_a_signal_needs_more_listings():
    assert judge(job(0), listing(status=143)) == NotYet(misses=1, reason="the queue does not show the job")
    assert isinstance(judge(job(MISSES - 1), listing(status=143)), Ended)


def test_absent_once_is_nothing():
    assert judge(job(0), listing()) == NotYet(misses=1, reason="the queue does not show the job")


def test_absent_often_takes_a_closer_look():
    assert judge(job(MISSES - 1), listing()) is None


def test_a_failed_listing_is_no_listing():
    assert judge(job(2), listing(complete=False)) == NotYet(misses=2, reason="")
    assert isinstance(judge(job(2), listing(status=0, complete=False)), NotYet)


def test_done_in_the_queue_without_a_mark_takes_a_closer_look():
    assert judge(job(), listing("done")) is None
    assert isinstance(judge(job(), listing("done", status=0)), Ended)


def test_the_kernel_knows_its_processes():
    assert judge(job(0), listing(absence=True)) is None


class Fake:
    """A scheduler whose fence and accounting say what they are told."""

    knows_ids = True

    def __init__(self, fence, over=None, taken=None, another=False):
        self.fence, self.over, self.taken, self.another = fence, over, taken, another
        self.revoked = False
        self.borne_by_another = False

    async def look(self, directory):
        if self.fence == "gone":
            return Gone(reason="gone")
        if self.fence == "revoked:1":
            return Revoked(reason="before")
        return Accepted(job_id=self.fence, found_by="fence") if self.fence else None

    async def is_over(self, job_id, directory):
        return self.over

    async def is_another(self, job_id, directory):
        return self.another

    async def is_given_again(self, job_id, directory, name):
        assert (job_id, directory, name) == ("7", "/d", "aiida-1")
        return self.borne_by_another

    async def revoke(self, directory, epoch):
        self.revoked = True
        return Accepted(job_id=self.taken, found_by="fence") if self.taken else Revoked(reason="ours")

    def same(self, one, other):
        return one == other


@pytest.mark.parametrize(
    "fence, over, taken, misses, expected",
    [
        ("7", True, None, 0, ("ended", "accounting")),  # accounting, and the fence is ours
        ("8", True, None, 0, ("renamed", "8")),  # accounting of a job that was turned away is not our end
        ("8", None, None, 0, ("renamed", "8")),
        ("7", False, None, 50, ("notyet", 0)),  # accounting says that it goes on
        ("7", None, None, 3, ("notyet", 4)),  # nothing is known: wait
        ("7", None, None, 60, ("ended", "vanished")),
        ("", None, None, 60, ("revoked", None)),  # it never began: a new attempt is safe
        ("", None, "9", 60, ("renamed", "9")),  # another one began while we looked
        ("", True, None, 0, ("ended", "accounting")),  # cancelled before it began: not run again
        ("", None, None, 3, ("notyet", 4)),
        ("revoked:1", None, None, 0, ("revoked", None)),
        ("gone", None, None, 60, ("gone", None)),
        ("gone", True, None, 0, ("ended", "accounting")),
    ],
)
async def test_closer_look(fence, over, taken, misses, expected):
    fake = Fake(fence, over, taken)
    verdict = await _look_ended(fake, job(misses), listing(), 30)
    kind, detail = expected
    assert type(verdict).__name__.lower() == kind
    if kind == "ended":
        assert verdict.evidence == detail
    elif kind == "renamed":
        assert verdict.job_id == detail
    elif kind == "notyet":
        assert verdict.misses == detail
    assert fake.revoked is (fence == "" and (over is True or misses >= 29))


@pytest.mark.parametrize(
    "fence, taken, misses, expected",
    [("", None, 2, Revoked), ("", "9", 2, Renamed), ("", None, 1, NotYet), ("7", None, 2, NotYet)],
)
async def test_an_id_that_was_given_again_ends_the_wait(fence, taken, misses, expected):
    """A controller that was killed forgot the job and gave its id to another: nothing of ours will come."""
    assert isinstance(await _look_ended(Fake(fence, None, taken, True), job(misses), listing(), 30), expected)


@pytest.mark.parametrize("taken, expected", [(None, Revoked), ("9", Renamed)])
async def test_the_end_of_another_job_with_our_id_is_not_ours(taken, expected):
    """The queue shows our id as done, accounting knows nothing yet: the job of that id is of another directory and name."""
    fake = Fake("", None, taken)
    fake.borne_by_another = True
    assert isinstance(await _look_ended(fake, job(0), listing("done"), 30), expected)
    fake.borne_by_another = False
    if not taken:
        assert await _look_ended(fake, job(0), listing("done"), 30) == Ended(evidence="accounting", info={"job_id": "7", "job_state": "done"})


async def test_a_process_that_is_gone_has_ended_at_once():
    verdict = await _look_ended(Fake("7"), job(0), listing(absence=True), 30)
    assert verdict == Ended(evidence="vanished", info={})
