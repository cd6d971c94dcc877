"""Effects of calculation jobs: what `engine.processes.calcjobs.effects` does on the other machine becomes events here.

The order that makes a payload run once (PROTOCOL 10): intent before effect, result after; one commit *Uploaded* with
*SubmitIntended*; whoever comes later asks the same directory again (`recover`), and a bounded wait ends in a decision by
revocation. An effect that is under way leaves the thread of user code free: the result comes back as news.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast

import msgspec

from aiida.common.exceptions import Fenced
from aiida.common.exit_code import ExitCode
from aiida.common.links import LinkType
from aiida.engine.processes.calcjobs import effects as remote
from aiida.engine.processes.calcjobs import facts, poller
from aiida.engine.processes.outcome import Finish, PendingOutput
from aiida.engine.runtime import endings, perform, threads, write
from aiida.engine.runtime.live import Live
from aiida.journal import effects as do
from aiida.journal import events as ev
from aiida.journal import machine, retry
from aiida.schedulers.datastructures import JobState
from aiida.storage import joblist, journal
from aiida.storage.transaction import Transaction
from aiida.transports.errors import Failure, classify

if TYPE_CHECKING:
    from aiida.engine.runtime.core import Core

RECOVERY_DELAYS = (5.0, 15.0, 40.0, 60.0, 120.0, 60.0)
"""Between looks for the fate of a submit command: five minutes, the last looks at three minutes and one before the end (10.4)."""
SUBMIT_UNKNOWN = "recover"
STATUS = {
    "upload": "upload",
    "submit": "submit",
    "stash": "stash",
    "unstash": "unstash",
    "retrieve": "retrieve",
    "cancel": "kill",
}


# --- away and back ---------------------------------------------------------------------------------------------------


def away(core: Core, live: Live, effect: str, coroutine: Coroutine[Any, Any, Any], then: Callable[[Any], bool]) -> bool:
    """Start an effect on the loop; its end comes back as news to a thread of user code."""
    if is_cut_off(core, live):
        coroutine.close()
        return False
    live.away = effect

    def told(future: Future[Any]) -> None:
        core.tell(lambda: core.drive(live, lambda: back(core, live, effect, future, then)))

    threads.start(coroutine).add_done_callback(told)
    return False


def back(core: Core, live: Live, effect: str, future: Future[Any], then: Callable[[Any], bool]) -> bool:
    """What the effect came to: an event, or a failure."""
    live.away = ""
    if not live.owned:
        raise Fenced(f"process {live.pk} was ended or taken over while `{effect}` was under way")
    error = future.exception()
    if error is None:
        heal(core, live)
        return then(future.result())
    if not isinstance(error, Exception):
        raise error
    fail(core, live, effect, classify(error))
    return False


def login_of(core: Core, tx: Transaction, process: Any) -> int:
    """The row of the login that this process uses."""
    key = (process.node._row.dbcomputer_id, process.node._row.user_id)
    login = core.logins.get(key)
    if login is None:
        login = core.logins[key] = joblist.login_for(tx, *key)
    return login


def fail(core: Core, live: Live, effect: str, failure: Failure) -> None:
    """A computer that is away opens the breaker and pauses nobody; what may heal is tried again; the rest is paused."""
    if not failure.temporary:
        perform.fail(core, live, effect, failure.reason, permanent=True)
        return
    if failure.unreachable and live.process is not None:
        wait_for_computer(core, live, effect, failure.reason)
        return
    policy = core.env.policy(effect)
    failures = live.state.failures + 1
    if retry.is_last(failures, policy):
        perform.fail(core, live, effect, failure.reason)
        return
    delay = retry.delay_after(failures, policy, core.env.dice())
    event = ev.EffectFailed(effect=effect, reason=failure.reason[:2000], delay=delay)
    text = f"{effect} failed, will be tried again in {delay:.0f} s: {failure.reason}"[:500]
    write.append(
        core.env, live, [event], then=journal.LATER, delay=delay, tail=lambda tx: core.project(live, {"process_status": text})
    )
    core.release(live)


# --- computers that do not answer --------------------------------------------------------------------------------------


def wait_for_computer(core: Core, live: Live, effect: str, reason: str, *, revoked: bool = False) -> None:
    """The login's breaker opens (or is open) for all its jobs: this one rests until the first success of any of them.

    `revoked`: it was the scheduler that did not answer; the job begins a new attempt then, in a new directory.
    """

    def body(tx: Transaction) -> list[ev.Event]:
        login = login_of(core, tx, live.process)
        delay = joblist.open_breaker(tx, login, breaker_delay(core), reason, probed=live.job == "probe")
        core.poller.breakers[login] = core.env.clock.monotonic() + delay
        put_waiting(core, tx, live, login, reason, revoked=revoked)
        return [ev.EffectFailed(effect=effect, reason=reason[:2000], delay=delay, away=True, revoked=revoked)]

    write.append(core.env, live, [], body, count=1, then=journal.REST)
    core.release(live)


def put_waiting(core: Core, tx: Transaction, live: Live, login: int, reason: str, *, revoked: bool = False) -> None:
    """On record: this job waits for its computer."""
    state = "intended" if live.state.intended and not revoked else "waits"
    directory = "" if revoked else live.state.directory
    joblist.put_job(tx, live.pk, login, live.state.attempt, directory, live.state.job_id, state)
    core.project(live, {"process_status": f"Waiting for the computer, which cannot be reached: {reason}"[:500]})


def breaker_delay(core: Core) -> Callable[[int], float]:
    """Seconds to the next try, by the number of failures of the login: the one place where that is decided."""
    return lambda failures: retry.delay_after(failures, retry.FOREVER, core.env.dice())


def is_cut_off(core: Core, live: Live) -> bool:
    """Whether this job rests now without a try, because its computer is known not to answer."""
    node: Any = live.process.node if live.process is not None else None
    if not core.poller.breakers or node is None or is_probe(live):
        return False
    login = core.logins.get((node._row.dbcomputer_id, node._row.user_id))
    if login is None or core.poller.breakers.get(login, 0.0) <= core.env.clock.monotonic():
        return False

    def tail(tx: Transaction) -> None:
        breaker = joblist.find_breaker(tx.connection, login, lock=True)
        if breaker.is_open:
            put_waiting(core, tx, live, login, breaker.reason)
        else:
            core.poller.breakers.pop(login, None)
            journal.release(tx, live.pk, ready=True)

    write.append(core.env, live, [], then=journal.REST, tail=tail)
    core.release(live)
    return True


def is_probe(live: Live) -> bool:
    """Whether it waited for its computer and was told to try."""
    return (live.job or "") in ("waits", "intended", "probe")


def heal(core: Core, live: Live) -> None:
    """The first success after failures closes the breaker and readies what waited for it."""
    process: Any = live.process
    login = None if process is None else core.logins.get((process.node._row.dbcomputer_id, process.node._row.user_id))
    if not is_probe(live) and (login is None or login not in core.poller.breakers):
        return

    def work(tx: Transaction) -> None:
        known = login_of(core, tx, process)
        core.poller.breakers.pop(known, None)
        joblist.close_breaker(tx, known)

    live.job = "look"
    write.transact(core.env, work)
    core.ring()


def waiting_for(effect: str) -> dict[str, Any]:
    """What the node shows while an effect is under way."""
    return {"process_state": machine.WAITING, "process_status": f"Waiting for transport task: {effect}"}


# --- the phases ------------------------------------------------------------------------------------------------------


def prepare(core: Core, live: Live, effect: do.Prepare) -> bool:
    """User code: files and script."""
    process = perform.instance(core, live)
    if process is None:
        return False
    share_computer(process)
    core.note_started(live)
    live.begun = core.env.clock.monotonic()
    process.node._row.attributes["process_state"] = machine.RUNNING
    try:
        with core.user_code(process):
            process.on_run()
            shortcut = core.shortcut(process)
            if shortcut is not None:  # a dry run, or results that exist already
                live.begun = 0.0
                endings.end(core, live, ev.Finished(status=shortcut.exit_code.status))
                return False
            live.prepared = remote.prepare(process)
        live.begun = 0.0
    except (Exception, *perform.ABNORMAL) as error:
        live.begun = 0.0
        perform.check_held(live)
        endings.except_(core, live, error)
        return False
    perform.check_held(live)
    prepared = live.prepared
    event = ev.PlanMade(
        skip_submit=bool(getattr(prepared.plan, "skip_submit", False)),
        stash=remote.needs_stash(process),
        unstash=remote.needs_unstash(process),
    )
    columns = {} if prepared.repository_metadata is None else {"repository_metadata": prepared.repository_metadata}
    logs = process._take_logs()

    def body(tx: Transaction) -> None:
        endings.attach(live, None, logs, core)
        core.project(live, {**prepared.attributes, "state": "uploading", **waiting_for("upload")}, **columns)

    write.append(core.env, live, [event, ev.Waiting()], body)
    return True


def share_computer(process: Any) -> None:
    """The code lies on the job's computer, so that is loaded once."""
    code, node = process.inputs.get("code"), process.node
    if code is not None and code._row.dbcomputer_id is not None and code._row.dbcomputer_id == node._row.dbcomputer_id:
        code.__dict__.setdefault("_computer", node.computer)


