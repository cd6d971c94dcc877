"""What the outside effects of a job report back: plain values that the runtime writes as events.

Nothing here touches a machine or the database. The structs that hold only text, numbers, lists and dictionaries are what the
journal keeps (`msgspec.to_builtins` turns them into JSON); `Prepared` and `Retrieved` carry live objects and never leave memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from aiida.common.exit_code import ExitCode
    from aiida.common.folders import Folder
    from aiida.orm import FolderData, RemoteData
    from aiida.orm.nodes.data.remote.stash.base import RemoteStashData

    from .plan import Plan


def name_of_job(process: int) -> str:
    """The name that the scheduler is given for the job of a process, and that tells it from another one with its id."""
    return f"aiida-{process}"


class Prepared(msgspec.Struct, kw_only=True):
    """The sandbox after `prepare_for_submission`, and the plan drawn from it."""

    plan: Plan
    folder: Folder
    #: files of nodes (`local_copy_list`), laid out as they will lie in the directory.
    staging: Folder | None = None
    #: node attributes to project with *PlanMade*: retrieve lists, and what else the node shows.
    attributes: dict[str, Any] = {}
    #: serialised repository of the node with the input files in it; the objects are already in the object store.
    #: Written with *PlanMade* as column ``repository_metadata``; None: leave as it is.
    repository_metadata: dict[str, Any] | None = None


class Uploaded(msgspec.Struct, kw_only=True):
    """The attempt directory is complete; the intent to submit may be committed with this."""

    directory: str
    script: str
    skip_submit: bool = False
    #: node attributes to project (``remote_workdir``).
    attributes: dict[str, Any] = {}
    #: unstored output node for the label ``remote_folder``; None on a re-upload, when the process has one already.
    remote_folder: RemoteData | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The scheduler gave the job this id (or it was found to have given it)."""

    job_id: str
    found_by: str = "guard"  # guard | receipt | fence | queue | accounting


class Refused(msgspec.Struct, kw_only=True):
    """The scheduler said no for certain: no job of this directory exists.

    With `exit_code` the process ends (after retrieving nothing); `permanent` means pause with the reason; `away` that the
    scheduler was not reached, which is an outage and nobody's fault; else try again in a new directory after the back-off.
    """

    reason: str
    permanent: bool = False
    away: bool = False
    exit_code: ExitCode | None = None


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody knows whether a job exists: go on with `recover` (PROTOCOL 10.4), never submit again by yourself."""

    reason: str


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """The fence of the directory is ours: no job of it can ever run the payload. A new attempt in a new directory is safe."""

    reason: str


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """The directory, and with it all evidence, has vanished: pause with this reason."""

    reason: str


class JobInFlight(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table `job`, as far as polling needs it."""

    process: int
    directory: str
    job_id: str
    misses: int = 0


class EndMark(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `ended.<task>`: what the job script wrote as its last act."""

    job_id: str
    restarts: int
    exit_status: int

    @property
    def is_signal(self) -> bool:
        """A shell on its way out after a signal may be requeued afterwards: this mark needs more listings to be believed."""
        return self.exit_status > 128


class Listing(msgspec.Struct, kw_only=True):
    """One look at a login: first the end marks of the jobs asked for, *then* the queue, in this order."""

    complete: bool
    reason: str = ""
    #: queue entries by job id (serialised `JobInfo`), for those of the asked jobs that the queue shows.
    jobs: dict[str, dict[str, Any]] = {}
    #: end marks by process, read before the queue was asked.
    marks: dict[int, EndMark] = {}
    #: what the fence of a directory named, by process (only looked at for jobs that the queue does not show).
    fences: dict[int, str] = {}
    #: processes whose directory could not be entered.
    missing_directories: set[int] = set()
    #: the scheduler sees what runs itself (see `Scheduler.absence_is_evidence`): no further listings are needed.
    absence_is_evidence: bool = False


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The queue shows the job."""

    state: str
    info: dict[str, Any] = {}


class NotYet(msgspec.Struct, frozen=True, kw_only=True):
    """Absent, without enough evidence that it ended: count the miss and look again."""

    misses: int
    reason: str = ""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Positive evidence that the job is over and will not run again."""

    evidence: str  # mark | queue | accounting | vanished
    exit_status: int | None = None
    info: dict[str, Any] = {}


class Renamed(msgspec.Struct, frozen=True, kw_only=True):
    """The fence names another job of this directory: ours was the duplicate, append *Submitted(job_id)* and follow that one."""

    job_id: str


Answer = Accepted | Refused | Unknown
Recovery = Accepted | Refused | Unknown | Revoked | Gone
Verdict = Alive | NotYet | Ended | Renamed | Revoked | Gone


class Stashed(msgspec.Struct, kw_only=True):
    """Result of stashing: an unstored output node, or the reason why there is none."""

    remote_stash: RemoteStashData | None = None
    reason: str = ""


class Retrieved(msgspec.Struct, kw_only=True):
    """Result of retrieving: the unstored `retrieved` folder and the place of the temporary files (None if none were asked for)."""

    folder: FolderData | None
    temporary: str | None = None
    #: node attributes to project (``retrieve…`` warnings are logged, not projected).
    attributes: dict[str, Any] = {}


class MonitorActed(msgspec.Struct, kw_only=True):
    """A monitor wants something done. `outputs` are unstored nodes by label, for the runtime to attach."""

    monitor: str
    message: str
    action: str  # kill | disable-all | disable-self
    retrieve: bool = True
    parse: bool = True
    override_exit_code: bool = True
    outputs: dict[str, Any] = {}
