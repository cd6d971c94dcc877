"""CalcJobNode: a calculation that runs outside, through a batch system."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aiida.common import timezone
from aiida.common.datastructures import CalcJobState
from aiida.common.exceptions import NotExistent
from aiida.common.links import LinkType
from aiida.orm.authinfos import AuthInfo
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.process.calculation.calculation import CalculationNode
from aiida.orm.nodes.process.process import ProcessNodeCaching
from aiida.orm.utils.calcjob import CalcJobResultManager
from aiida.orm.utils.tools import load_tools
from aiida.plugins.factories import ParserFactory
from aiida.schedulers.datastructures import JobInfo, JobState

if TYPE_CHECKING:
    from aiida.orm.nodes.data.folder import FolderData
    from aiida.parsers import Parser
    from aiida.transports import Transport

__all__ = ("CalcJobNode",)

RetrieveList = Sequence["str | tuple[str, str, int]"]


class CalcJobNodeCaching(ProcessNodeCaching):
    """What a job was asked is in its inputs and options; the files that were made of them may differ in nothing."""

    def _default_objects_to_hash(self) -> dict[str, Any]:
        objects = super()._default_objects_to_hash()
        objects.pop("repository_hash", None)
        return objects


_Files = Sequence[str | tuple[str, str, Any]] | None


class CalcJobNode(CalculationNode):
    """A calculation that runs outside, through a batch system."""

    _known_node_type = "process.calculation.calcjob.CalcJobNode."
    _CLS_NODE_CACHING = CalcJobNodeCaching

    CALC_JOB_STATE_KEY: ClassVar[str] = "state"
    IMMIGRATED_KEY: ClassVar[str] = "imported"
    REMOTE_WORKDIR_KEY: ClassVar[str] = "remote_workdir"
    RETRIEVE_LIST_KEY: ClassVar[str] = "retrieve_list"
    RETRIEVE_TEMPORARY_LIST_KEY: ClassVar[str] = "retrieve_temporary_list"
    SCHEDULER_JOB_ID_KEY: ClassVar[str] = "job_id"
    SCHEDULER_STATE_KEY: ClassVar[str] = "scheduler_state"
    SCHEDULER_LAST_CHECK_TIME_KEY: ClassVar[str] = "scheduler_lastchecktime"
    SCHEDULER_LAST_JOB_INFO_KEY: ClassVar[str] = "last_job_info"
    SCHEDULER_DETAILED_JOB_INFO_KEY: ClassVar[str] = "detailed_job_info"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = tuple(
        add_field(name, dtype=dtype, doc=doc, is_attribute=True)
        for name, dtype, doc in (
            (SCHEDULER_STATE_KEY, str | None, "The state of the job in its queue"),
            (CALC_JOB_STATE_KEY, str | None, "What is being done about the job"),
            (REMOTE_WORKDIR_KEY, str | None, "The folder of the job on the computer"),
            (SCHEDULER_JOB_ID_KEY, str | None, "The id of the job in its queue"),
            (SCHEDULER_LAST_CHECK_TIME_KEY, datetime.datetime | None, "When the queue was last asked"),
            (SCHEDULER_LAST_JOB_INFO_KEY, dict[str, Any] | None, "What the queue last said of the job"),
            (SCHEDULER_DETAILED_JOB_INFO_KEY, dict[str, Any] | None, "What the scheduler's accounting says of the job"),
            (RETRIEVE_LIST_KEY, _Files, "The files that are kept"),
            (RETRIEVE_TEMPORARY_LIST_KEY, _Files, "The files that are fetched for the parser only"),
            (IMMIGRATED_KEY, bool | None, "Whether the job was run without the engine"),
        )
    )
    _tools: Any = None

    _hash_ignored_attributes = (
        *CalculationNode._hash_ignored_attributes,
        "queue_name",
        "account",
        "qos",
        "priority",
        "max_wallclock_seconds",
        "max_memory_kb",
        "version",
    )
    _updatable_attributes = (
        *CalculationNode._updatable_attributes,
        CALC_JOB_STATE_KEY,
        IMMIGRATED_KEY,
        REMOTE_WORKDIR_KEY,
        RETRIEVE_LIST_KEY,
        RETRIEVE_TEMPORARY_LIST_KEY,
        SCHEDULER_JOB_ID_KEY,
        SCHEDULER_STATE_KEY,
        SCHEDULER_LAST_CHECK_TIME_KEY,
        SCHEDULER_LAST_JOB_INFO_KEY,
        SCHEDULER_DETAILED_JOB_INFO_KEY,
    )

    @property
    def tools(self) -> Any:
        """What the plugin offers for looking at its jobs."""
        if self._tools is None:
            self._tools = load_tools(self, "aiida.tools.calculations", "aiida.calculations:", "aiida.tools.calculations:CalculationTools")
        return self._tools

    @property
    def is_imported(self) -> bool:
        """Whether the job ran before it came here."""
        return bool(self._get(self.IMMIGRATED_KEY))

    @property
    def imported(self) -> bool | None:
        """Whether the job ran before it came here, `None` if nobody said so."""
        return cast("bool | None", self._get(self.IMMIGRATED_KEY))

    # -- options -------------------------------------------------------------------------------------------------------

    def get_option(self, name: str) -> Any | None:
        """Return an option, `None` if it is not set."""
        return self.base.attributes.get(name, None)

    def set_option(self, name: str, value: Any) -> None:
        """Set an option."""
        self.base.attributes.set(name, value)

    def get_options(self) -> dict[str, Any]:
        """Return all options that are set."""
        attributes = self._attributes()
        known = self._option_names()
        return {name: self.get_option(name) for name in attributes if name in known}

    def _option_names(self) -> frozenset[str]:
        """Return the names of the options that the process class declares, else those that every job has."""
        try:
            ports: Any = self.process_class.spec().inputs["metadata"]["options"]
            return frozenset(ports)
        except (ValueError, KeyError, AttributeError):
            return _COMMON_OPTIONS

    def set_options(self, options: dict[str, Any]) -> None:
        """Set several options."""
        for name, value in options.items():
            self.set_option(name, value)

    # -- where the job stands ------------------------------------------------------------------------------------------

    def get_state(self) -> CalcJobState | None:
        """Return what is being done with the job, `None` when nothing is."""
        state = self._get(self.CALC_JOB_STATE_KEY)
        return CalcJobState(state) if state else None

    def set_state(self, state: CalcJobState) -> None:
        """Set what is being done with the job."""
        if not isinstance(state, CalcJobState):
            raise ValueError(f"{state} is not a valid CalcJobState")
        self.base.attributes.set(self.CALC_JOB_STATE_KEY, state.value)

    def delete_state(self) -> None:
        """Nothing is being done with the job any more."""
        self._remove(self.CALC_JOB_STATE_KEY)

    def get_remote_workdir(self) -> str | None:
        """Return the directory on the computer."""
        return cast("str | None", self._get(self.REMOTE_WORKDIR_KEY))

    def set_remote_workdir(self, remote_workdir: str) -> None:
        """Set the directory on the computer."""
        self.base.attributes.set(self.REMOTE_WORKDIR_KEY, remote_workdir)

    def get_retrieve_list(self) -> RetrieveList | None:
        """Return what is retrieved when the job has ended."""
        return cast("RetrieveList | None", self.base.attributes.get(self.RETRIEVE_LIST_KEY, None))

    def set_retrieve_list(self, retrieve_list: RetrieveList) -> None:
        """Set what is retrieved when the job has ended."""
        self._validate_retrieval_directive(retrieve_list)
        self.base.attributes.set(self.RETRIEVE_LIST_KEY, retrieve_list)

    def get_retrieve_temporary_list(self) -> RetrieveList | None:
        """Return what is retrieved for the parser only."""
        return cast("RetrieveList | None", self.base.attributes.get(self.RETRIEVE_TEMPORARY_LIST_KEY, None))

    def set_retrieve_temporary_list(self, retrieve_temporary_list: RetrieveList) -> None:
        """Set what is retrieved for the parser only."""
        self._validate_retrieval_directive(retrieve_temporary_list)
        self.base.attributes.set(self.RETRIEVE_TEMPORARY_LIST_KEY, retrieve_temporary_list)

    @staticmethod
    def _validate_retrieval_directive(directives: RetrieveList) -> None:
        if not isinstance(directives, (tuple, list)):
            raise TypeError(f"file retrieval directives has to be a list or tuple, got {type(directives)}")
        for directive in directives:
            if isinstance(directive, str):
                continue
            if not isinstance(directive, (list, tuple)) or len(directive) != 3:
                raise ValueError(f"invalid directive, not a list or tuple of length three: {directive}")
            if not isinstance(directive[0], str):
                raise ValueError("invalid directive, first element has to be a string representing remote path")
            if not isinstance(directive[1], str):
                raise ValueError("invalid directive, second element has to be a string representing local path")
            if not isinstance(directive[2], (int, type(None))):
                raise ValueError("invalid directive, third element has to be an integer representing the depth")

    def get_job_id(self) -> str | None:
        """Return the name that the batch system gave the job."""
        return cast("str | None", self._get(self.SCHEDULER_JOB_ID_KEY))

    def set_job_id(self, job_id: int | str) -> None:
        """Set the name that the batch system gave the job."""
        self.base.attributes.set(self.SCHEDULER_JOB_ID_KEY, str(job_id))

    def get_scheduler_state(self) -> JobState | None:
        """Return the state of the job in the batch system."""
        state = self._get(self.SCHEDULER_STATE_KEY)
        return None if state is None else JobState(state)

    def set_scheduler_state(self, state: JobState) -> None:
        """Set the state of the job in the batch system, and that it was looked at now."""
        if not isinstance(state, JobState):
            raise ValueError(f"scheduler state should be an instance of JobState, got: {state}")
        self.base.attributes.set_many(
            {
                self.SCHEDULER_STATE_KEY: state.value,
                self.SCHEDULER_LAST_CHECK_TIME_KEY: timezone.now().isoformat(),
            }
        )

    def get_scheduler_lastchecktime(self) -> datetime.datetime | None:
        """Return when the batch system was last asked."""
        value = self._get(self.SCHEDULER_LAST_CHECK_TIME_KEY)
        return datetime.datetime.fromisoformat(value) if value else None

    def get_detailed_job_info(self) -> dict[str, Any] | None:
        """Return what the batch system's accounting says."""
        return cast("dict[str, Any] | None", self.base.attributes.get(self.SCHEDULER_DETAILED_JOB_INFO_KEY, None))

    def set_detailed_job_info(self, detailed_job_info: dict[str, Any] | None) -> None:
        """Set what the batch system's accounting says."""
        self.base.attributes.set(self.SCHEDULER_DETAILED_JOB_INFO_KEY, detailed_job_info)

    def get_last_job_info(self) -> JobInfo | None:
        """Return what the queue last said about the job."""
        info = self.base.attributes.get(self.SCHEDULER_LAST_JOB_INFO_KEY, None)
        return None if info is None else JobInfo.load_from_dict(info)

    def set_last_job_info(self, last_job_info: JobInfo) -> None:
        """Set what the queue last said about the job."""
        self.base.attributes.set(self.SCHEDULER_LAST_JOB_INFO_KEY, last_job_info.get_dict())

    # -- who and where -------------------------------------------------------------------------------------------------

    def get_authinfo(self) -> AuthInfo:
        """Return how the owner logs in to the computer."""
        computer = self.computer
        if computer is None:
            raise NotExistent("No computer has been set for this calculation")
        return computer.get_authinfo(self.user)

    def get_transport(self) -> Transport:
        """Return a closed transport to the computer."""
        return self.get_authinfo().get_transport()

    def get_parser_class(self) -> type[Parser] | None:
        """Return the class of the parser, `None` if none was named."""
        name = self.get_option("parser_name")
        return None if name is None else cast("type[Parser]", ParserFactory(name))

    # -- results -------------------------------------------------------------------------------------------------------

    @property
    def link_label_retrieved(self) -> str:
        """The label of the link to the retrieved files."""
        return "retrieved"

    def get_retrieved_node(self) -> FolderData | None:
        """Return the node with the retrieved files, `None` if there is none."""
        links = self.base.links.get_outgoing(link_type=LinkType.CREATE, link_label_filter=self.link_label_retrieved)
        first = links.first()
        return None if first is None else cast("FolderData", first.node)

    @property
    def res(self) -> CalcJobResultManager:
        """What the default output node holds."""
        return CalcJobResultManager(self)

    def get_scheduler_stdout(self) -> str | None:
        """Return what the script wrote to its standard output."""
        return self._get_retrieved_text("scheduler_stdout")

    def get_scheduler_stderr(self) -> str | None:
        """Return what the script wrote to its standard error."""
        return self._get_retrieved_text("scheduler_stderr")

    def _get_retrieved_text(self, option: str) -> str | None:
        filename = self.get_option(option)
        retrieved = self.get_retrieved_node()
        if filename is None or retrieved is None:
            return None
        try:
            return cast(str, retrieved.base.repository.get_object_content(filename))
        except OSError:
            return None

    def get_description(self) -> str:
        """Return the state of the job."""
        state = self.get_state()
        return str(state.value) if state else ""


# Options of every job: what is an option of a node whose process class is not to be found.
_COMMON_OPTIONS = frozenset(
    (
        "account",
        "additional_retrieve_list",
        "append_text",
        "custom_scheduler_commands",
        "environment_variables",
        "environment_variables_double_quotes",
        "import_sys_environment",
        "input_filename",
        "max_memory_kb",
        "max_wallclock_seconds",
        "mpirun_extra_params",
        "output_filename",
        "parser_name",
        "prepend_text",
        "priority",
        "qos",
        "queue_name",
        "rerunnable",
        "resources",
        "scheduler_stderr",
        "scheduler_stdout",
        "stash",
        "submit_script_filename",
        "unstash",
        "withmpi",
        "without_xml",
    )
)