def upload(core: Core, live: Live, effect: do.Upload) -> bool:
    """Into a fresh directory; repeated by whoever comes after a crash, from a plan made anew."""
    process = perform.instance(core, live)
    if process is None:
        return False
    if live.prepared is None:
        try:
            with core.user_code(process):
                live.prepared = remote.prepare(process)
        except (Exception, *perform.ABNORMAL) as error:
            endings.except_(core, live, error)
            return False
    return away(
        core,
        live,
        "upload",
        remote.upload(process, core.pool, live.prepared),
        lambda done: uploaded(core, live, effect, done),
    )


def uploaded(core: Core, live: Live, effect: do.Upload, done: facts.Uploaded) -> bool:
    """One commit: *Uploaded*, and the intent to submit."""
    process = live.process
    assert process is not None
    live.prepared = None
    kept = {"script": done.script}
    events: list[ev.Event] = [ev.Uploaded(directory=done.directory, facts=kept)]
    submits = not done.skip_submit and not {"skip_submit", "unstash"} & live.state.facts
    if submits:
        events.append(ev.SubmitIntended(attempt=effect.attempt, directory=done.directory))
    outputs, before = [], _remote_folder(process) if live.state.attempt else None
    if done.remote_folder is not None and before is None:
        outputs = [PendingOutput(done.remote_folder, LinkType.CREATE, "remote_folder")]

    attached = endings.ready(outputs)

    def body(tx: Transaction) -> None:
        endings.attach(live, attached, (), core)
        core.project(
            live, {**done.attributes, "state": "submitting", **waiting_for("submit" if submits else "retrieve")}
        )
        if before is not None:  # a new attempt in a new directory: the output says where the payload runs
            before._project({"remote_path": done.directory})

    write.append(core.env, live, events, body)
    live.fresh = submits
    return True


