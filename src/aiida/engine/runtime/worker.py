"""A daemon's worker: claims what is ready, drives it, sleeps on its bell, looks after the others.

Three kinds of threads. *User code* runs in one thread, and in more when one is blocked: of those that are free only one leads
(claims, waits), so that an idle worker is one sleeping thread. The *controller* (the thread that called `run`) sweeps, polls,
acts on kills, gives back what was claimed and not begun while a step is slow, and opens another thread when all are busy. The
*loop* carries effects on other machines.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from aiida.brokers.doorbell import Doorbell
from aiida.brokers.polling import PollingBell
from aiida.common.exceptions import AiidaException
from aiida.common.slots import current_engine
from aiida.engine.runners import Runner
from aiida.engine.runtime import mail, write
from aiida.engine.runtime.core import Core
from aiida.engine.runtime.environment import Environment
from aiida.engine.runtime.group import Group
from aiida.engine.runtime.inline import InlineEngine, act_on_kills, show_started
from aiida.engine.runtime.live import Live
from aiida.storage import journal
from aiida.transports.pool import TransportPool

if TYPE_CHECKING:
    from aiida.common.slots import Settings
    from aiida.storage.store import Store

LOGGER = logging.getLogger("aiida.engine.runtime.worker")

MOST = 32  # claimed at once
SLICE = 0.1  # seconds of work to claim at once
SLOW = 0.2  # a step longer than this delays nobody: what was claimed with it is given back
BLOCKED = 1.0  # a thread busy for so long is not waited for
IDLE = 2.0  # seconds between looks when no bell rings
PARKED = 10.0  # a thread that found nothing to do for so long ends, if there are others

#: The thread of a worker on whose behalf user code runs: deep calls go on in threads of their own (`inline.on_fresh_stack`).
_thread: ContextVar[threading.Thread | None] = ContextVar("worker_thread", default=None)


class WorkerEngine(InlineEngine):
    """What the slot `current_engine` holds in a worker: launches inside steps, nested runs."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker.env)
        self._worker = worker
        self._runner = Runner(engine=self, daemon=True)

    @property
    def core(self) -> Core:
        """The worker's."""
        return self._worker.core

    def help(self, core: Core) -> bool:
        """A step that waits on its own stack keeps one thread; the others do the work."""
        if self._worker.is_stepped:
            return self._worker._step_once()
        self._worker.lend_thread()
        return False

    @contextmanager
    def _watched(self, core: Core) -> Iterator[None]:
        yield

    def close(self) -> None:
        """The worker closes what it made."""


