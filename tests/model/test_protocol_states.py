"""What PROTOCOL.md left unmodelled, in every order of transactions: riders, trees at home, the poll lease, limits on kinds.

Two workers; one of them crashes at any point, or is taken for dead while it works; somebody kills at any point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest

from aiida.journal import events as ev
from aiida.storage import joblist, journal
from aiida.storage.journal import Lease
from tests.model.states import Action, Database, Local, Model, explore, fenced, pass_time, sweep

CREATED = ev.Created(uuid="u", nature="chain", process_type="t", importable=True)
P, F = 1, 10  # a caller, and the first id of what it calls


class Hold(NamedTuple):
    """A process in a worker's hands, and where its step is."""

    pc: str
    process: int
    epoch: int
    seq: int
    rider: int = 0
    rider_epoch: int = 0
    rider_seq: int = 0

    def lease(self, owner: int) -> Lease:
        return Lease(self.process, owner, self.epoch, self.seq)

    def rider_lease(self, owner: int) -> Lease:
        return Lease(self.rider, owner, self.rider_epoch, self.rider_seq)


class Who(NamedTuple):
    """A worker: its id (0: it is dead), and what it holds."""

    id: int
    hold: Hold | None = None


class State(NamedTuple):
    """What is not in the database."""

    workers: tuple[Who, ...]
    crashes: int  # that may still happen
    stops: int
    kills: int

    def put(self, index: int, hold: Hold | None) -> State:
        workers = list(self.workers)
        workers[index] = workers[index]._replace(hold=hold)
        return self._replace(workers=tuple(workers))


class Workers(Model):
    """Two daemon workers, a sweep, crashes, stops, kills; the step itself is the subclass's."""

    count, crashes, stops, kills = 2, 1, 1, 0
    roots: tuple[int, ...] = (P,)

    def begin(self, db: Database) -> Local:
        with db.transaction() as tx:
            workers = tuple(Who(journal.insert_worker(tx, "host", 1, "daemon")) for _ in range(self.count))
            for root in self.roots:
                journal.create(tx, root, [CREATED])
        return State(workers, self.crashes, self.stops, self.kills)

    def actions(self, db: Database, local: Local) -> Iterator[Action]:
        state = local
        assert isinstance(state, State)
        yield Action("sweep", lambda db: state if sweep(db) else None)
        yield Action("time passes", lambda db: state if pass_time(db) else None)
        if state.kills:
            yield Action("kill", lambda db: self.post_kill(db, state), fault=True)
        for index, who in enumerate(state.workers):
            if not who.id:
                continue
            if state.crashes:
                yield Action(f"{index} crashes", lambda db, i=index: self.crash(db, state, i), fault=True)
            if state.stops:
                yield Action(f"{index} is taken for dead", lambda db, i=index: self.declare(db, state, i), fault=True)
            if who.hold is None:
                yield Action(f"{index} claims", lambda db, i=index: self.claim(db, state, i))
            else:
                yield from self.step(db, state, index, who.id, who.hold)

    def crash(self, db: Database, state: State, index: int) -> State:
        """Dead, and another one is started: a new id."""
        with db.transaction() as tx:
            journal.delete_worker(tx, state.workers[index].id)
            who = Who(journal.insert_worker(tx, "host", 1, "daemon"))
        workers = list(state.workers)
        workers[index] = who
        return state._replace(workers=tuple(workers), crashes=state.crashes - 1)

    def declare(self, db: Database, state: State, index: int) -> State:
        """Its row goes, and it works on; claims under the id of the dead are freed by the next sweep."""
        with db.transaction() as tx:
            journal.delete_worker(tx, state.workers[index].id)
        return state._replace(stops=state.stops - 1)

    def post_kill(self, db: Database, state: State) -> State | None:
        with db.transaction() as tx:
            return state._replace(kills=state.kills - 1) if journal.post(tx, [P], "kill") else None

    def claim(self, db: Database, state: State, index: int) -> State | None:
        """T2, one process at a time."""
        me = state.workers[index].id
        if not db.rows("SELECT 1 FROM worker WHERE id=?", me):  # it hears of its death at its next look
            return None if any(row[0] == me for row in db.rows("SELECT owner FROM task")) else self._anew(db, state, index)
        with db.transaction() as tx:
            journal.ring_alarms(tx)
            claims = journal.claim_mail(tx, me, 1) or journal.claim_ready(tx, me, 1) or journal.claim_limited(tx, me, 1)
        if not claims:
            return None
        claim = claims[0]
        return state.put(index, Hold("mail" if claim.mail else "go", claim.process, claim.epoch, claim.seq))

    def _anew(self, db: Database, state: State, index: int) -> State:
        with db.transaction() as tx:
            who = Who(journal.insert_worker(tx, "host", 1, "daemon"))
        workers = list(state.workers)
        workers[index] = who
        return state._replace(workers=tuple(workers))

    def step(self, db: Database, state: State, index: int, me: int, hold: Hold) -> Iterable[Action]:
        """What a worker does with what it holds."""
        raise NotImplementedError