def _remote_folder(process: Any) -> Any:
    found = process.node.base.links.get_outgoing(link_type=LinkType.CREATE, link_label_filter="remote_folder").all()
    return found[0].node if found else None


def submit(core: Core, live: Live, effect: do.Submit) -> bool:
    """Ask the scheduler, or find out what became of an earlier question."""
    process = perform.instance(core, live)
    if process is None:
        return False
    if not live.state.intended:  # after unstashing: the intent has a commit of its own
        return intend(core, live)
    script = (live.state.upload or {}).get("script", "")
    me = f"{core.worker}-{live.lease.epoch}-{live.lease.seq}"
    if live.fresh:
        live.fresh = False
        return away(
            core,
            live,
            "submit",
            remote.submit(process, core.pool, effect.directory, script, me),
            lambda a: answered(core, live, a),
        )
    revoke = live.state.looks >= len(RECOVERY_DELAYS)
    question = remote.recover(process, core.pool, effect.directory, script, me, revoke=revoke, epoch=live.lease.epoch)
    return away(core, live, "submit", question, lambda a: answered(core, live, a))


def intend(core: Core, live: Live) -> bool:
    """*SubmitIntended* alone."""
    attempt = live.state.attempt + 1
    event = ev.SubmitIntended(attempt=attempt, directory=live.state.directory)
    write.append(core.env, live, [event])
    live.fresh = True
    return True