class Worker:
    """Runs processes until told to stop."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        bell: Doorbell | None = None,
        pool: Callable[[], TransportPool] | None = None,
        *,
        threads: int = 16,
        cache_size: int = 1000,
        grace: float | None = None,
        env: Environment | None = None,
        kind: str = "daemon",
        grouped: bool | None = None,
    ) -> None:
        self.env = env or Environment(
            store=store, settings=settings, bell=bell or PollingBell(), make_pool=pool or TransportPool
        )
        self.core = Core(self.env, inline=False, kind=kind, cache_size=cache_size)
        self.engine = WorkerEngine(self)
        self.core.runner = self.engine.runner
        self.core.poller.wake = self.env.bell.wake
        self.group = Group(self.env, self.core.go_on)
        if grouped if grouped is not None else threads > 0 and not store.dialect.concurrent_writers:
            self.core.group = self.group
        self.grace = grace
        self.queue: deque[Live] = deque()
        self._most_threads = threads
        self._threads: dict[threading.Thread, float] = {}  # thread -> since when it is busy; 0: it is free
        self._lent: set[threading.Thread] = set()  # those whose step waits on its own stack: others do what it waits for
        self._lead = threading.Lock()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._pace = SLICE / MOST  # seconds per task, a running mean
        self._swept = 0.0
        self.looked_at = time.monotonic()  # when the database last answered to the controller

    @property
    def is_stepped(self) -> bool:
        """It has no threads of its own: whoever calls `step_once` drives it."""
        return self._most_threads == 0

    @property
    def id(self) -> int:
        """The worker's id."""
        return self.core.worker

    # -- life ------------------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event | None = None) -> None:
        """Work until `stop` is set; then finish in order."""
        stop = stop or self._stopping
        self.core.liveness.register()
        self.core.liveness.start_heart()
        LOGGER.info("worker %d starts", self.id)
        write.transact(self.env, journal.retry_imports)
        with current_engine.override(self.engine):
            self.open_thread()
            try:
                while not stop.is_set() and not self._stopping.is_set():
                    self.control()
            finally:
                self.finish()

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()
        self.env.bell.wake()
        self.core.notify()

    def finish(self) -> None:
        """Graceful stop: nothing more is claimed, what is not begun goes back, effects in flight end, the rest is abandoned."""
        self._stopping.set()
        self._give_back_queue()
        self.core.notify()
        grace = self.grace if self.grace is not None else float(self.env.option("daemon.timeout", 5))
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and self._is_busy():
            time.sleep(0.02)
        self._give_back_rest()
        self.core.close()
        LOGGER.info("worker ends")

    def _give_back_rest(self) -> None:
        """T8 also for what outlasts the grace. Left to the sweep it would count as a death, and a step that is long would be
        paused after five restarts of the daemon; the abandoned thread is fenced either way."""
        held = [live.pk for live in list(self.core.held.values()) if live.owned]
        try:
            self.core.give_back([*held, *self.core.stranded])
        except AiidaException as error:
            LOGGER.warning("%d processes are left to the next sweep: %s", len(held), error)
            return
        if held:
            self.core.ring()

    def _is_busy(self) -> bool:
        return (
            any(since for since in list(self._threads.values()))
            or any(live.away for live in list(self.core.held.values()))
            or bool(self.core.news)
            or bool(self.group)
        )

    # -- the controller --------------------------------------------------------------------------------------------

    def control(self) -> None:
        """One round: wait for the bell, then look after everything."""
        busy = self._is_busy() or bool(self.queue)
        pause = min(SLOW / 2 if busy else 1.0, self._poll())
        try:
            if self.env.bell.wait(pause):
                self.core.notify()
            self.look_after()
        except AiidaException as error:
            LOGGER.warning("the database does not answer: %s", error)
            self.env.clock.sleep(0.5 + self.env.dice())
        except Exception:
            LOGGER.exception("the worker could not look after its processes; it tries again")
            self.env.clock.sleep(0.5 + self.env.dice())

    def _poll(self) -> float:
        try:
            return self.core.poller.tick()
        except AiidaException as error:
            LOGGER.warning("jobs cannot be polled: %s", error)
            return 1.0
        except Exception:
            LOGGER.exception("jobs cannot be polled")
            return 1.0

    def look_after(self) -> None:
        """Slow steps, blocked threads, mail for what runs, the dead."""
        now = time.monotonic()
        show_started(self.core)
        oldest = min((since for since in list(self._threads.values()) if since), default=None)
        if self.group.is_due:
            self.group.flush()  # a step is slow: what others did before it is not kept waiting
        if self.queue and oldest is not None and now - oldest > SLOW and not self._has_free():
            self._give_back_queue()
        if not self._threads or (
            oldest is not None
            and not self._has_free()
            and now - max(list(self._threads.values()), default=now) > (SLOW if self.core.news else BLOCKED)
        ):
            self.open_thread()
        if now - self._swept < 1.0:
            return
        self._swept = now
        self._check_alive()
        if self.core.stranded:
            self.core.give_back(list(self.core.stranded))
        act_on_kills(self.core)
        self.core.sweep()
        self.looked_at = time.monotonic()
        self.core.net.look()

    def _check_alive(self) -> None:
        """Declared dead (we were stopped for too long): drop everything, go on under a new id."""
        with self.env.store.reading() as connection:
            known = any(row[0] == self.core.liveness.id for row in journal.list_workers(connection))
        if known and not self.core.liveness.is_declared_dead():
            return
        LOGGER.error("worker %d was declared dead; it goes on under a new id", self.core.liveness.id)
        self.queue.clear()
        for live in list(self.core.held.values()):
            live.owned, live.lost = False, True
            self.core.gone.add(live.pk)
        self.core.held.clear()
        self.core.register_anew()

    def _give_back_queue(self) -> None:
        back = []
        while self.queue:
            try:
                back.append(self.queue.popleft())
            except IndexError:
                break
        for live in back:
            self.core.release(live)
        self.core.give_back([live.pk for live in back])
        if back:
            self.core.ring()

    # -- threads of user code --------------------------------------------------------------------------------------

    def _has_free(self) -> bool:
        return any(not since for since in list(self._threads.values()))

    def open_thread(self) -> None:
        """Another thread, unless one is free."""
        with self._lock:
            if self._has_free() or len(self._threads) - len(self._lent) >= self._most_threads or self._stopping.is_set():
                return
            thread = threading.Thread(target=self._work, name=f"aiida-user-{len(self._threads)}", daemon=True)
            self._threads[thread] = 0.0
            thread.start()

    def lend_thread(self) -> None:
        """Who calls waits on the stack of its step, and does nothing until another thread has worked: it does not count meanwhile, or
        as many as there may be threads could wait for work that nobody is left to do."""
        me = _thread.get()
        if me is not None:
            self._lent.add(me)
        self.open_thread()

    def _work(self) -> None:
        me = threading.current_thread()
        _thread.set(me)
        try:
            while not self._stopping.is_set() or self.core.news or self.group:
                if not self._lead.acquire(timeout=PARKED):
                    if len(self._threads) > len(self._lent) + 1:
                        return
                    continue
                try:
                    task = self._next()
                    if task is not None:
                        self._threads[me] = time.monotonic()
                finally:
                    self._lead.release()
                if task is not None:
                    try:
                        self._do(task)
                    except BaseException:
                        LOGGER.exception("a process did what no process should; it is given back")
                    self._threads[me] = 0.0
                    self._lent.discard(me)
        finally:
            with self._lock:
                self._threads.pop(me, None)

    def _do(self, task: Callable[[], object]) -> None:
        begun = time.perf_counter()
        try:
            task()
        except AiidaException as error:
            LOGGER.warning("given back: %s", error)
        except Exception:
            LOGGER.exception("a process could not be driven; it is given back")
        self._pace += 0.1 * (time.perf_counter() - begun - self._pace)

    def _next(self) -> Callable[[], object] | None:
        """News first, then what was claimed, then a claim; nothing: sleep until something is told."""
        core = self.core
        seen = core.changes
        if self.group.is_due:
            self.group.flush()
        if core.news:
            try:
                return core.news.popleft()
            except IndexError:
                return None
        if self.group and not self.queue:
            self.group.flush()
            return None
        if self._stopping.is_set():
            core.sleep(seen, 0.05)
            return None
        if not self.queue:
            try:
                self._claim()
            except AiidaException as error:
                LOGGER.warning("nothing can be claimed: %s", error)
                core.sleep(seen, 1.0)
                return None
            except Exception:  # of ours or the driver's: the thread must outlive it, or the worker would beat and do nothing
                LOGGER.exception("nothing can be claimed")
                core.sleep(seen, 1.0)
                return None
        if self.queue:
            try:
                live = self.queue.popleft()
            except IndexError:
                return None
            return self._mail_first(live) if live.mail else lambda: core.drive(live)
        if core.some_hooks:
            core.some_hooks = False
            return core.run_hooks  # user code: it must not keep the others from claiming
        core.sleep(seen, min(IDLE, core.next_due))
        return None

    def _mail_first(self, live: Live) -> Callable[[], None]:
        """What was claimed with mail is acted on together; what may go on then waits for its turn."""
        lives = [live]
        while self.queue and self.queue[0].mail:
            lives.append(self.queue.popleft())
        if len(lives) == 1:
            return lambda: self.core.drive(live)
        return lambda: mail.act_many(self.core, lives, self.queue.append)

    def _claim(self) -> None:
        count = max(1, min(MOST, int(SLICE / max(self._pace, 1e-4))))
        self.queue.extend(self.core.claim(count))

    # -- for tests and foreground use ------------------------------------------------------------------------------

    def run_until_idle(self, timeout: float = 60.0) -> None:
        """On this thread alone, with no heart: until nothing is ready, due soon, or under way. Tests step a worker with it."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self.step_once():
                return
        raise TimeoutError("the worker found no rest")

    def step_once(self) -> bool:
        """Do one thing that is to be done; False if there is none."""
        with current_engine.override(self.engine):
            return self._step_once()

    def _step_once(self) -> bool:
        core = self.core
        seen = core.changes
        if core.news:
            self._do(core.news.popleft())
            return True
        if self.group and (self.group.is_due or not self.queue):
            self.group.flush()
            return True
        if not self.queue:
            self._claim()
        if self.queue:
            live = self.queue.popleft()
            self._do(self._mail_first(live) if live.mail else lambda: core.drive(live))
            return True
        if core.some_hooks and core.run_hooks():
            return True
        core.poller.tick()
        if any(live.away for live in list(core.held.values())) or core.poller.is_busy():
            core.sleep(seen, 0.05)
            return True
        return False

    def close(self) -> None:
        """Sign off without ceremony."""
        self.core.close()


def make_worker(store: Store, settings: Settings, bell: Doorbell | None = None, **options: Any) -> Worker:
    """A worker for a store."""
    return Worker(store, settings, bell, **options)
