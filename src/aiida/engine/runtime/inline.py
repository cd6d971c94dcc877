"""`run` and `submit` in a user's interpreter: script, shell, notebook, thread. The same loop as a worker's, on the caller's stack.

The interpreter is a worker of its own; what it runs is born owned and at home here. User code runs in the thread that called,
so that debuggers, notebooks and thread-local state work as expected. If the interpreter dies, its work chains and jobs go on
in a daemon; Ctrl-C is a kill, not a death.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from aiida import orm
from aiida.common.exceptions import Fenced, InvalidOperation
from aiida.engine.bells import make_bell
from aiida.engine.processes import desks
from aiida.engine.processes.outcome import Continue
from aiida.engine.runners import Runner
from aiida.engine.runtime import births, mail, write
from aiida.engine.runtime.core import Core
from aiida.engine.runtime.environment import Environment
from aiida.engine.runtime.live import Live
from aiida.storage import journal
from aiida.transports.pool import TransportPool

if TYPE_CHECKING:
    from aiida.common.slots import Settings
    from aiida.engine.processes.process import Process
    from aiida.storage.store import Store

LOGGER = logging.getLogger("aiida.engine.runtime")
Help = Callable[[Core], bool]
CLAIM = 8
LOOK = 0.5  # seconds between looks at the tables while nothing is told


def make_engine(store: Store, settings: Settings) -> InlineEngine:
    """The engine of this interpreter for a store."""
    bell = make_bell(store.profile, in_memory=store.in_memory, conninfo=getattr(store, "conninfo", None))
    return InlineEngine(Environment(store=store, settings=settings, bell=bell, make_pool=TransportPool))


class InlineEngine:
    """What the slot `current_engine` holds in a user's interpreter."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self._core: Core | None = None
        self._pid = 0
        self._watchdog: Watchdog | None = None
        self._pump: threading.Thread | None = None
        self._guard = threading.Lock()
        self._runner = Runner(engine=self)
        _engines.add(self)

    @property
    def core(self) -> Core:
        """The worker that this interpreter is; another one after a fork."""
        if self._core is None or self._pid != os.getpid():
            with self._guard:
                if self._core is None or self._pid != os.getpid():
                    self._core, self._pid, self._watchdog = (
                        Core(self.env, inline=True, kind="inline"),
                        os.getpid(),
                        None,
                    )
                    self._core.runner = self._runner
        return self._core

    @property
    def runner(self) -> Runner:
        """The public runner."""
        return self._runner

    # -- the slot's protocol -------------------------------------------------------------------------------------------

    def run(self, process: Process) -> tuple[Any, Any]:
        """Run to the end: riding on a step's stack, or as the root of a tree that this interpreter drives."""
        if not process._has_provenance:
            return run_unstored(self.core, process), process.node
        core = self.core
        parent = running_parent(core, process)
        if parent is not None:
            return ride(core, parent, process, self.help)
        with self._watched(core):
            live = births.be_born_owned(core, process)
            if live.state.is_ended:
                return replayed(process)
            try:
                live = drive_to_end(core, live, self.help)
            except KeyboardInterrupt:
                self._kill_tree(core, live)
                raise
        return result_of(core, live, process)

    def submit(self, process: Process, *, priority: int = 0) -> Any:
        """T1 for a daemon; T4 inside a step; at home here for what an instance driven by hand launches."""
        core = self.core
        if not process._has_provenance:
            raise InvalidOperation(
                "a process without provenance cannot be submitted: nothing of it is stored, use `run`"
            )
        parent = running_parent(core, process)
        if parent is not None:
            return births.launch(core, parent, process, rides=False)[1]
        return births.submit(
            core, process, home=core.worker if process._parent is not None else None, priority=priority
        )

    def schedule(self, process: Process) -> Any:
        """Store and make ready, for this interpreter to run when it next runs anything, or awaits a future."""
        return births.submit(self.core, process, home=self.core.worker)

    def pause(self, process: Process, message: str | None = None) -> bool:
        """Post a pause; what has never been run is paused at once, and stays so when it is started."""
        return self._post(process, mail.PAUSE, {"message": message}) or births.hold(process, message)

    def play(self, process: Process) -> bool:
        """Post a play."""
        return self._post(process, mail.PLAY, {})

    def receive(self, process: Process) -> list[Any]:
        """Take the messages to the process itself."""
        return mail.receive(self.core, process.node.pk)

    def kill(self, process: Process, message: str | None = None, force: bool = False) -> bool:
        """Post a kill."""
        return self._post(process, mail.KILL, {"message": message, "force": force})

    def _post(self, process: Process, command: str, data: dict[str, Any]) -> bool:
        core = self.core
        posted = write.transact(self.env, lambda tx: journal.post(tx, [process.node.pk], command, data))
        core.ring()
        return bool(posted)

    # -- the loop ------------------------------------------------------------------------------------------------------

    def help(self, core: Core) -> bool:
        """Drive whatever of this interpreter's trees may go on; False if there was nothing."""
        if core.news:
            try:
                news = core.news.popleft()
            except IndexError:
                return True  # another thread was quicker
            news()
            return True
        claimed = core.claim(CLAIM)
        for live in claimed:
            core.drive(live)
        return bool(claimed)

    def run_all(self) -> int:
        """Drive everything at home here until nothing of it is ready; how much was done."""
        core, done = self.core, 0
        with self._watched(core):
            while self.help(core):
                done += 1
        return done

    def wait_for(self, pk: int) -> None:
        """Block until a process has ended, running what is at home here."""
        wait_for(self.core, pk)

    def pump(self) -> None:
        """A thread that runs what is at home here, while there is anything: for callers whose own thread runs a loop."""
        if self._pump is None or not self._pump.is_alive():
            self._pump = threading.Thread(target=self._run_while_alive, name="aiida-runner", daemon=True)
            self._pump.start()

    def _run_while_alive(self) -> None:
        core = self.core
        with self._watched(core):
            while not self.env.store.is_closed:
                seen = core.changes
                if not self.help(core):
                    with self.env.store.reading() as connection:
                        if not journal.has_home(connection, core.worker):
                            return
                    core.sleep(seen, min(core.poller.tick(), LOOK))

    @contextmanager
    def _watched(self, core: Core) -> Iterator[None]:
        watchdog = self._watchdog
        if watchdog is None or not watchdog.is_alive():
            watchdog = self._watchdog = Watchdog(core)
            watchdog.start()
        if not watchdog.is_awake:  # an interpreter at rest does not beat, and a daemon may have given its row away
            core.liveness.renew()
        with watchdog.watching():
            yield

    def _kill_tree(self, core: Core, live: Live) -> None:
        """Ctrl-C: the root and everything below it; a second Ctrl-C leaves at once."""
        LOGGER.critical("interrupted: killing process %d and what it launched", live.pk)
        post = {"message": "Killed by Ctrl-C in the interpreter that ran it"}
        write.transact(self.env, lambda tx: journal.post(tx, [live.pk], mail.KILL, post))
        while is_alive(core, live):
            with self.env.store.reading() as connection:
                killed = journal.has_kill(connection, core.worker)
            for pk in killed:
                held = core.held.get(pk)
                if held is None:
                    core.reload(Live(journal.Lease(pk, core.worker, 0, 0), live.state))
                else:
                    mail.kill_running(core, held)
            seen = core.changes
            if not self.help(core) and not killed:
                core.sleep(seen, min(core.poller.tick(), LOOK))

    def close(self) -> None:
        """Leave: the worker row goes."""
        with self._guard:
            core, self._core = self._core, None
            watchdog, self._watchdog = self._watchdog, None
        if core is not None and self._pid == os.getpid():
            if watchdog is not None:
                watchdog.stop()
            core.close()
        self.env.bell.close()