def answered(core: Core, live: Live, answer: facts.Answer | facts.Recovery) -> bool:
    """An id, a definite no, or the way to a decision."""
    process = live.process
    assert process is not None
    if isinstance(answer, facts.Accepted):
        event = ev.Submitted(job_id=str(answer.job_id), late=answer.found_by != "guard")
        follow_job(core, live, [event], str(answer.job_id))
        return False
    if isinstance(answer, facts.Refused) and answer.away:
        wait_for_computer(core, live, "submit", answer.reason, revoked=True)
        return False
    if isinstance(answer, facts.Refused):
        if answer.exit_code is not None:
            process.node.logger.warning("[%d] the scheduler refused the job: %s", live.pk, answer.reason)
            end_early(core, live, answer.exit_code)
        elif answer.permanent:
            # No job of that directory exists: who plays it after a repair gets a new attempt, not the old answer again.
            perform.pause(core, live, f"the scheduler refused the job: {answer.reason}", "submit", answer.reason, revoked=True)
        else:
            perform.fail(core, live, "submit", answer.reason, refused=live.state.attempt)
        return False
    if isinstance(answer, facts.Revoked):
        again(core, live, answer.reason)
        return True
    if isinstance(answer, facts.Gone):
        perform.pause(
            core, live, f"whether a job exists cannot be known any more: {answer.reason}", "submit", answer.reason
        )
        return False
    delay = RECOVERY_DELAYS[min(live.state.looks, len(RECOVERY_DELAYS) - 1)]
    event_ = ev.EffectFailed(effect=SUBMIT_UNKNOWN, reason=answer.reason[:2000], delay=delay)
    text = f"The scheduler's answer is not known yet, looking again in {delay:.0f} s: {answer.reason}"[:500]
    write.append(
        core.env,
        live,
        [event_],
        then=journal.LATER,
        delay=delay,
        tail=lambda tx: core.project(live, {"process_status": text}),
    )
    core.release(live)
    return False


def again(core: Core, live: Live, reason: str) -> None:
    """The fence is ours: a new attempt, in a new directory, cannot double the payload."""
    event = ev.EffectFailed(effect="submit", reason=reason[:2000], revoked=True)
    directory, process = live.state.directory, cast("Any", live.process)

    def tail(tx: Transaction) -> None:
        journal.end_job(tx, live.pk)
        core.project(live, {"state": "uploading", **waiting_for("upload")})

    write.append(core.env, live, [event], tail=tail)
    if process is not None and directory:
        threads.start(_quietly(remote.cancel_by_tag(process, core.pool, directory)))


async def _quietly(coroutine: Coroutine[Any, Any, Any]) -> None:
    """A courtesy: what it does not reach is turned away by the fence."""
    try:
        await coroutine
    except Exception:
        return


def follow_job(core: Core, live: Live, events: list[ev.Event], job_id: str) -> None:
    """The job is with the scheduler: let go of the process until the poller sees its end."""
    process = live.process
    assert process is not None
    then, values = following(process)
    login_id: list[int] = []

    def body(tx: Transaction) -> None:
        status = "Monitoring scheduler: job state UNDETERMINED"
        core.project(
            live,
            {"job_id": job_id, "state": "withscheduler", "process_state": machine.WAITING, "process_status": status},
        )
        login = login_of(core, tx, process)
        login_id[:] = [login]
        joblist.put_job(tx, live.pk, login, live.state.attempt, live.state.directory, job_id, "queued")

    write.append(core.env, live, events, body, then=then, **values)
    core.release(live)
    core.poller.follow(login_id[0], live.pk, live.state.directory, process.node.computer)