def finish(tx: Database, lease: Lease, events: list[ev.Event], me: int) -> None:
    """T6, with the riders that are left."""
    journal.end(tx, lease)
    for process, epoch, seq in journal.kill_riders(tx, lease.process, me):
        finish(tx, Lease(process, me, epoch, seq), [ev.Killed(reason="abandoned")], me)
    journal.insert_events(tx, lease.process, lease.seq, lease.epoch, events)
    journal.wake(tx, lease.process)


class Riders(Workers):
    """One step that calls a function; the function rides, and is asked for again by whoever runs the step again."""

    crashes, stops, kills, remembers = 2, 1, 1, True

    def step(self, db: Database, state: State, index: int, me: int, hold: Hold) -> Iterable[Action]:
        name = f"{index} {hold.pc} {hold.process}"
        yield Action(name, lambda db: getattr(self, f"do_{hold.pc}")(db, state, index, me, hold))
        if hold.pc in ("ride", "done") and hold.process == P:
            yield Action(f"{index} hears a kill", lambda db: self.hear(db, state, index, me, hold))

    def do_mail(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        """T11."""
        passed, killed = fenced(db, lambda tx: self.act(tx, hold.lease(me), me))
        return state.put(index, hold._replace(pc="go") if passed and killed is None else None)

    def act(self, tx: Database, lease: Lease, me: int) -> bool | None:
        """A kill: children first. None: there was no mail."""
        journal.fence(tx, lease, 0)
        if not journal.take_mail(tx, lease.process):
            return None
        children = journal.live_children(tx.connection, lease.process)
        if not children:
            finish(tx, lease, [ev.KillAsked(reason=""), ev.Killed(reason="")], me)
            return True
        journal.post(tx, children, "kill")
        journal.fence(tx, lease, 1, journal.KILL)
        journal.insert_events(tx, lease.process, lease.seq, lease.epoch + 1, [ev.KillAsked(reason="")])
        journal.await_more(tx, lease.process, children)
        journal.release(tx, lease.process, ready=False)
        return True

    def hear(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State | None:
        """The controller acts beside the step, whose thread keeps what it had and is fenced by it."""
        if not db.rows("SELECT 1 FROM inbox WHERE process=?", P):
            return None
        passed, _ = fenced(db, lambda tx: self.act(tx, hold.lease(me), me))
        return state if passed else None

    def do_go(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        """The step begins, perhaps again: what it calls is launched, taken over, or given back."""
        if hold.process != P or "KillAsked" in db.kinds(P):
            return self.do_end(db, state, index, me, hold)
        called = [row[0] for row in db.rows("SELECT output_id FROM db_dblink WHERE input_id=? ORDER BY 1", P)]
        alive = [one for one in called if self.remembers and db.rows("SELECT 1 FROM task WHERE process=?", one)]
        if self.remembers and any("Finished" in db.kinds(one) for one in called):
            return state.put(index, hold._replace(pc="done"))
        if alive:
            return self.take(db, state, index, me, hold, alive[0])
        child = F + len(called)

        def launch(tx: Database) -> None:
            journal.fence(tx, hold.lease(me), 1)
            tx.driver.execute("INSERT INTO db_dblink VALUES (?, ?, 'call_calc')", (P, child))
            journal.create(tx, child, [CREATED, ev.Started()], owner=me, caller=P, rides=P)
            launched = ev.ChildLaunched(child=child, uuid="u", rides=True, process_type="t")
            journal.insert_events(tx, P, hold.seq, hold.epoch, [launched])

        passed, _ = fenced(db, launch)
        return state.put(index, hold._replace(pc="ride", seq=hold.seq + 1, rider=child, rider_epoch=1, rider_seq=2) if passed else None)

    def take(self, db: Database, state: State, index: int, me: int, hold: Hold, child: int) -> State:
        def work(tx: Database) -> Lease | None:
            journal.fence(tx, hold.lease(me), 0)
            return journal.take_rider(tx, child, P, me)

        passed, lease = fenced(db, work)
        if not passed or lease is None:
            return state.put(index, None)
        return state.put(index, hold._replace(pc="ride", rider=child, rider_epoch=lease.epoch, rider_seq=lease.seq))

    def do_ride(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        """The function's body is run; its end reads its mail first, as every write does."""

        def work(tx: Database) -> bool:
            if journal.fence(tx, hold.rider_lease(me), 0):
                return self.act(tx, hold.rider_lease(me), me) is None
            finish(tx, hold.rider_lease(me), [ev.Finished(status=0)], me)
            return True

        fenced(db, work)
        return state.put(index, hold._replace(pc="done", rider=0))

    def do_done(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        fenced(db, lambda tx: finish(tx, hold.lease(me), [ev.Finished(status=0)], me))
        return state.put(index, None)

    def do_end(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        """The end that was asked for; a rider claimed for its mail by another worker is let go of, its stack decides."""
        if hold.process == P:
            fenced(db, lambda tx: finish(tx, hold.lease(me), [ev.Killed(reason="")], me))
        else:
            fenced(db, lambda tx: journal.fence(tx, hold.lease(me), 0, journal.RELEASE))
        return state.put(index, None)

    def check(self, db: Database) -> None:
        super().check(db)
        finished = [row[0] for row in db.rows("SELECT process FROM event WHERE kind='Finished' AND process >= ?", F)]
        assert len(finished) <= 1, f"the function was finished as {finished}"
        orphans = db.rows("SELECT process FROM task WHERE rides IS NOT NULL AND rides NOT IN (SELECT process FROM task)")
        assert not orphans, f"{orphans} ride on a process that has ended"

    def check_end(self, db: Database, local: Local) -> None:
        super().check_end(db, local)
        if "Finished" in db.kinds(P) and "KillAsked" not in "".join(db.kinds(F)):
            assert db.rows("SELECT count(*) FROM db_dblink") == [(1,)], "the function was created again"
            assert "Finished" in db.kinds(F)


class WithoutMemo(Riders):
    """Control: a step that is run again launches anew."""

    remembers = False


class AtHome(Workers):
    """A tree that an interpreter runs: a root born owned, and a child at home; the interpreter dies at any point."""

    crashes, stops, C = 1, 0, 2

    def begin(self, db: Database) -> Local:
        with db.transaction() as tx:
            inline, daemon = (Who(journal.insert_worker(tx, "host", 1, kind)) for kind in ("inline", "daemon"))
            journal.create(tx, P, [CREATED], owner=inline.id, home=inline.id)
        return State((inline._replace(hold=Hold("go", P, 1, 1)), daemon), self.crashes, 0, 0)

    def crash(self, db: Database, state: State, index: int) -> State | None:
        """Only the interpreter does; nobody sits down in its place."""
        if index or not state.workers[0].id:
            return None
        with db.transaction() as tx:
            journal.delete_worker(tx, state.workers[0].id)
        return state._replace(workers=(Who(0), state.workers[1]), crashes=0)

    def claim(self, db: Database, state: State, index: int) -> State | None:
        me = state.workers[index].id
        with db.transaction() as tx:
            journal.ring_alarms(tx)
            claims = journal.claim_ready(tx, me, 1, only_home=index == 0)
        return state.put(index, Hold("go", claims[0].process, claims[0].epoch, claims[0].seq)) if claims else None

    def step(self, db: Database, state: State, index: int, me: int, hold: Hold) -> Iterable[Action]:
        yield Action(f"{index} goes on with {hold.process}", lambda db: self.go(db, state, index, me, hold))

    def go(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        def work(tx: Database) -> Hold | None:
            if hold.process == P and "ChildLaunched" not in db.kinds(P):
                journal.fence(tx, hold.lease(me), 1)
                journal.create(tx, self.C, [CREATED], caller=P, home=me if index == 0 else None)
                launched = ev.ChildLaunched(child=self.C, uuid="u", rides=False, process_type="t")
                journal.insert_events(tx, P, hold.seq, hold.epoch, [launched])
                return hold._replace(seq=hold.seq + 1)
            if hold.process == P and "Waiting" not in db.kinds(P):
                journal.append(tx, hold.lease(me), [ev.Waiting(targets=[self.C])])
                awaiting = journal.wait(tx, hold.lease(me), [self.C], home=None, rides=False)
                return None if awaiting else hold._replace(seq=hold.seq + 1)
            finish(tx, hold.lease(me), [ev.Finished(status=0)], me)
            return None

        passed, left = fenced(db, work)
        return state.put(index, left if passed else None)

    def check(self, db: Database) -> None:
        super().check(db)
        strangers = db.rows("SELECT process FROM task JOIN worker ON worker.id = home WHERE owner IS NOT NULL AND owner <> home")
        assert not strangers, f"{strangers} are at home with a living interpreter, and another worker holds them"


class PollLease(Workers):
    """A job with the scheduler; two workers take turns in asking; somebody writes to the process meanwhile."""

    crashes, stops = 1, 1

    def begin(self, db: Database) -> Local:
        state = super().begin(db)
        with db.transaction() as tx:
            joblist.put_job(tx, P, joblist.login_for(tx, 1, 1), 1, "/d", "7", "queued")
            journal.release(tx, P, ready=False)
        return state._replace(kills=1)  # here: how often somebody plays it

    def actions(self, db: Database, local: Local) -> Iterator[Action]:
        yield from super().actions(db, local)
        for index, who in enumerate(local.workers):
            if who.id and who.hold is None:
                yield Action(f"{index} takes the poll lease", lambda db, i=index: self.poll(db, local, i))

    def post_kill(self, db: Database, state: State) -> State | None:
        with db.transaction() as tx:
            return state._replace(kills=state.kills - 1) if journal.post(tx, [P], "play") else None

    def poll(self, db: Database, state: State, index: int) -> State | None:
        """The lease, then the job set; the answer, that the job has ended, comes later."""
        with db.transaction() as tx:
            lease = joblist.take_poll(tx, 1, state.workers[index].id, 5.0)
        if lease is None or not joblist.queued_jobs(db.connection, 1):
            return None if lease is None else state
        return state.put(index, Hold("listed", P, lease.epoch, 0))

    def step(self, db: Database, state: State, index: int, me: int, hold: Hold) -> Iterable[Action]:
        yield Action(f"{index} {hold.pc}", lambda db: getattr(self, f"do_{hold.pc}")(db, state, index, me, hold))

    def key(self, db: Database, local: Local) -> tuple[object, ...]:
        """Polls have no end: only whether a lease is still the last one matters, not how many there were."""
        ((owner, epoch, later),) = db.rows("SELECT owner, epoch, next_poll > 1 FROM login")
        assert isinstance(local, State)
        for index, who in enumerate(local.workers):
            if who.hold is not None and who.hold.pc == "listed":
                local = local.put(index, who.hold._replace(epoch=0 if who.hold.epoch == epoch else -1))
        return (*db.key()[:-1], later, local)

    def do_listed(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        with db.transaction() as tx:
            if joblist.holds_poll(tx, joblist.Login(1, 1, 1, hold.epoch)):
                joblist.wake_job(tx, P, "7", "ended", "{}")
        return state.put(index, None)

    def do_mail(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        """What the claim said of the job is kept, as in the engine: the listing may come in between."""
        job = db.rows("SELECT state FROM job")
        passed, _ = fenced(db, lambda tx: (journal.fence(tx, hold.lease(me), 0), journal.take_mail(tx, P)))
        return state.put(index, hold._replace(pc="rest" if job == [("queued",)] else "end") if passed else None)

    def do_rest(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        fenced(db, lambda tx: (journal.fence(tx, hold.lease(me), 0), self.rest(tx)))
        return state.put(index, None)

    def rest(self, tx: Database) -> None:
        journal.rest_with_job(tx, P)

    def do_go(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        job = db.rows("SELECT state FROM job")
        return state.put(index, hold._replace(pc="rest" if job == [("queued",)] else "end"))

    def do_end(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        fenced(db, lambda tx: (finish(tx, hold.lease(me), [ev.Finished(status=0)], me), journal.end_job(tx, P)))
        return state.put(index, None)


class RestByWhatWasKnown(PollLease):
    """Control: the rest that a claim's knowledge of the job decides loses the wake-up."""

    def rest(self, tx: Database) -> None:
        journal.release(tx, P, ready=False)


class KindLimit(Workers):
    """Three processes of a kind of which one may run at once; the first waits for the third."""

    crashes, stops, roots = 1, 1, ()
    WAITER, OTHER, TARGET = 1, 2, 3

    def begin(self, db: Database) -> Local:
        state = super().begin(db)
        with db.transaction() as tx:
            joblist.set_bound(tx, "kind:k", 1)
            lane = joblist.lane_for(tx, ["kind:k"])
            for process in (self.WAITER, self.OTHER, self.TARGET):
                journal.create(tx, process, [CREATED])
                tx.driver.execute("UPDATE task SET lane=? WHERE process=?", (lane, process))
        return state

    def step(self, db: Database, state: State, index: int, me: int, hold: Hold) -> Iterable[Action]:
        yield Action(f"{index} goes on with {hold.process}", lambda db: self.go(db, state, index, me, hold))

    def go(self, db: Database, state: State, index: int, me: int, hold: Hold) -> State:
        def work(tx: Database) -> Hold | None:
            if hold.process == self.WAITER and "Waiting" not in db.kinds(self.WAITER):
                journal.append(tx, hold.lease(me), [ev.Waiting(targets=[self.TARGET])])
                awaiting = journal.wait(tx, hold.lease(me), [self.TARGET], home=None, rides=False)
                return None if awaiting else hold._replace(seq=hold.seq + 1)
            finish(tx, hold.lease(me), [ev.Finished(status=0)], me)
            return None

        passed, left = fenced(db, work)
        return state.put(index, left if passed else None)

    def check(self, db: Database) -> None:
        super().check(db)
        slots = {row[0] for row in db.rows("SELECT process FROM task WHERE slot <> 0")}
        awaited = {row[0] for row in db.rows("SELECT target FROM wait")}
        assert len(slots - awaited) <= 1, f"{slots} run, {awaited} of them are awaited"


MODELS: dict[str, type[Workers]] = {"riders": Riders, "at home": AtHome, "poll lease": PollLease, "limit on a kind": KindLimit}


def small(model: Workers) -> Workers:
    """One crash, and nobody is taken for dead."""
    model.crashes, model.stops = 1, 0
    return model


@pytest.mark.parametrize("name", MODELS)
def test_every_state_with_one_fault_of_a_kind(name: str) -> None:
    assert explore(small(MODELS[name]())) > 10, "the model does not move"


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", MODELS)
def test_every_state(name: str) -> None:
    """With two crashes and a worker that is taken for dead while it works."""
    model = MODELS[name]()
    model.crashes, model.stops = (2, 1) if name != "limit on a kind" else (1, 1)
    states = explore(model)
    print(f"\n{name}: {states} states")
    assert states > 10


def test_control_a_lost_wake_up_is_found() -> None:
    with pytest.raises(AssertionError, match="nothing will ever end it again"):
        explore(small(RestByWhatWasKnown()))


def test_control_a_tree_at_home_that_nobody_can_claim_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was: born owned and not ready, so that it stood still for ever when its interpreter died in the first step."""
    create = journal.create

    def not_ready(tx: Database, process: int, *args: object, **more: object) -> object:
        made = create(tx, process, *args, **more)  # type: ignore[arg-type]
        tx.driver.execute("UPDATE task SET ready=0 WHERE owner IS NOT NULL")
        return made

    monkeypatch.setattr(journal, "create", not_ready)
    with pytest.raises(AssertionError, match="nothing will ever end it again"):
        explore(small(AtHome()))


def test_control_a_limit_that_is_not_counted_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "free_slots", lambda tx, lane: 9)
    with pytest.raises(AssertionError, match="are awaited"):
        explore(small(KindLimit()))


def test_control_a_step_without_memory_calls_twice() -> None:
    with pytest.raises(AssertionError, match="the function was finished as"):
        explore(small(WithoutMemo()))
