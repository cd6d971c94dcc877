"""What a worker is, whatever drives it: what it holds, its cache of live instances, claiming, and the loop over one process."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aiida import orm
from aiida.common.exceptions import AiidaException, Fenced
from aiida.engine.processes.outcome import Finish
from aiida.engine.processes.process import current_process
from aiida.engine.runtime import dryrun, endings, jobs, mail, perform, threads, write
from aiida.engine.runtime.decide import decide
from aiida.engine.runtime.environment import Environment
from aiida.engine.runtime.group import Group
from aiida.engine.runtime.live import Live, Reload
from aiida.engine.runtime.liveness import Liveness, Observer
from aiida.engine.runtime.memo import Memo
from aiida.engine.runtime.net import Net
from aiida.engine.runtime.polling import Poller
from aiida.journal import effects as do
from aiida.journal import machine
from aiida.journal.fold import ProcessState, fold
from aiida.orm import stored
from aiida.storage import journal
from aiida.storage.journal import Claim, Lease
from aiida.storage.transaction import Transaction

if TYPE_CHECKING:
    from aiida.engine.processes.process import Process
    from aiida.transports.pool import TransportPool

LOGGER = logging.getLogger("aiida.engine.runtime")
stored.register_all()  # snapshots refer to nodes, groups and computers
Perform = Callable[["Core", Live, Any], bool]
MAIL = 400  # commands acted on in one transaction
FULL_CLAIMS = 8

EFFECTS: dict[type[do.Effect], Perform] = {
    do.RunStep: perform.run_step,
    do.Resume: perform.resume,
    do.EndKilled: perform.end_killed,
    do.Rest: perform.rest,
    do.Prepare: jobs.prepare,
    do.Upload: jobs.upload,
    do.Submit: jobs.submit,
    do.Follow: jobs.follow,
    do.Stash: jobs.stash,
    do.Unstash: jobs.unstash,
    do.Retrieve: jobs.retrieve,
    do.Parse: jobs.parse,
    do.Cancel: jobs.cancel,
}
"""Effect -> what performs it; True: decide again, False: this process is out of our hands for now."""


class Core:
    """One worker: a daemon's, or the interpreter of a user."""

    def __init__(
        self, env: Environment, *, inline: bool, kind: str, cache_size: int = 1000, only_control: bool = False
    ) -> None:
        self.env = env
        self.inline = inline
        self.only_control = only_control  # acts on mail and runs nothing
        self.liveness = Liveness(env.store, kind)
        self.runner: Any = None
        self.held: dict[int, Live] = {}
        self.news: deque[Callable[[], None]] = deque()  # continuations of effects that are done
        self.group: Group | None = None  # writes of several processes together, where a worker does so
        self.signal = threading.Condition()
        self.changes = 0  # counts what `signal` told, so that nothing is missed between a look and a wait
        self._cache: OrderedDict[int, Live] = OrderedDict()
        self._cache_size = cache_size
        self._guard = threading.Lock()
        self._pool: TransportPool | None = None
        self._observer: Observer | None = None
        self.poller = Poller(self)
        self.net = Net(self)
        self.logins: dict[tuple[int, int], int] = {}
        self.stranded: set[int] = set()
        self.claim_lost = False
        self._full_claims = 0
        self.next_due = float("inf")
        self.some_hooks = False
        self.gone: set[int] = set()  # what was taken from us while its user code ran
        self.woken: set[int] = set()  # waiters that an end of ours made ready

    # -- identity --------------------------------------------------------------------------------------------------

    @property
    def worker(self) -> int:
        """Our id; registered when first needed."""
        if not self.liveness.id:
            with self._guard:
                if not self.liveness.id:
                    self.liveness.register()
                    self._observer = None
        return self.liveness.id

    def register_anew(self) -> None:
        """Declared dead: another id, and nobody takes a third one meanwhile."""
        with self._guard:
            self.liveness.stop()
            self.liveness.register()
        self.liveness.start_heart()

    @property
    def observer(self) -> Observer:
        """The judge of the other workers."""
        if self._observer is None or self._observer.me != self.worker:
            self._observer = Observer(self.env.store, self.worker, self.env.clock)
        return self._observer

    @property
    def pool(self) -> TransportPool:
        """Connections to the computers."""
        with self._guard:
            if self._pool is None:
                if self.env.make_pool is None:
                    raise RuntimeError("this engine was made without transports")
                self._pool = self.env.make_pool()
            return self._pool

    # -- bells -----------------------------------------------------------------------------------------------------

    def ring(self) -> None:
        """Something may be ready: tell the others, and our own waiting thread."""
        self.env.bell.ring()
        self.notify()

    def notify(self) -> None:
        """Wake whoever of us waits."""
        with self.signal:
            self.changes += 1
            self.signal.notify_all()

    def sleep(self, seen: int, timeout: float) -> None:
        """Until something is told that was not told yet at the count `seen`."""
        with self.signal:
            if self.changes == seen:
                self.signal.wait(timeout)

    def tell(self, news: Callable[[], None]) -> None:
        """From any thread: something to be done by a thread that runs user code."""
        self.news.append(news)
        self.notify()

    # -- user code -------------------------------------------------------------------------------------------------

    @contextmanager
    def user_code(self, process: Process | None) -> Iterator[None]:
        """Around everything that is not ours."""
        token = current_process.set(process)
        try:
            yield
        finally:
            current_process.reset(token)

    # -- instances -------------------------------------------------------------------------------------------------

    def load_state(self, pk: int) -> ProcessState:
        """Fold a journal."""
        with self.env.store.reading() as connection:
            return fold(journal.load_events(connection, [pk])[pk])

    def revive(self, lease: Lease, state: ProcessState, cls: type[Process] | None = None) -> Live:
        """A live instance from the journal: inputs from links, context from the last snapshot that kept everything."""
        live = Live(lease, state)
        self.build(live, cls)
        return live

    def build(self, live: Live, cls: type[Process] | None = None) -> Any:
        """The instance of a process, made if it is not there."""
        if live.process is None:
            node = orm.load_node(live.pk)
            process = (cls or endings.class_of(node))._revive(node, runner=self.runner)
            live.state.rewind()
            if live.state.context is not None:
                process._restore(live.state.context)
                if live.state.state == machine.RUNNING:
                    process._resolve(None)  # the wait was over, as the journal says; the snapshot is from before it
            live.process = process
            node._held = True
            live.memo = Memo(live.state.launched) if live.state.launched else None
        return live.process

    def keep(self, live: Live) -> None:
        """Put a live instance where the next claim finds it; the oldest that a snapshot can carry leaves memory."""
        with self._guard:
            self._cache[live.pk] = live
            self._cache.move_to_end(live.pk)
            if len(self._cache) > self._cache_size:
                victim = next(
                    (pk for pk, other in self._cache.items() if other.state.importable and not other.state.lost), None
                )
                if victim is not None:
                    self._cache.pop(victim).forget_files()

    def adopt(self, claim: Claim, state: ProcessState | None = None) -> Live:
        """A claimed process: from the cache if nobody wrote meanwhile, else from the journal."""
        lease = Lease(claim.process, self.worker, claim.epoch, claim.seq)
        with self._guard:
            live = self._cache.pop(claim.process, None)
        if live is None or live.lease.seq != claim.seq:
            if live is not None:
                live.forget_files()
            live = Live(lease, state or self.load_state(claim.process))
        live.lease = lease
        live.lost = False
        live.deaths, live.job = claim.deaths, claim.job
        live.awaiting, live.mail, live.rides, live.home, live.owned = (
            claim.awaiting,
            claim.mail,
            claim.rides,
            claim.home,
            True,
        )
        return live

    # -- projections -----------------------------------------------------------------------------------------------

    def project(self, live: Live, patch: dict[str, Any], remove: Sequence[str] = (), **columns: Any) -> None:
        """Inside the transaction of the event: what the node shows. Through the instance's node if there is one."""
        if live.process is not None:
            live.process.node._project(patch, remove, **columns)
        else:
            self.env.store.merge_attributes(live.pk, patch, remove=remove, **columns)

    def note_started(self, live: Live) -> None:
        """The first event of a process that begins, to be written with the next one."""
        if live.state.state == machine.CREATED and not live.pending:
            live.pending.append(perform.STARTED)

    def projection(self, live: Live) -> Callable[[Transaction], None] | None:
        """What the pending events show on the node; None if nothing."""
        if not live.pending:
            return None
        return lambda tx: self.project(live, {"process_state": machine.RUNNING}, ("process_status",))

    @staticmethod
    def shortcut(process: Process) -> Finish | None:
        """What a job does instead of being run; None: run it."""
        return dryrun.perform(process) if dryrun.is_asked(process) else None

    def commit(self, wanted: write.Write[Any], then: Callable[[], bool], *, together: bool = True) -> bool:
        """Write what came of a step, and go on; or have it written with what came of others', and be out of our hands for now."""
        if together and self.group is not None and wanted.live.rides is None:
            self.group.add(wanted.live, wanted, then)
            return False
        write.commit(self.env, wanted)
        return then()

    def go_on(self, live: Live, then: Callable[[], bool]) -> None:
        """After the commit of a group: by a thread that runs user code. Away until that has begun, or a worker that stops would
        take itself for idle in between."""

        def begin() -> None:
            live.away = ""
            self.drive(live, lambda: perform.guarded(self, live, then))

        self.tell(begin)

    # -- the loop over one process -----------------------------------------------------------------------------------

    def drive(self, live: Live, first: Callable[[], bool] | None = None) -> None:
        """Until nothing may be done now; what was lost is dropped. `first` goes on with an effect that was away."""
        if first is None:
            self.held[live.pk] = live
        if live.process is not None:
            live.process.node._held = True  # memory is the truth of this node while we hold it
        try:
            if first is None or first():
                while self.advance(live):
                    pass
        except Fenced as error:
            LOGGER.info("let go: %s", error)
            live.lost = True
            if live.owned and live.rides is None and not self.inline and self.holds(live):
                self.stranded.add(live.pk)  # the fence was that of a rider, which ended in other hands: the step is run again
            self.drop(live)
        except Reload as reload:
            LOGGER.info("read again: %s", reload)
            self.reload(live)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            self.strand(live)
            raise

    def strand(self, live: Live) -> None:
        """Something of ours failed: the process is given back as soon as the database can be written."""
        if live.owned and not live.state.is_ended:
            self.stranded.add(live.pk)
        self.drop(live)

    def give_back(self, processes: Sequence[int]) -> None:
        """T8, also for what was stranded."""
        if processes:
            write.transact(self.env, lambda tx: journal.give_back(tx, self.worker, list(processes)))
            self.stranded.difference_update(processes)

    def advance(self, live: Live) -> bool:
        """One decision."""
        if live.mail and not mail.act(self, live):
            return False
        if live.deaths >= perform.DEATHS and not live.state.paused and not live.state.kill_asked:
            perform.pause(self, live, f"its worker died {live.deaths} times in this step")
            return False
        effect = decide(live.state, live.awaiting)
        if self.only_control and not isinstance(effect, (do.EndKilled, do.Cancel)):
            effect = do.Rest()
        return EFFECTS[type(effect)](self, live, effect)

    def drop(self, live: Live) -> None:
        """Not ours any more: forget everything in memory, touch nothing in the database."""
        live.owned = False
        live.forget_files()
        if live.process is not None:
            live.process.node._held = False
        if self.held.get(live.pk) is live:
            del self.held[live.pk]

    def release(self, live: Live) -> None:
        """It rests, and nobody holds it: keep the instance for the next claim."""
        live.owned = False
        live.begun = 0.0
        if live.process is not None:
            live.process.node._held = False
        if self.held.get(live.pk) is live:
            del self.held[live.pk]
        if live.process is not None:
            self.keep(live)

    def ended(self, live: Live, woken: Sequence[int]) -> None:
        """After the terminal commit."""
        self.drop(live)
        if live.rides is not None and live.rides in self.held:
            self.held[live.rides].riders -= 1
        self.woken.update(waiter for waiter in woken if waiter in self.held)
        if woken:
            self.ring()
        else:
            self.notify()

    def reload(self, live: Live) -> None:
        """R6: the journal knows more than we do. Go on from there, if it is ours still."""
        self.drop(live)
        claim = self.find_lease(live.pk)
        if claim is None:
            self.reload_ended(live)
            self.notify()
            return
        live.successor = self.adopt(claim)
        self.drive(live.successor)

    def reload_ended(self, live: Live) -> None:
        """Not ours any more: ended by ourselves, with the reply lost; or taken over."""
        state = write.transact(self.env, lambda _: self.load_state(live.pk))
        live.lost = not state.is_ended
        if state.is_ended:
            live.state = state
            if (
                live.process is not None
            ):  # its nodes believe that they were rolled back: those in the database are the true ones
                live.process = type(live.process)._revive(orm.load_node(live.pk), runner=self.runner)
                if type(live.process)._overrides_on_terminated():
                    endings.run_terminated(self, live.pk, live.process, hook=True)

    def holds(self, live: Live) -> bool:
        """Whether the task row still says that this lease is ours."""
        claim, lease = self.find_lease(live.pk), live.lease
        return claim is not None and (self.worker, claim.epoch, claim.seq) == (lease.owner, lease.epoch, lease.seq)

    def find_lease(self, pk: int) -> Claim | None:
        """What the task row says that we hold."""
        return write.transact(self.env, lambda tx: journal.find_lease(tx.connection, pk, self.worker))

    # -- claiming --------------------------------------------------------------------------------------------------

    def claim(self, count: int) -> list[Live]:
        """T2: alarms, mail, ready, limited; everything in one transaction, nothing if a look shows nothing."""
        store, worker = self.env.store, self.worker
        lost = self.adopt_lost()
        if lost:
            return lost
        with store.reading() as connection:
            look = journal.look(connection, worker, only_home=self.inline)
        self.next_due = float("inf") if look.next_due is None else max(look.next_due, 0.0)
        self.some_hooks = look.hooks
        if not (look.due or look.mail or look.ready or look.limited):
            return []

        # what a worker died of is claimed alone, after the others; while there are always others, now and then before them
        suspects = self._full_claims >= FULL_CLAIMS

        def work(tx: Transaction) -> list[Claim]:
            claims: list[Claim] = []
            if look.due:
                journal.ring_alarms(tx)
            if look.mail:
                claims += journal.claim_mail(tx, worker, max(count, MAIL), only_home=self.inline)
            if look.ready or look.due or look.mail:
                claims += journal.claim_ready(
                    tx, worker, max(1, count - len(claims)), only_home=self.inline, suspects_first=suspects
                )
            if look.limited and len(claims) < count:
                claims += journal.claim_limited(tx, worker, count - len(claims), only_home=self.inline)
            return claims

        try:
            claims = write.transact(self.env, work, repeatable=False)
            self._full_claims = self._full_claims + 1 if len(claims) >= count and not suspects else 0
            return self.adopt_all(claims)
        except BaseException:  # the reply was lost, or the journals could not be read: the rows may bear our id all the same
            self.claim_lost = True
            raise

    def adopt_lost(self) -> list[Live]:
        """R6 for a claim whose reply was lost: everything that bears our id and is in nobody's hands."""
        if not self.claim_lost:
            return []
        with self.env.store.reading() as connection:
            claims = journal.adopt(connection, self.worker)
        known = {*self.held, *self.stranded, *self.net.aside}
        found = self.adopt_all([c for c in claims if c.process not in known and c.rides is None])
        self.claim_lost = False
        return found

    def adopt_all(self, claims: Sequence[Claim]) -> list[Live]:
        """The journals of all that the cache does not have, in one query."""
        missing = [claim.process for claim in claims if not self._is_cached(claim)]
        journals: dict[int, Any] = {}
        if missing:
            try:
                with self.env.store.reading() as connection:
                    journals = journal.load_events(connection, missing)
            except AiidaException:
                raise
            except Exception as error:  # of one of them; which, says the reading of each alone
                LOGGER.debug("a journal among those of %s cannot be read: %s", missing, error)
        found = []
        for claim in claims:
            events = journals.get(claim.process)
            try:
                live = self.adopt(claim, fold(events) if events is not None else None)
            except AiidaException:
                raise
            except Exception as error:
                self.net.set_aside(claim, error)
                continue
            found.append(live)
        self.held.update({live.pk: live for live in found})
        return found

    def _is_cached(self, claim: Claim) -> bool:
        live = self._cache.get(claim.process)
        return live is not None and live.lease.seq == claim.seq

    def run_hooks(self) -> int:
        """`on_terminated` of processes whose worker died between the end and the hook."""
        claimed = write.transact(self.env, lambda tx: journal.claim_hooks(tx, self.worker, 10))
        for pk in claimed:
            try:
                node = orm.load_node(pk)
                process = endings.class_of(node)._revive(node, runner=self.runner)
                state = self.load_state(pk)
                if state.context is not None:
                    process._restore(state.context)
            except Exception as error:
                LOGGER.error("on_terminated of process %d is skipped, its class cannot be imported: %s", pk, error)
                write.transact(self.env, lambda tx, pk=pk: journal.delete_hook(tx, pk))  # type: ignore[misc]
                continue
            endings.run_terminated(self, pk, process, hook=True)
        return len(claimed)

    # -- the others ------------------------------------------------------------------------------------------------

    def sweep(self) -> int:
        """T9: a plain read first; the dead are buried, what they held is free."""
        with self.env.store.reading() as connection:
            workers = journal.list_workers(connection)
            needed = journal.needs_sweep(connection)
        dead = self.observer.find_dead(workers)
        buried = self.observer.bury(dead) if dead else 0
        if not (buried or needed):
            return 0
        freed = write.transact(self.env, journal.sweep)
        if freed:
            LOGGER.warning("%d processes were held by workers that ended; they go on", freed)
            self.ring()
        return freed

    def close(self) -> None:
        """Leave in order."""
        self.liveness.stop()
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                threads.start(pool.close()).result(10)
            except Exception as error:
                LOGGER.debug("closing the connections: %s", error)