def following(process: Any) -> tuple[str, dict[str, Any]]:
    """How a process rests whose job is with the scheduler: until it is woken, or until its monitors are due."""
    return (journal.LATER, {"delay": monitor_interval(process)}) if has_monitors(process) else (journal.REST, {})


def has_monitors(process: Any) -> bool:
    """Whether monitors are to look at the running job."""
    return bool(process.inputs.get("monitors", None))


def monitor_interval(process: Any) -> float:
    """Seconds between looks of monitors."""
    computer = process.node.computer
    return max(1.0, float(computer.get_minimum_job_poll_interval() if computer is not None else 10))


def follow(core: Core, live: Live, effect: do.Follow) -> bool:
    """Claimed while the job is with the scheduler: the poller found its end, or wants a closer look; or a monitor is due."""
    process = perform.instance(core, live)
    if process is None:
        return False
    kind, _, detail = (live.job or "look").partition(":")
    if kind == "ended":
        return job_ended(core, live, msgspec.json.decode(detail, type=facts.Ended))
    if kind not in ("queued", "waits"):
        return away(core, live, "look", look_closer(core, live), lambda verdict: judged(core, live, verdict))
    if live.state.monitor:
        return stop_by_monitor(core, live, process)
    if has_monitors(process):
        return away(
            core,
            live,
            "monitor",
            remote.run_monitors(process, core.pool, live.state.disabled),
            lambda acted: monitored(core, live, acted),
        )
    write.append(core.env, live, [], tail=lambda tx: journal.rest_with_job(tx, live.pk))
    core.release(live)
    return False


async def look_closer(core: Core, live: Live) -> facts.Verdict:
    """One listing for this job alone, then accounting and the fence as far as needed."""
    process: Any = live.process
    with core.env.store.reading() as connection:
        job = joblist.find_job(connection, live.pk)
    misses = 0 if job is None else job.misses
    asked = facts.JobInFlight(process=live.pk, directory=live.state.directory, job_id=live.state.job_id, misses=misses)
    listing = await remote.list_jobs(process.node.get_authinfo(), core.pool, [asked])
    verdict = poller.judge(asked, listing)
    return verdict if verdict is not None else await remote.look_ended(process, core.pool, asked, listing)


def judged(core: Core, live: Live, verdict: facts.Verdict) -> bool:
    """What a closer look found."""
    if isinstance(verdict, facts.Ended):
        return job_ended(core, live, verdict)
    if isinstance(verdict, facts.Renamed):
        follow_job(core, live, [ev.Submitted(job_id=str(verdict.job_id), late=True)], str(verdict.job_id))
        return False
    if isinstance(verdict, facts.Revoked):
        again(core, live, verdict.reason)
        return True
    if isinstance(verdict, facts.Gone):
        perform.pause(core, live, f"the evidence of the job is gone: {verdict.reason}", "follow", verdict.reason)
        return False
    process = live.process
    misses = verdict.misses if isinstance(verdict, facts.NotYet) else 0

    def tail(tx: Transaction) -> None:
        login = login_of(core, tx, process)
        joblist.put_job(tx, live.pk, login, live.state.attempt, live.state.directory, live.state.job_id, "queued")
        joblist.note_miss(tx, live.pk, live.state.job_id, misses)

    then, values = following(process)
    write.append(core.env, live, [], then=then, tail=tail, **values)
    core.release(live)
    return False


def monitored(core: Core, live: Live, acted: facts.MonitorActed | None) -> bool:
    """A monitor may end the job, or nothing has happened and it looks again later."""
    process: Any = live.process
    made = {} if acted is None else acted.outputs
    attached = endings.ready([PendingOutput(node, LinkType.CREATE, label) for label, node in made.items()])
    if acted is None or acted.action != "kill":
        events: list[ev.Event] = []
        if acted is not None:
            events = [ev.MonitorActed(monitor=acted.monitor, action=acted.action, message=acted.message)]
        write.append(
            core.env, live, events, lambda tx: endings.attach(live, attached, (), core),
            then=journal.LATER, delay=monitor_interval(process),
        )  # fmt: skip
        core.release(live)
        return False
    event = ev.MonitorActed(
        monitor=acted.monitor, action=acted.action, message=acted.message,
        facts={"retrieve": acted.retrieve, "parse": acted.parse, "override_exit_code": acted.override_exit_code},
    )  # fmt: skip
    write.append(core.env, live, [event], lambda tx: endings.attach(live, attached, (), core))
    return stop_by_monitor(core, live, process)