_engines: weakref.WeakSet[InlineEngine] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for engine in list(_engines):
        try:
            engine.close()
        except Exception as error:
            LOGGER.debug("closing the engine: %s", error)


# --- shared with the engine of a daemon's worker ----------------------------------------------------------------------


def running_parent(core: Core, process: Process) -> Live | None:
    """The process in our hands in whose step this one is launched."""
    parent = process._parent
    if parent is None or not parent._has_provenance or parent.node.pk is None:
        return None
    live = core.held.get(parent.node.pk)
    if live is None or live.process is not parent:
        if parent.node.pk in core.gone:
            raise Fenced(
                f"process {parent.node.pk} was ended or taken over while its step ran: it launches nothing any more"
            )
        return None
    return live


def ride(core: Core, parent: Live, process: Process, help: Help) -> tuple[Any, Any]:
    """Section 6: on the caller's stack, with the caller's authority."""
    live, node = births.launch(core, parent, process, rides=True)
    if live is None:
        if process.node.is_stored:
            return replayed(process)
        revived = type(process)._revive(node, runner=core.runner)
        return revived._result(), node
    live = on_fresh_stack(partial(drive_to_end, core, live, help))
    return result_of(core, live, live.process or process)


STACK = 0.6  # of Python's limit: what is left must do for the user code of one more call


