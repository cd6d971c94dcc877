"""The jobs of a login as plugins know them: ask once for many, no more often than the computer likes.

The engine itself polls through the table of jobs (one query per login over all workers); this is the public face for code that holds
job ids and a transport queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

from aiida.common.log import AIIDA_LOGGER

if TYPE_CHECKING:
    from aiida.engine.transports import TransportQueue
    from aiida.orm import AuthInfo
    from aiida.schedulers.datastructures import JobInfo

__all__ = ("JobManager", "JobsList")


class JobsList:
    """The jobs of one login that somebody waits for."""

    def __init__(self, authinfo: AuthInfo, transport_queue: TransportQueue, last_updated: float | None = None) -> None:
        self._authinfo = authinfo
        self._transport_queue = transport_queue
        self._last_updated = last_updated
        self._jobs: dict[Hashable, JobInfo] = {}
        self._requests: dict[str, asyncio.Future[JobInfo | None]] = {}
        self._update: asyncio.Task[None] | None = None
        self._logger = AIIDA_LOGGER.getChild("engine.jobs")

    @property
    def logger(self) -> Any:
        """The logger."""
        return self._logger

    @property
    def last_updated(self) -> float | None:
        """When the jobs were listed last, in seconds since the epoch."""
        return self._last_updated

    def get_minimum_update_interval(self) -> float:
        """Return the computer's minimum number of seconds between two listings."""
        return float(self._authinfo.computer.get_minimum_job_poll_interval())

    @contextlib.contextmanager
    def request_job_info_update(self, authinfo: AuthInfo, job_id: Hashable) -> Iterator[asyncio.Future[JobInfo | None]]:
        """Yield a future of what the next listing says about a job; None: the listing does not show it."""
        key = str(job_id)
        future = self._requests.get(key)
        if future is None or future.done():
            future = self._requests[key] = asyncio.get_running_loop().create_future()
        if self._update is None or self._update.done():
            self._update = asyncio.get_running_loop().create_task(self._list_when_due())
        try:
            yield future
        finally:
            if future.done() or future.cancelled():
                self._requests.pop(key, None)

    async def _list_when_due(self) -> None:
        if self._last_updated is not None:
            await asyncio.sleep(max(0.0, self._last_updated + self.get_minimum_update_interval() - time.time()))
        requests, self._requests = self._requests, {}
        try:
            with self._transport_queue.request_transport(self._authinfo) as request:
                transport = await request
                self._jobs = await asyncio.to_thread(self._ask, transport, list(requests))
        except Exception as error:
            for future in requests.values():
                if not future.done():
                    future.set_exception(error)
            return
        finally:
            self._last_updated = time.time()
        for key, future in requests.items():
            if not future.done():
                future.set_result(self._jobs.get(key))

    def _ask(self, transport: Any, job_ids: list[str]) -> dict[Hashable, JobInfo]:
        scheduler = self._authinfo.computer.get_scheduler()
        scheduler.set_transport(transport)
        if scheduler.get_feature("can_query_by_user"):
            return dict(scheduler.get_jobs(user=transport.whoami(), as_dict=True))
        return dict(scheduler.get_jobs(jobs=job_ids, as_dict=True))


class JobManager:
    """The job lists of all logins."""

    def __init__(self, transport_queue: TransportQueue) -> None:
        self._transport_queue = transport_queue
        self._job_lists: dict[Hashable, JobsList] = {}

    def get_jobs_list(self, authinfo: AuthInfo) -> JobsList:
        """Return the list of a login."""
        key = authinfo.pk if authinfo.pk is not None else id(authinfo)
        if key not in self._job_lists:
            self._job_lists[key] = JobsList(authinfo, self._transport_queue)
        return self._job_lists[key]

    @contextlib.contextmanager
    def request_job_info_update(self, authinfo: AuthInfo, job_id: Hashable) -> Iterator[asyncio.Future[JobInfo | None]]:
        """Yield a future of what the next listing says about a job."""
        with self.get_jobs_list(authinfo).request_job_info_update(authinfo, job_id) as request:
            yield request