def stop_by_monitor(core: Core, live: Live, process: Any) -> bool:
    """Cancel the job; asked again by whoever comes after a crash."""
    cancelling = remote.cancel(process, core.pool, live.state.job_id)
    ended = facts.Ended(evidence="monitor")
    return away(core, live, "cancel", cancelling, lambda _: job_ended(core, live, ended))


def job_ended(core: Core, live: Live, ended: facts.Ended) -> bool:
    """Positive evidence. It is on record in the job's row, so the event goes with the next commit where nothing lies between."""
    event = ev.JobEnded(evidence=ended.evidence, facts=msgspec.to_builtins(ended))
    if not live.state.monitor.get("retrieve", True):
        live.pending.append(event)
        end_early(core, live, monitor_code(live, live.process) or ExitCode(0))
        return False
    if "stash" not in live.state.facts:
        live.pending.append(event)
        return retrieve(core, live, do.Retrieve())
    patch = {"state": "stashing", **waiting_for("stash")}
    write.append(core.env, live, [event], tail=lambda tx: core.project(live, patch))
    return True


def stash(core: Core, live: Live, effect: do.Stash) -> bool:
    """Keep files there, if asked."""
    process = perform.instance(core, live)
    if process is None:
        return False
    if "stash" not in live.state.facts:
        live.pending.append(ev.Stashed())
        return retrieve(core, live, do.Retrieve())
    question = remote.stash(process, core.pool, live.state.directory)
    return away(core, live, "stash", question, lambda done: stashed(core, live, done))


def stashed(core: Core, live: Live, done: facts.Stashed) -> bool:
    """The stash is an output; that it failed ends the job with its exit code only after retrieving."""
    outputs = [] if done.remote_stash is None else [PendingOutput(done.remote_stash, LinkType.CREATE, "remote_stash")]
    process = live.process
    assert process is not None
    if done.reason:
        declared = process.exit_codes.get("ERROR_STASHING_FAILED") if hasattr(process.exit_codes, "get") else None
        code = None if declared is None else declared.format(message=done.reason)
        process.node.logger.warning("[%d] stashing failed: %s", live.pk, done.reason)
        end_early(core, live, code or ExitCode(160, f"stashing failed: {done.reason}"))
        return False

    attached = endings.ready(outputs)

    def body(tx: Transaction) -> None:
        endings.attach(live, attached, (), core)
        core.project(live, {"state": "retrieving", **waiting_for("retrieve")})

    uuid = "" if done.remote_stash is None else done.remote_stash.uuid
    write.append(core.env, live, [ev.Stashed(uuid=uuid)], body)
    return True


def unstash(core: Core, live: Live, effect: do.Unstash) -> bool:
    """Bring files back."""
    process = perform.instance(core, live)
    if process is None:
        return False
    question = remote.unstash(process, core.pool, live.state.directory)

    def done(_: Any) -> bool:
        write.append(core.env, live, [ev.Unstashed()], tail=lambda tx: core.project(live, waiting_for("submit")))
        return True

    return away(core, live, "unstash", question, done)


def retrieve(core: Core, live: Live, effect: do.Retrieve) -> bool:
    """Fetch the files, and ask accounting about the job."""
    process = perform.instance(core, live)
    if process is None:
        return False
    if live.scratch is None:
        live.scratch = tempfile.mkdtemp(prefix="aiida-retrieved-")

    async def both() -> tuple[Any, facts.Retrieved]:
        info = None
        if live.state.job_id:
            info = await remote.detailed_job_info(process, core.pool, live.state.job_id)
        return info, await remote.retrieve(process, core.pool, live.state.directory, live.scratch)

    return away(core, live, "retrieve", both(), lambda done: retrieved(core, live, *done))