def on_fresh_stack(work: Callable[[], Live]) -> Live:
    """However deeply processes call each other by `run`: when the stack is nearly full the next goes on in a thread of its own.
    Not before: user code is to run in the thread that called."""
    frame: FrameType | None = sys._getframe()
    depth = 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return work() if depth < STACK * sys.getrecursionlimit() else _in_thread(work)


def _in_thread(work: Callable[[], Live]) -> Live:
    answer: Future[Live] = Future()

    def target() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=copy_context().run, args=(target,), name="aiida-nested", daemon=True).start()
    return answer.result()


def replayed(process: Process) -> tuple[Any, Any]:
    """The cache has answered: the outputs are those that came with the copy."""
    process._run_step(None)
    return process._result(), process.node


def is_alive(core: Core, live: Live) -> bool:
    """Whether it has not ended, whoever holds it by now."""
    if live.state.is_ended:
        return False
    with core.env.store.reading() as connection:
        return bool(journal.which_alive(connection, [live.pk]))


def drive_to_end(core: Core, live: Live, help: Help) -> Live:
    """Drive a process of ours, and while it waits whatever it may wait for. Returns it as it is known at the end."""
    core.drive(live)
    told, looked = -1, core.env.clock.monotonic()
    while True:
        while live.successor is not None:
            live = live.successor
        if live.state.is_ended:
            return live
        if live.lost and live.rides is not None:
            raise Fenced(f"process {live.pk} was taken over, and with it the process {live.rides} that called it")
        seen, now = core.changes, core.env.clock.monotonic()
        if (seen != told or now - looked > LOOK) and not live.away:
            told, looked = seen, now
            claim = claim_at_rest(core, live)
            if claim is not None:
                again = core.adopt(claim)
                if again is not live:
                    live.successor = again
                core.drive(again)
                continue
            if not live.owned and not is_alive(core, live):
                return live
        if not help(core):
            desks.step_aside()
            core.sleep(seen, min(core.poller.tick(), LOOK))


def claim_at_rest(core: Core, live: Live) -> journal.Claim | None:
    """What nobody else claims: a rider that rests (targets, an alarm, a job), and a root lost while we were stopped. A rider that
    waits has its stack as the only one who reads its mail."""
    core.woken.discard(live.pk)
    if live.owned:
        if not live.awaiting:
            return None
        claim = core.find_lease(live.pk)
        if claim is not None and (claim.mail or not claim.awaiting):
            live.mail, live.awaiting = claim.mail, claim.awaiting
            core.drive(live)
        return None
    if live.pk in core.held:
        return None
    if live.rides is not None:
        return write.transact(core.env, lambda tx: journal.claim_rider(tx, core.worker, live.pk))
    if live.lost:
        return write.transact(core.env, lambda tx: journal.claim_one(tx, core.worker, live.pk))
    return None


def result_of(core: Core, live: Live, process: Process) -> tuple[Any, Any]:
    """Outputs and node, or the exception of the user's code."""
    if live.error is not None:
        raise live.error
    instance = live.process
    if instance is None or not live.state.is_ended or live.state.exception is not None:  # ended in other hands
        node = orm.load_node(process.node.pk)
        if node.is_excepted:
            raise InvalidOperation(f"process {node.pk} excepted: {node.exception}")
        instance = type(process)._revive(node, runner=core.runner)
    return instance._result(), process.node


