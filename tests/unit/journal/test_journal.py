"""The tables and the fold: pure, so every row is walked."""

from __future__ import annotations

import msgspec
import pytest

from aiida.journal import diagram, machine, phases, retry
from aiida.journal import events as ev
from aiida.journal.fold import ProcessState, advance, fold

EXAMPLES: dict[type[ev.Event], ev.Event] = {
    ev.Created: ev.Created(uuid="u", nature="chain"),
    ev.ChildLaunched: ev.ChildLaunched(child=7, uuid="c"),
    ev.Uploaded: ev.Uploaded(directory="/d"),
    ev.SubmitIntended: ev.SubmitIntended(attempt=1, directory="/d"),
    ev.Submitted: ev.Submitted(job_id="12"),
    ev.OutputAttached: ev.OutputAttached(label="x", uuid="n"),
    ev.EffectFailed: ev.EffectFailed(effect="upload", reason="no route"),
    ev.MonitorActed: ev.MonitorActed(monitor="m", action="kill"),
    ev.Excepted: ev.Excepted(exception="ValueError: x"),
}


def example(kind: type[ev.Event]) -> ev.Event:
    return EXAMPLES.get(kind) or kind()


@pytest.mark.parametrize("kind", ev.KINDS.values(), ids=list(ev.KINDS))
def test_every_event_reads_as_it_was_written(kind: type[ev.Event]) -> None:
    event = example(kind)
    assert ev.decode(*ev.encode(event)) == event


def test_an_event_of_a_newer_release_is_refused() -> None:
    with pytest.raises(ev.UnknownEvent, match="newer release"):
        ev.decode("Teleported", 1, "{}")
    with pytest.raises(ev.UnknownEvent, match="version 99"):
        ev.decode("Started", 99, "{}")


def test_an_old_version_is_upgraded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Newer(ev.Event):
        version = 2
        name: str

    monkeypatch.setitem(ev.KINDS, "Newer", Newer)
    monkeypatch.setitem(ev._decoders, "Newer", msgspec.json.Decoder(Newer))
    monkeypatch.setitem(ev.UPGRADES, ("Newer", 1), lambda old: {"name": old["title"]})
    assert ev.decode("Newer", 1, '{"title": "x"}') == Newer(name="x")


@pytest.mark.parametrize("state", ("", *machine.ALIVE, *machine.ENDED))
@pytest.mark.parametrize("kind", ev.KINDS.values(), ids=list(ev.KINDS))
def test_every_cell_of_the_table(state: str, kind: type[ev.Event]) -> None:
    target = machine.TABLE.get((state, kind))
    before = ProcessState(state=state)
    if target is None:
        with pytest.raises(machine.IllegalTransition, match=kind.__name__):
            advance(before, example(kind))
        assert before.state == state and before.seq == 0
    else:
        advance(before, example(kind))
        assert before.state == target and before.seq == 1


def test_nothing_follows_an_end() -> None:
    assert not [cell for cell in machine.TABLE if cell[0] in machine.ENDED]
    for kind in ev.TERMINAL:
        assert {target for (_, k), target in machine.TABLE.items() if k is kind} <= set(machine.ENDED)


def test_every_phase_leads_to_the_end() -> None:
    conditions = [
        frozenset(),
        frozenset({"stash"}),
        frozenset({"unstash"}),
        frozenset({"skip_submit"}),
        frozenset({"unstash", "skip_submit"}),
    ]
    for facts in conditions:
        phase, seen = phases.PREPARING, []
        while phase != phases.DONE:
            assert phase not in seen
            seen.append(phase)
            phase = phases.next_phase(phase, facts)
        assert (phases.SUBMITTING in seen) == ("skip_submit" not in facts)
        assert (phases.UNSTASHING in seen) == ("unstash" in facts)
    assert set(phases.COMPLETES.values()) == set(phases.TABLE)
    assert {phase.gave_up for phase in phases.TABLE.values()} <= {"paused", "excepted"}


