"""Effects that run user code of functions, work chains and foreign processes. Each returns whether to decide again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from aiida import orm
from aiida.common.exceptions import Fenced, InvalidOperation, StorageBusy, UnreachableStorage
from aiida.engine.processes.outcome import Continue, Finish
from aiida.engine.runtime import endings, write
from aiida.engine.runtime.live import Live
from aiida.journal import effects as do
from aiida.journal import events as ev
from aiida.journal import machine, retry
from aiida.journal.fold import Launch
from aiida.storage import journal
from aiida.storage.transaction import Transaction

if TYPE_CHECKING:
    from aiida.engine.runtime.core import Core

STARTED = ev.Started()
RESUMED = ev.Resumed()
ABNORMAL = (
    SystemExit,
    asyncio.CancelledError,
)  # what user code may raise that is no `Exception`, and no wish to end the worker
DEATHS = 5  # a step that crashes the interpreter so often must not circle


def instance(core: Core, live: Live) -> Any:
    """The instance, or None: its class cannot be imported here, and the process rests for a while (or has ended)."""
    if live.process is not None:
        return live.process
    at_home = live.rides is not None or live.home == core.worker
    if not live.state.importable and not at_home:
        endings.except_(core, live, InvalidOperation("the interpreter that ran it ended"))
        return None
    try:
        return core.build(live)
    except (Fenced, StorageBusy, UnreachableStorage):
        raise
    except Exception as error:
        if not live.state.importable:
            endings.except_(core, live, error)
            return None
        fail(core, live, "import", f"its class cannot be imported or built: {type(error).__name__}: {error}")
        return None


def fail(core: Core, live: Live, effect: str, reason: str, *, permanent: bool = False, refused: int = 0) -> None:
    """T7: again after a while; or paused with the reason, when no attempt is left.

    `refused` counts definite refusals of the scheduler: no job of that directory exists, so the next attempt takes a new one.
    """
    policy = core.env.policy(effect)
    failures = refused or live.state.failures + 1
    if permanent or retry.is_last(failures, policy):
        times = f" failed {failures} times in a row" if not permanent else ""
        pause(core, live, f"{effect}{times}: {reason}", effect, reason, revoked=refused > 0)
        return
    delay = retry.delay_after(failures, policy, core.env.dice())
    event = ev.EffectFailed(effect=effect, reason=reason[:2000], delay=delay, revoked=refused > 0)
    status = f"{effect} failed, will be tried again: {reason}"[:500]
    live.pending.clear()
    write.append(
        core.env, live, [event], then=journal.LATER, delay=delay,
        tail=lambda tx: core.project(live, {"process_status": status}),
    )  # fmt: skip
    core.release(live)


def pause(core: Core, live: Live, status: str, effect: str = "", reason: str = "", *, revoked: bool = False) -> None:
    """The engine itself pauses a process: only a person can know what to do."""
    events: list[ev.Event] = [ev.Paused(reason=status[:2000])]
    if effect:
        events.insert(0, ev.EffectFailed(effect=effect, reason=reason[:2000], revoked=revoked))
    patch = {"paused": True, "process_status": status[:500]}
    write.append(core.env, live, events, then=journal.PAUSE, tail=lambda tx: core.project(live, patch))
    if live.process is not None:
        with core.user_code(live.process):
            live.process.on_paused(status)
    core.release(live)


def rest(core: Core, live: Live, effect: do.Rest) -> bool:
    """Nothing may be done: let go of it (claimed for its mail, or paused meanwhile). A rider that waits stays with its stack."""
    if live.owned and not live.state.is_ended and (live.rides is None or not live.awaiting):
        write.append(core.env, live, [], then=journal.RELEASE)
        core.release(live)
    return False


def resume(core: Core, live: Live, effect: do.Resume) -> bool:
    """The targets have ended: the context gets their nodes, and the next step begins in the same breath."""
    process = instance(core, live)
    if process is None:
        return False
    live.pending.append(RESUMED)
    live.awaiting = 0
    return step(core, live, process, resolve=True)


def run_step(core: Core, live: Live, effect: do.RunStep) -> bool:
    """User code, up to the next point at which it can be resumed."""
    process = instance(core, live)
    if process is None:
        return False
    return step(core, live, process, resolve=False)


def step(core: Core, live: Live, process: Any, *, resolve: bool) -> bool:
    """Run, and write what came of it."""
    core.note_started(live)
    live.begun = core.env.clock.monotonic()
    process.node._row.attributes["process_state"] = machine.RUNNING  # its projection follows with the event
    pointer = live.state.pointer

    def run() -> bool:
        with core.user_code(process):
            if resolve:
                process._resolve(None)
            if live.pending:
                process.on_run()
            outcome = process._run_step(list(pointer) if pointer is not None else None)
        live.begun = 0.0
        check_held(live)
        if isinstance(outcome, Finish):
            endings.finish(core, live, outcome.exit_code, [])
            return False
        return go_on(core, live, process, outcome)

    return guarded(core, live, run)


def guarded(core: Core, live: Live, part: Callable[[], bool]) -> bool:
    """A part of a step: what user code raises is the end of its process."""
    try:
        return part()
    except (Fenced, StorageBusy, UnreachableStorage):
        raise
    except (Exception, *ABNORMAL) as error:
        live.begun = 0.0
        if live.state.is_ended or not live.owned:
            raise
        endings.except_(core, live, error)
        return False


def check_held(live: Live) -> None:
    """Killed or taken while the step ran."""
    if not live.owned or live.state.is_ended:
        raise Fenced(f"process {live.pk} was ended or taken over while its step ran")


def go_on(core: Core, live: Live, process: Any, outcome: Continue) -> bool:
    """T5: the step is done; wait if what it awaits is alive."""
    process.on_exiting()
    snapshot = process._snapshot()
    outputs, logs = process._take_outputs(), process._take_logs()
    attached = endings.ready(outputs)
    # a step whose snapshot lost something is not durable: what a re-run may ask for again spans the steps after it, too
    unclaimed = live.memo.unclaimed if live.memo and not snapshot.lost else []
    targets = sorted({pk for awaitable in outcome.awaitables for pk in awaitable.processes})
    events: list[ev.Event] = [
        ev.StepDone(
            pointer=list(outcome.pointer), context=snapshot.data, lost=snapshot.lost,
            outputs=[output.label for output in outputs], unclaimed=[launch.uuid for launch in unclaimed],
        )
    ]  # fmt: skip
    if targets:
        events.append(ev.Waiting(targets=targets))
    sticky = snapshot.sticky or bool(snapshot.lost)
    if snapshot.lost:
        name_lost(process, snapshot.lost)
        logs = [*logs, *process._take_logs()]
    name_unclaimed(process, unclaimed)
    patch, remove = waiting_projection(targets)
    shows = bool(targets) or bool(live.pending)
    strangers = strangers_among(live, targets)
    check_foreign(core, live, strangers)
    place = live.position

    def body(tx: Transaction) -> None:
        endings.attach(live, attached, logs, core)
        if any(launch.rides for launch in unclaimed):
            endings.abandon_riders(core, tx, live)
        if shows:
            core.project(live, patch | place, remove)

    def tail(tx: Transaction) -> None:
        if targets:
            if strangers:
                refuse_rings(tx, live, strangers)
            home = core.worker if sticky and not core.env.store.in_memory else None
            live.awaiting = journal.wait(tx, live.lease, targets, home=home, rides=live.rides is not None)

    def after() -> bool:
        if not snapshot.lost:
            live.memo = None
        live.riders = 0
        if shows:
            live.shown = place.get("stepper_state_info", live.shown)
        if not targets or not live.awaiting:
            return True
        with core.user_code(process):
            process.on_wait(outcome.awaitables)
        if live.rides is not None:
            return False  # whoever called it waits for it on the same stack
        core.release(live)
        return False

    return core.commit(write.appending(live, events, body, tail=tail), after)


def name_lost(process: Any, lost: dict[str, str]) -> None:
    """A value that cannot be stored stops nothing; it is named, once per key."""
    told = process.__dict__.setdefault("_lost_keys_told", set())
    for key, reason in lost.items():
        if key not in told:
            told.add(key)
            process.logger.error(
                "[%s] the context value `%s` cannot be stored (%s): the process goes on in this worker, but could be recovered "
                "only from the step before it was set", process.node.pk, key, reason,
            )  # fmt: skip


def name_unclaimed(process: Any, unclaimed: Sequence[Launch]) -> None:
    """Neither awaited nor killed: whoever reads the report may want to know."""
    if unclaimed:
        process.logger.warning(
            "[%d] this step was run again and did not ask again for what it had launched: %s",
            process.node.pk, ", ".join(str(launch.child) for launch in unclaimed),
        )  # fmt: skip


def strangers_among(live: Live, targets: list[int]) -> list[int]:
    """Those that this step has not launched."""
    own = {launch.child for launch in live.state.launched}
    return [target for target in targets if target not in own]


def check_foreign(core: Core, live: Live, strangers: list[int]) -> None:
    """A process that is alive and has no journal is not run by this engine: nobody would tell when it ends."""
    if not strangers:
        return
    with core.env.store.reading() as connection:
        unknown = [target for target in strangers if not journal.has_journal(connection, target)]
    for target in unknown:
        node = orm.load_node(target)
        if not node.is_terminated:
            raise InvalidOperation(
                f"process {live.pk} cannot wait for process {target}, which is {node.process_state and node.process_state.value}: it was "
                "never submitted to this engine, so nobody would tell when it ends. Use the node that `submit` returns"
            )


def refuse_rings(tx: Transaction, live: Live, strangers: list[int]) -> None:
    """Awaiting what is not one's own child: it must not wait for us, over however many others."""
    ring = journal.find_ring(tx, live.pk, strangers)
    if ring is not None:
        raise InvalidOperation(
            f"process {live.pk} cannot wait for process {ring}, which waits for it or launched it: neither could ever end"
        )


def waiting_projection(targets: list[int]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the node of a process shows that waits, or goes on."""
    if not targets:
        return {"process_state": machine.RUNNING}, ("process_status",)
    text = f"Waiting for child processes: {', '.join(map(str, targets))}"
    return {"process_state": machine.WAITING, "process_status": text}, ()


def end_killed(core: Core, live: Live, effect: do.EndKilled) -> bool:
    """The end that was asked for."""
    if live.process is None and live.state.importable:
        try:
            core.build(live)
        except Exception:
            live.process = None  # it can be killed without its class
    endings.kill(core, live, effect.reason)
    return False
