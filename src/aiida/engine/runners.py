"""The public `Runner`: the familiar face of this interpreter's engine, for scripts, tests and plugins that ask for one."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import Callable, Mapping
from importlib import import_module

from aiida.common.slots import current_engine
from aiida.engine.persistence import AiiDAPersister
from aiida.engine.processes import desks
from aiida.engine.processes.futures import ProcessFuture
from aiida.engine.processes.instantiate import make_process, prepare_inputs
from aiida.engine.processes.process import Process
from aiida.engine.utils import ResultAndNode, ResultAndPk, instantiate_process

__all__ = ("Runner",)

Inputs = Mapping[str, t.Any] | None


class Runner:
    """Runs and submits processes; the loop, communicator and persister that it is asked for are only faces."""

    def __init__(
        self,
        poll_interval: float = 0,
        loop: asyncio.AbstractEventLoop | None = None,
        communicator: t.Any = None,
        broker_submit: bool = False,
        persister: t.Any = None,
        *,
        engine: t.Any = None,
        daemon: bool = False,
    ) -> None:
        self._poll_interval = poll_interval
        self._loop = loop
        self._persister = persister
        self._broker_submit = broker_submit
        self._own_engine = engine
        self._daemon = daemon
        self._closed = False

    @property
    def _engine(self) -> t.Any:
        return self._own_engine if self._own_engine is not None else current_engine.get()

    # -- what it has -----------------------------------------------------------------------------------------------

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """An event loop of the caller's, made when first asked for."""
        if self._loop is None or self._loop.is_closed():
            try:
                self._loop = asyncio.get_running_loop()
            except RuntimeError:
                self._loop = asyncio.new_event_loop()
        return self._loop

    @property
    def communicator(self) -> None:
        """None: control is rows in the database."""
        return None

    @property
    def controller(self) -> t.Any:
        """The controller of a profile that names a broker; None without one, as programs expect it that ask."""
        store = self._engine.core.env.store
        # It lies above the runtime, which makes runners: so it is asked for by name, as the manager does.
        return import_module("aiida.engine.control").make_controller(store) if store.profile.process_control_backend else None

    @property
    def persister(self) -> t.Any:
        """What was given, else the journal's face: the engine writes snapshots by itself."""
        if self._persister is None:
            self._persister = AiiDAPersister()
        return self._persister

    @property
    def is_daemon_runner(self) -> bool:
        """Whether this is the runner of a daemon's worker."""
        return self._daemon

    @property
    def transport(self) -> t.Any:
        """The pool of connections."""
        return self._engine.core.pool

    @property
    def job_manager(self) -> t.Any:
        """Who follows the jobs."""
        return self._engine.core.poller

    @property
    def plugin_version_provider(self) -> t.Any:
        """None: versions are found when the node is made."""
        return None

    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    # -- what it does ----------------------------------------------------------------------------------------------

    def _make(self, process: t.Any, inputs: Inputs, kwargs: dict[str, t.Any]) -> t.Any:
        if isinstance(process, Process) and not inputs and not kwargs:
            return process
        return make_process(process, prepare_inputs(inputs, **kwargs), runner=self)

    def run(self, process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> t.Any:
        """Run to the end and return the outputs."""
        return self._engine.run(self._make(process, inputs, kwargs))[0]

    def run_get_node(self, process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> ResultAndNode:
        """Run to the end and return (outputs, node)."""
        return ResultAndNode(*self._engine.run(self._make(process, inputs, kwargs)))

    def run_get_pk(self, process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> ResultAndPk:
        """Run to the end and return (outputs, pk)."""
        outputs, node = self._engine.run(self._make(process, inputs, kwargs))
        return ResultAndPk(outputs, node.pk)

    def submit(self, process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> t.Any:
        """Record for the daemon and return the node."""
        return self._engine.submit(self._make(process, inputs, kwargs))

    def schedule(self, process: t.Any, inputs: Inputs = None, **kwargs: t.Any) -> t.Any:
        """Record for this interpreter, which runs it while it runs anything or awaits a future; return the node."""
        node = self._engine.schedule(self._make(process, inputs, kwargs))
        self._pump()
        return node

    def instantiate_process(self, process: t.Any, **inputs: t.Any) -> t.Any:
        """Return a live instance with a stored node, which nobody runs."""
        return instantiate_process(self, process, **inputs)

    def get_process_future(self, pk: int) -> ProcessFuture:
        """Return a future of the loop that ends with the process."""
        return ProcessFuture(pk, self.loop, poll_interval=self._poll_interval)

    def call_on_process_finish(self, pk: int, callback: Callable[[], t.Any]) -> None:
        """Call back, on the loop if that runs, when the process has ended."""
        loop, desk = self._loop, desks.here() or desks.lent()

        def wait() -> None:
            with desks.working_for(desk):
                self._engine.wait_for(pk)
            if loop is not None and loop.is_running():
                loop.call_soon_threadsafe(callback)
            else:
                callback()

        threading.Thread(target=wait, name=f"awaits process {pk}", daemon=True).start()

    def run_until_complete(self, future: t.Any) -> t.Any:
        """Run the loop until the future or coroutine is done, and meanwhile what is at home in this interpreter."""
        self._pump()
        return self.loop.run_until_complete(future)

    def start(self) -> None:
        """Run the loop until `stop`."""
        self._pump()
        self.loop.run_forever()

    def stop(self) -> None:
        """End `start`."""
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._loop.stop)

    def close(self) -> None:
        """Let go of the loop, if it is ours."""
        self._closed = True
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_running() and not loop.is_closed():
            loop.close()

    def _pump(self) -> None:
        """A thread that runs what is at home here, for callers whose own thread runs a loop."""
        engine = self._engine
        if hasattr(engine, "pump"):
            engine.pump()

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