def job(*more: ev.Event) -> ProcessState:
    return fold([ev.Created(uuid="u", nature="job"), ev.Started(), ev.PlanMade(), ev.Waiting(), *more])


def test_a_job_from_plan_to_parser() -> None:
    up = [ev.Uploaded(directory="/d"), ev.SubmitIntended(attempt=1, directory="/d")]
    assert job().phase == phases.UPLOADING
    assert job(*up).phase == phases.SUBMITTING and job(*up).has_job
    state = job(*up, ev.Submitted(job_id="9"))
    assert (state.phase, state.job_id, state.has_job) == (phases.WITHSCHEDULER, "9", True)
    state = job(*up, ev.Submitted(job_id="9"), ev.JobEnded())
    assert state.phase == phases.STASHING and not state.has_job
    state = job(
        *up,
        ev.Submitted(job_id="9"),
        ev.JobEnded(),
        ev.Stashed(),
        ev.Retrieved(),
        ev.Resumed(),
        ev.Parsed(),
        ev.Finished(),
    )
    assert state.is_ended and state.exit_status == 0


def test_a_revoked_attempt_begins_anew_in_another_directory() -> None:
    up = [ev.Uploaded(directory="/d"), ev.SubmitIntended(attempt=1, directory="/d")]
    state = job(
        *up,
        ev.EffectFailed(effect="recover", reason="?"),
        ev.EffectFailed(effect="submit", reason="revoked", revoked=True),
    )
    assert (state.phase, state.directory, state.intended, state.attempt, state.looks) == (
        phases.UPLOADING,
        "",
        False,
        1,
        1,
    )


def test_a_success_forgives_failures() -> None:
    failed = ev.EffectFailed(effect="upload", reason="no route", delay=20)
    assert job(failed, failed).failures == 2
    assert job(failed, failed, ev.Uploaded(directory="/d")).failures == 0
    assert job(failed, ev.Paused(), ev.Played()).failures == 0


def test_a_step_that_lost_something_is_not_durable() -> None:
    begun = [ev.Created(uuid="u", nature="chain"), ev.Started()]
    child = ev.ChildLaunched(child=3, uuid="c")
    good, lossy = (
        ev.StepDone(pointer=[1], context={"a": 1}),
        ev.StepDone(pointer=[2], context={"a": 1}, lost={"b": "a lock"}),
    )
    state = fold([*begun, child, good, child, lossy, child])
    assert state.pointer == [2] and len(state.launched) == 2
    state.rewind()
    assert state.pointer == [1] and state.context == {"a": 1}
    assert fold([*begun, child, good]).launched == []


def test_flags_stand_beside_the_state() -> None:
    state = fold([ev.Created(uuid="u", nature="chain"), ev.Started(), ev.Waiting(targets=[5]), ev.Paused(reason="why")])
    assert (state.state, state.paused, state.pause_reason, state.targets) == (machine.WAITING, True, "why", [5])
    advance(state, ev.KillAsked(reason="enough"))
    assert state.state == machine.WAITING and state.kill_asked and not state.paused


def test_delays_double_up_to_a_ceiling() -> None:
    policy = retry.Policy(attempts=5, initial=20, ceiling=600)
    assert [retry.delay_after(n, policy) for n in range(1, 8)] == [20, 40, 80, 160, 320, 600, 600]
    assert retry.delay_after(1, policy, 1.0) == 25
    assert [retry.is_last(n, policy) for n in (4, 5)] == [False, True]
    assert not retry.is_last(10_000, retry.FOREVER)
    assert retry.delay_after(10_000, retry.FOREVER) == 900


def test_the_drawings_are_made_from_the_tables() -> None:
    states, jobs = diagram.render_states(), diagram.render_phases()
    for (state, kind), target in machine.TABLE.items():
        assert state == target or f"{state} --> {target}: {kind.__name__}" in states
    assert all(phase in jobs for phase in phases.TABLE)