def retrieved(core: Core, live: Live, info: Any, done: facts.Retrieved) -> bool:
    """The folder is an output, in the commit that says so."""
    outputs = [] if done.folder is None else [PendingOutput(done.folder, LinkType.CREATE, "retrieved")]
    patch = {**done.attributes, "state": "parsing"}
    if live.state.job_id:
        patch["scheduler_state"] = JobState.DONE.value
    if info is not None:
        patch["detailed_job_info"] = info

    attached = endings.ready(outputs)

    def body(tx: Transaction) -> None:
        endings.attach(live, attached, (), core)
        core.project(live, patch)

    uuid = "" if done.folder is None else done.folder.uuid
    write.append(core.env, live, [ev.Retrieved(uuid=uuid, temporary=done.temporary or "")], body)
    return True


def parse(core: Core, live: Live, effect: do.Parse) -> bool:
    """User code: scheduler output and results become an exit code and outputs; then the end."""
    process = perform.instance(core, live)
    if process is None:
        return False
    if live.state.temporary and not os.path.isdir(live.state.temporary):
        return fetch_again(core, live, process)
    if live.state.state == machine.WAITING:
        live.pending.append(perform.RESUMED)
    live.begun = core.env.clock.monotonic()
    process.node._row.attributes["process_state"] = machine.RUNNING
    try:
        with core.user_code(process):
            stopped = monitor_code(live, process)
            if not live.state.monitor.get("parse", True):
                code = stopped or ExitCode(0)
            else:
                code = remote.parse(process, live.state.temporary or None, stopped, live.state.ended) or ExitCode(0)
        live.begun = 0.0
    except (Exception, *perform.ABNORMAL) as error:
        live.begun = 0.0
        perform.check_held(live)
        endings.except_(core, live, error)
        return False
    perform.check_held(live)
    before = [ev.Parsed(status=code.status, message=code.message)]
    endings.finish(core, live, Finish(code).exit_code, before)
    return False


def monitor_code(live: Live, process: Any) -> ExitCode | None:
    """The exit code of a job that a monitor stopped."""
    if live.state.monitor and live.state.monitor.get("override_exit_code", True):
        code = process.exit_codes.STOPPED_BY_MONITOR if "STOPPED_BY_MONITOR" in process.exit_codes else None
        return code.format(message=live.state.monitor.get("message", "")) if code is not None else None
    return None


def fetch_again(core: Core, live: Live, process: Any) -> bool:
    """The temporary files went with another worker: fetch them anew for the parser; the node of the others is stored."""
    live.scratch = live.scratch or tempfile.mkdtemp(prefix="aiida-retrieved-")
    question = remote.retrieve(process, core.pool, live.state.directory, live.scratch)

    def done(got: facts.Retrieved) -> bool:
        live.state.temporary = got.temporary or ""
        return True

    return away(core, live, "retrieve", question, done)


def end_early(core: Core, live: Live, code: ExitCode) -> None:
    """The job ends with this exit code and nothing more is done."""
    event = ev.Finished(status=code.status, message=code.message)
    before: list[ev.Event] = [perform.RESUMED] if live.state.state == machine.WAITING else []
    endings.end(core, live, event, before)


def cancel(core: Core, live: Live, effect: do.Cancel) -> bool:
    """A kill: revoke an unknown job, cancel a known one, then the end."""
    process = perform.instance(core, live)
    if process is None:
        return False

    async def stop() -> None:
        state = live.state
        job_id = state.job_id
        if not job_id:
            answer = await remote.revoke(process, core.pool, state.directory, live.lease.epoch)
            job_id = str(answer.job_id) if isinstance(answer, facts.Accepted) else ""
            if not job_id:
                await remote.cancel_by_tag(process, core.pool, state.directory)
                return
        await remote.cancel(process, core.pool, job_id)

    def done(_: Any) -> bool:
        endings.kill(core, live, live.state.kill_reason)
        return False

    return away(core, live, "cancel", stop(), done)
