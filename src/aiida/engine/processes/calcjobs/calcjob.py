"""The job: a calculation that an external code does, on some computer, through its scheduler.

This is the class that plugins subclass, up to the `CalcInfo` that `prepare_for_submission` returns. What is done with it, on which machine, is
`plan` (pure) and `effects`; who does it when, and what is written down, is the runtime.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from aiida.common.exceptions import EntryPointError, FeatureNotAvailable, InvalidOperation, NotExistent
from aiida.common.exit_code import ExitCode
from aiida.common.lang import classproperty
from aiida.engine.processes.calcjobs import executables, plan
from aiida.engine.processes.calcjobs.monitors import CalcJobMonitor
from aiida.engine.processes.calcjobs.options import define_options
from aiida.engine.processes.outcome import Outcome
from aiida.engine.processes.ports import PortNamespace
from aiida.engine.processes.process import Process
from aiida.engine.processes.process_spec import CalcJobProcessSpec, ProcessSpec
from aiida.orm import (
    AbstractCode,
    CalcJobNode,
    Computer,
    Dict,
    FolderData,
    InstalledCode,
    PortableCode,
    RemoteData,
    RemoteStashData,
)
from aiida.plugins.entry_point import get_entry_point_from_class
from aiida.plugins.factories import CalcJobImporterFactory
from aiida.schedulers.exit_codes import NODE_FAILURE

if t.TYPE_CHECKING:
    from aiida.common.datastructures import CalcInfo
    from aiida.common.folders import Folder
    from aiida.engine.processes.calcjobs.importer import CalcJobImporter

__all__ = ("CalcJob",)


def validate_calc_job(inputs: t.Any, namespace: PortNamespace) -> str | None:
    """Check what concerns several inputs: code, computer, resources. Ports that a work chain has excluded are not asked about."""
    if not all(name in namespace for name in ("code", "metadata", "remote_folder")):
        return None
    code, remote_folder = inputs.get("code"), inputs.get("remote_folder")
    metadata = inputs.get("metadata", {})
    if code is None and remote_folder is None:
        return "required value was not provided for 'code': give the code to run, or `remote_folder` to import a finished job"
    computer = metadata.get("computer")
    if computer is not None and not computer.is_stored:
        return f"the Computer<{computer}> is not stored"
    if remote_folder is not None:
        return None
    refusal = _check_computer(code, computer)
    if refusal is not None:
        return refusal
    return _check_resources(computer or code.computer, metadata.get("options", {}))


def _check_computer(code: AbstractCode, computer: Computer | None) -> str | None:
    """The code must run somewhere, and only in one place."""
    own = None if isinstance(code, PortableCode) else code.computer
    if own is None:
        return None if computer is not None else "no computer specified: the code is on none, so give `metadata.computer`"
    if computer is not None and computer.uuid != own.uuid:
        return (
            f"Computer<{computer}> explicitly defined in `metadata.computer` is different from Computer<{own}> which is the computer of "
            f"Code<{code}> defined as the `code` input."
        )
    return None


def _check_resources(computer: Computer, options: Mapping[str, t.Any]) -> str | None:
    try:
        scheduler = computer.get_scheduler()
    except Exception as exception:
        return f"could not get the scheduler of computer `{computer.label}`: {exception}"
    # In place: what the scheduler fills in shall be seen in the builder and on the node. Stored regression files of plugins rely on it.
    resources = options.get("resources", {})
    scheduler.preprocess_resources(resources, computer.get_default_mpiprocs_per_machine())
    try:
        scheduler.validate_resources(**resources)
    except (TypeError, ValueError) as exception:
        return f"input `metadata.options.resources` is not valid for the `{type(scheduler).__name__}` scheduler: {exception}"
    return None


def validate_monitors(monitors: t.Any, _: PortNamespace) -> str | None:
    """Check that each monitor can be loaded and takes what it is given."""
    for key, monitor in monitors.items():
        try:
            CalcJobMonitor(**monitor.get_dict())
        except (EntryPointError, TypeError, ValueError) as exception:
            return f"`monitors.{key}` is invalid: {exception}"
    return None


class CalcJob(Process):
    """A calculation done by an external code."""

    _node_class = CalcJobNode
    _spec_class = CalcJobProcessSpec
    link_label_retrieved: str = "retrieved"
    KEY_CACHE_VERSION: str = "cache_version"
    CACHE_VERSION: int | None = None
    #: whether the mark of the job tells that its script ran to the end with exit status 0.
    _ran_to_its_end: bool = False

    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        """Declare code, options, the outputs that every job has, and how it may fail."""
        super().define(spec)
        metadata = spec.metadata_key
        spec.inputs.validator = validate_calc_job
        spec.input("code", valid_type=AbstractCode, required=False, help="The code to run; not needed to import a finished job.")
        spec.input_namespace(
            "monitors", valid_type=Dict, required=False, validator=validate_monitors,
            help="Functions that look at the files of the running job and may stop it: `entry_point` and its `kwargs`.",
        )  # fmt: skip
        spec.input(
            "remote_folder", valid_type=RemoteData, required=False,
            help="The folder of a job that was run without us: its files are retrieved and parsed, and nothing is run.",
        )  # fmt: skip
        spec.input(f"{metadata}.dry_run", valid_type=bool, default=False, help="Whether to write the input files to a folder here, and stop.")
        spec.input(f"{metadata}.computer", valid_type=Computer, required=False, help="Where to run a code that lies on no computer.")
        define_options(spec)
        spec.output("remote_folder", valid_type=RemoteData, help="The folder in which the job was run.")
        spec.output("remote_stash", valid_type=RemoteStashData, required=False, help="What was kept on the computer.")
        spec.output(cls.link_label_retrieved, valid_type=FolderData, pass_to_parser=True, help="The files that were retrieved.")
        for status, label, message in _EXIT_CODES:
            spec.exit_code(status, label, invalidates_cache=True, message=message)

    @classproperty
    def spec_options(cls: t.Any) -> PortNamespace:
        """The namespace of option ports."""
        spec = cls.spec()
        return t.cast(PortNamespace, spec.inputs[spec.metadata_key][spec.options_key])

    @classmethod
    def get_importer(cls, entry_point_name: str | None = None) -> CalcJobImporter:
        """Return the importer of this class: by default the one with the entry point name of the class."""
        name = entry_point_name
        if name is None:
            entry_point = get_entry_point_from_class(cls.__module__, cls.__name__)[1]
            if entry_point is None:
                raise ValueError(f"could not determine the entry point of `{cls.__name__}`: give `entry_point_name`")
            name = entry_point.name
        return t.cast("CalcJobImporter", CalcJobImporterFactory(name)())

    # -- the instance -----------------------------------------------------------------------------------------------
    @property
    def node(self) -> CalcJobNode:
        """The node."""
        return t.cast(CalcJobNode, self._node)

    @property
    def options(self) -> t.Any:
        """The options, defaults included."""
        return self.metadata.get("options", {})

    def _setup_metadata(self, metadata: dict[str, t.Any]) -> None:
        """Put the options on the node; the computer is that of the code where none is given."""
        metadata = dict(metadata)
        for name, value in metadata.pop("options", {}).items():
            if isinstance(value, Mapping) and name in ("stash", "unstash"):
                value = dict(value)
                if not value:
                    continue
            self.node.set_option(name, value)
        super()._setup_metadata(metadata)
        if self.node.computer is None:
            source = self.inputs.get("code") or self.inputs.get("remote_folder")
            computer = None if source is None else source.computer
            if computer is not None:
                self.node.computer = computer

    def _must_check_outputs(self) -> bool:
        # Without a parser nobody could have attached what the plugin declares.
        return bool(self.node.get_option("parser_name"))

    def _finish(self, exit_code: ExitCode) -> ExitCode:
        """Check the outputs; an imported job has its folder among the inputs, so it is not missing among the outputs."""
        imported, attached = self.inputs.get("remote_folder"), self._outputs
        if imported is None:
            return super()._finish(exit_code)
        self._outputs = {"remote_folder": imported, **attached}
        try:
            return super()._finish(exit_code)
        finally:
            self._outputs = attached

    def _step(self, pointer: Sequence[int] | None) -> Outcome:
        raise InvalidOperation(f"`{self.get_name()}` is a job: its phases are run by the engine, there is no step to call")

    # -- before the upload ------------------------------------------------------------------------------------------
    def prepare_for_submission(self, folder: Folder) -> CalcInfo:
        """Write the input files into `folder` and say what is to be copied, run and retrieved. Plugins implement this."""
        raise NotImplementedError(f"`{self.get_name()}` does not implement `prepare_for_submission`")

    def presubmit(self, folder: Folder) -> CalcInfo:
        """Prepare the folder: the plugin's input files, the job script, and `.aiida` with what they were made from."""
        calc_info = self.prepare_for_submission(folder)
        drawn = plan.build(self, calc_info, folder)
        self.node._project({"retrieve_list": drawn.retrieve, "retrieve_temporary_list": drawn.retrieve_temporary})
        return calc_info

    # -- after the retrieval ----------------------------------------------------------------------------------------
    @staticmethod
    def terminate(exit_code: ExitCode) -> ExitCode:
        """Return the exit code: to end a job is to say how it ended."""
        return exit_code

    def parse(self, retrieved_temporary_folder: t.Any = None, existing_exit_code: ExitCode | None = None) -> ExitCode:
        """Parse the scheduler's output, then the retrieved files. The plugin's parser has the last word but for `existing_exit_code`."""
        try:
            retrieved = self.node.base.links.get_outgoing(link_label_filter=self.link_label_retrieved).one().node
        except ValueError:
            return t.cast(ExitCode, self.exit_codes.ERROR_NO_RETRIEVED_FOLDER)
        from_scheduler = self.parse_scheduler_output(retrieved)
        if self._ran_to_its_end and from_scheduler == NODE_FAILURE:
            # A controller that was down while the job ended takes it for lost with its node; the script itself knows better.
            self.logger.warning("the scheduler calls the node failed, but the job's script ran to its end with exit status 0")
            from_scheduler = None
        if from_scheduler is not None and from_scheduler.status > 0:
            # The parser may look at this: it knows better whether the results are good all the same.
            self.node._project({"exit_status": from_scheduler.status, "exit_message": from_scheduler.message})
            self.logger.warning("scheduler parser returned exit code<%d>: %s", from_scheduler.status, from_scheduler.message)
        folder = None if retrieved_temporary_folder is None else str(retrieved_temporary_folder)
        from_parser = self.parse_retrieved_output(folder)
        if from_parser is not None and from_parser.status > 0:
            self.logger.warning("output parser returned exit code<%d>: %s", from_parser.status, from_parser.message)
            self._say_if_nothing_was_started(retrieved)
        if existing_exit_code is not None:
            return existing_exit_code
        if from_parser is not None:
            return from_parser
        return from_scheduler or ExitCode()

    def parse_scheduler_output(self, retrieved: FolderData) -> ExitCode | None:
        """Let the scheduler plugin say from its own output whether the job failed; None if it cannot tell."""
        if self.node.computer is None:
            return None
        scheduler = self.node.computer.get_scheduler()
        texts = [self._read_scheduler_file(retrieved, name) for name in ("scheduler_stdout", "scheduler_stderr")]
        if None in texts:
            return None
        detailed = self.node.get_detailed_job_info()
        try:
            exit_code = scheduler.parse_output(detailed, *texts)
        except FeatureNotAvailable:
            self.logger.info("`%s` does not implement scheduler output parsing", type(scheduler).__name__)
            return None
        except Exception as exception:
            self.logger.error("the `parse_output` method of the scheduler excepted: %s", exception)
            return None
        if exit_code is not None and not isinstance(exit_code, ExitCode):
            raise ValueError(f"`{type(scheduler).__name__}.parse_output` returned neither an `ExitCode` nor None: {exit_code!r}")
        return exit_code

    def _say_if_nothing_was_started(self, retrieved: FolderData) -> None:
        """Warn if the job failed because its executable is not there: a parser only sees that output is missing."""
        code, name = self.inputs.get("code"), self.node.get_option("scheduler_stderr")
        names = retrieved.base.repository.list_object_names()
        if not isinstance(code, InstalledCode) or name not in names:
            return
        stderr = retrieved.base.repository.get_object_content(name)
        reason = executables.explain_start(stderr, str(code.filepath_executable), code.full_label, code.computer.label)
        if reason is not None:
            self.logger.warning(reason)

    def _read_scheduler_file(self, retrieved: FolderData, option: str) -> str | None:
        name = self.node.get_option(option)
        if name is None:
            return None
        try:
            return t.cast(str, retrieved.base.repository.get_object_content(name))
        except (FileNotFoundError, NotExistent):
            self.logger.warning("could not parse scheduler output: the `%s` file is missing", name)
            return None

    def parse_retrieved_output(self, retrieved_temporary_folder: str | None = None) -> ExitCode | None:
        """Run the plugin's parser and attach what it gives; None without a parser or without a verdict."""
        parser_class = self.node.get_parser_class()
        if parser_class is None:
            return None
        parser = parser_class(self.node)
        arguments = parser.get_outputs_for_parsing()
        if retrieved_temporary_folder:
            arguments["retrieved_temporary_folder"] = retrieved_temporary_folder
        exit_code = parser.parse(**arguments)
        for label, node in parser.outputs.items():
            self.out(label, node)
        if exit_code is not None and not isinstance(exit_code, ExitCode):
            raise ValueError(f"parse should return an `ExitCode` or None, and not {type(exit_code)}")
        return exit_code


_EXIT_CODES: tuple[tuple[int, str, str], ...] = (
    (100, "ERROR_NO_RETRIEVED_FOLDER", "The process did not have the required `retrieved` output."),
    (110, "ERROR_SCHEDULER_OUT_OF_MEMORY", "The job ran out of memory."),
    (120, "ERROR_SCHEDULER_OUT_OF_WALLTIME", "The job ran out of walltime."),
    (131, "ERROR_SCHEDULER_INVALID_ACCOUNT", "The specified account is invalid."),
    (140, "ERROR_SCHEDULER_NODE_FAILURE", "The node running the job failed."),
    (150, "STOPPED_BY_MONITOR", "{message}"),
    (160, "ERROR_STASHING_FAILED", "{message}"),
)