def run_unstored(core: Core, process: Process) -> Any:
    """`store_provenance=False`: no journal, no rows; what it launches is recorded as usual."""
    node = process.node
    try:
        with core.user_code(process):
            process.on_run()
            node._project({"process_state": "running"})
            shortcut = core.shortcut(process)
            outcome = shortcut if shortcut is not None else process._run_step(None)
            while isinstance(outcome, Continue):
                for pk in {pk for awaitable in outcome.awaitables for pk in awaitable.processes}:
                    wait_for(core, pk)
                process._resolve(None)
                outcome = process._run_step(list(outcome.pointer))
            code = process._finish(outcome.exit_code)
            process.on_finish(code, code.status == 0)
    except Exception as error:
        node._project({"process_state": "excepted", "exception": f"{type(error).__name__}: {error}"})
        raise
    patch: dict[str, Any] = {"process_state": "finished", "exit_status": code.status}
    if code.message is not None:
        patch["exit_message"] = code.message
    node._project(patch)
    with core.user_code(process):
        process.on_terminated()
    return process._result()


def wait_for(core: Core, pk: int) -> None:
    """Drive this interpreter's trees until a process has ended."""
    while True:
        with core.env.store.reading() as connection:
            if not journal.which_alive(connection, [pk]):
                return
        seen = core.changes
        claimed = core.claim(CLAIM)
        for live in claimed:
            core.drive(live)
        if core.news:
            core.news.popleft()()
        elif not claimed:
            desks.step_aside()
            core.sleep(seen, min(core.poller.tick(), LOOK))


class Watchdog(threading.Thread):
    """Looks ten times a second while something runs: shows what has started, starts the heart, acts on kills. Else it sleeps."""

    TICK, HEART = 0.1, 1.0

    def __init__(self, core: Core) -> None:
        super().__init__(name="aiida-watchdog", daemon=True)
        self.core = core
        self._active = 0
        self._since = 0.0
        self._awake = threading.Event()
        self._stopped = False
        self._lock = threading.Lock()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Around a run."""
        with self._lock:
            self._active += 1
        if not self._awake.is_set():
            self._awake.set()
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1

    @property
    def is_awake(self) -> bool:
        """Whether it looks, and so beats."""
        return self._awake.is_set()

    def stop(self) -> None:
        """End the thread."""
        self._stopped = True
        self._awake.set()

    def run(self) -> None:
        clock = self.core.env.clock
        idle = ticks = 0
        while not self._stopped:
            self._awake.wait()
            clock.sleep(self.TICK)
            if self._stopped:
                return
            idle = 0 if self._active else idle + 1
            if idle > 20:  # for two seconds nothing has run
                self._awake.clear()
                idle = ticks = 0
                continue
            ticks += 1
            try:
                self._tick(ticks)
            except Exception as error:
                LOGGER.debug("watchdog: %s", error)

    def _tick(self, ticks: int) -> None:
        core = self.core
        show_started(core)
        if ticks * self.TICK < self.HEART:
            return
        if any(
            live.begun and core.env.clock.monotonic() - live.begun > self.HEART for live in list(core.held.values())
        ):
            core.liveness.start_heart()
        if ticks % 10 == 0:
            core.liveness.beat_here()
            act_on_kills(core)


def show_started(core: Core) -> None:
    """*Started* alone, and the place in the outline, when user code has run for 100 ms without writing anything."""
    now = core.env.clock.monotonic()
    for live in list(core.held.values()):
        if live.begun and now - live.begun > 0.1 and (live.pending or live.position) and live.lock.acquire(blocking=False):
            try:
                if live.begun and live.owned and (live.pending or live.position):
                    _show(core, live)
            finally:
                live.lock.release()


def _show(core: Core, live: Live) -> None:
    place = live.position
    patch = {"process_state": "running", **place}
    write.append_pending(core.env, live, lambda tx: core.project(live, patch, ("process_status",)))
    live.shown = place.get("stepper_state_info", live.shown)


def act_on_kills(core: Core) -> None:
    """Kills of what this worker holds while its user code runs."""
    busy = {pk: live for pk, live in list(core.held.items()) if live.begun or live.away}
    if not busy:
        return
    with core.env.store.reading() as connection:
        killed = journal.has_kill(connection, core.worker)
    for pk in killed:
        if pk in busy:
            mail.kill_running(core, busy[pk])
