"""From what a plugin hands over to what is done on the machine: CalcInfo + codes + computer + options -> plan. Pure, but for `build`."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from aiida.common.datastructures import CalcInfo, CodeInfo, CodeRunMode, FileCopyOperation
from aiida.common.exceptions import InputValidationError, PluginInternalError
from aiida.engine.processes.calcjobs.facts import name_of_job
from aiida.orm import PortableCode, load_node
from aiida.schedulers.datastructures import JobTemplate, JobTemplateCodeInfo

if TYPE_CHECKING:
    from aiida.common.folders import Folder
    from aiida.engine.processes.calcjobs.calcjob import CalcJob
    from aiida.orm import AbstractCode, Computer
    from aiida.schedulers.scheduler import Scheduler

__all__ = ("DEFAULT_ORDER", "Plan", "build", "draw_plan", "draw_template")

DEFAULT_ORDER = [FileCopyOperation.SANDBOX, FileCopyOperation.LOCAL, FileCopyOperation.REMOTE]

#: where the folder keeps what it was made from.
RECORDS = ".aiida"


class Plan(msgspec.Struct, kw_only=True):
    """What is to be copied, run and retrieved; everything in it can be stored as JSON."""

    script: str
    script_text: str = ""
    skip_submit: bool = False
    rerunnable: bool = False
    order: list[int] = []
    exclude: list[str] = []
    local: list[tuple[str, str, str]] = []
    remote: list[tuple[str, str, str]] = []
    links: list[tuple[str, str, str]] = []
    #: uuids of codes whose files travel with the job, and the name of their executable.
    portable: list[tuple[str, str]] = []
    retrieve: list[Any] = []
    retrieve_temporary: list[Any] = []
    #: set when an existing remote folder is imported: nothing is uploaded.
    imported: str = ""


def build(process: CalcJob, calc_info: CalcInfo, folder: Folder) -> Plan:
    """Complete `calc_info`, write the submit script and the records of both into `folder`, and return the plan."""
    computer = _computer_of(process)
    codes = [_load_code(process, info) for info in _list(calc_info, "codes_info")]
    for code in codes:
        _check_code(code, computer, folder)
    options = process.node.get_options()
    scheduler = computer.get_scheduler()
    retrieve = complete(calc_info, process.node.uuid, options)
    template = draw_template(calc_info, codes, computer, scheduler, options, name_of_job(process.node.pk))
    text = scheduler.get_submit_script(template)
    plan = draw_plan(calc_info, options, codes, text, retrieve)
    folder.create_file_from_filelike(io.StringIO(text), plan.script, "w", encoding="utf-8")
    records = folder.get_subfolder(RECORDS, create=True)
    for name, value in (("job_tmpl.json", template), ("calcinfo.json", calc_info)):
        records.create_file_from_filelike(io.StringIO(json.dumps(value, default=_plain)), name, "w", encoding="utf-8")
    return plan


def complete(calc_info: CalcInfo, uuid: str, options: Mapping[str, Any]) -> list[Any]:
    """Fill in what the engine knows; return what is to be retrieved: files of the scheduler too, and what options add.

    What the plugin left open stays open in the record of its `CalcInfo`.
    """
    retrieve = list(_list(calc_info, "retrieve_list"))
    for name in (options.get("scheduler_stdout"), options.get("scheduler_stderr")):
        if name and name not in retrieve:
            retrieve.append(name)
    retrieve += options.get("additional_retrieve_list") or []
    if calc_info.retrieve_list is not None:
        calc_info.retrieve_list = retrieve
    calc_info.uuid = uuid
    if calc_info.file_copy_operation_order is None:
        calc_info.file_copy_operation_order = list(DEFAULT_ORDER)
    if not all(isinstance(item, FileCopyOperation) for item in calc_info.file_copy_operation_order):
        raise PluginInternalError(
            f"`file_copy_operation_order` is not a list of `FileCopyOperation`: {calc_info.file_copy_operation_order!r}"
        )
    return retrieve


def draw_plan(
    calc_info: CalcInfo, options: Mapping[str, Any], codes: Sequence[AbstractCode], script_text: str, retrieve: list[Any]
) -> Plan:
    """Return what is to be done with files."""
    return Plan(
        script=options.get("submit_script_filename") or "_aiidasubmit.sh",
        script_text=script_text,
        skip_submit=bool(calc_info.skip_submit),
        rerunnable=bool(options.get("rerunnable")),
        order=[int(item) for item in calc_info.file_copy_operation_order],
        exclude=[os.path.normpath(str(path)) for path in _list(calc_info, "provenance_exclude_list")],
        local=[_triple(item, "local_copy_list") for item in _list(calc_info, "local_copy_list")],
        remote=[_triple(item, "remote_copy_list") for item in _list(calc_info, "remote_copy_list")],
        links=[_triple(item, "remote_symlink_list") for item in _list(calc_info, "remote_symlink_list")],
        portable=[(code.uuid, str(code.filepath_executable)) for code in codes if isinstance(code, PortableCode)],
        retrieve=retrieve,
        retrieve_temporary=list(_list(calc_info, "retrieve_temporary_list")),
    )


def draw_template(
    calc_info: CalcInfo,
    codes: Sequence[AbstractCode],
    computer: Computer,
    scheduler: Scheduler,
    options: Mapping[str, Any],
    name: str,
) -> JobTemplate:
    """Return what goes into the submit script."""
    template = JobTemplate()
    template.submit_as_hold = False
    template.rerunnable = bool(options.get("rerunnable", False))
    template.job_name = name
    template.sched_output_path = options.get("scheduler_stdout")
    template.shebang = computer.get_shebang()
    template.sched_join_files = bool(template.sched_output_path) and template.sched_output_path == options.get("scheduler_stderr")
    if not template.sched_join_files:
        template.sched_error_path = options.get("scheduler_stderr")
    distinct = list({code.uuid: code for code in codes}.values())
    before = [computer.get_prepend_text(), *(c.prepend_text for c in distinct), calc_info.prepend_text, options.get("prepend_text")]
    after = [options.get("append_text"), calc_info.append_text, *(c.append_text for c in distinct), computer.get_append_text()]
    template.prepend_text = "\n\n".join(text for text in before if text)
    template.append_text = "\n\n".join(text for text in after if text)

    resources = dict(options.get("resources") or {})
    scheduler.preprocess_resources(resources, computer.get_default_mpiprocs_per_machine())
    template.job_resource = scheduler.create_job_resource(**resources)
    mpi_words = {"tot_num_mpiprocs": template.job_resource.get_tot_num_mpiprocs(), **template.job_resource}
    mpirun = [word.format(**mpi_words) for word in computer.get_mpirun_command()]
    template.codes_info = [
        draw_code(info, code, computer, options, mpirun) for info, code in zip(_list(calc_info, "codes_info"), codes, strict=True)
    ]
    template.codes_run_mode = calc_info.codes_run_mode if calc_info.codes_run_mode is not None else CodeRunMode.SERIAL

    for key in ("custom_scheduler_commands", "import_sys_environment", "queue_name", "account", "qos", "priority", "max_wallclock_seconds"):
        if options.get(key) not in (None, ""):
            template[key] = options[key]
    template.job_environment = dict(options.get("environment_variables") or {})
    template.environment_variables_double_quotes = bool(options.get("environment_variables_double_quotes", False))
    template.max_memory_kb = options.get("max_memory_kb")
    if template.max_memory_kb is None and scheduler.job_resource_class.accepts_default_memory_per_machine():
        template.max_memory_kb = computer.get_default_memory_per_machine()
    return template


def draw_code(
    info: CodeInfo, code: AbstractCode, computer: Computer, options: Mapping[str, Any], mpirun: list[str]
) -> JobTemplateCodeInfo:
    """Return the command line of one code."""
    extra = list(options.get("mpirun_extra_params") or [])
    with_mpi = decide_mpi(info.withmpi, code.with_mpi, options.get("withmpi"), code.full_label)
    prepend = code.get_prepend_cmdline_params(mpirun, extra) if with_mpi else code.get_prepend_cmdline_params()
    return JobTemplateCodeInfo(
        prepend_cmdline_params=prepend,
        cmdline_params=[str(word) for word in code.get_executable_cmdline_params(info.cmdline_params)],
        use_double_quotes=[computer.get_use_double_quotes(), code.use_double_quotes],
        wrap_cmdline_params=code.wrap_cmdline_params,
        stdin_name=info.stdin_name,
        stdout_name=info.stdout_name,
        stderr_name=info.stderr_name,
        join_files=bool(info.join_files),
    )


def decide_mpi(by_plugin: bool | None, by_code: bool | None, by_options: bool | None, label: str) -> bool:
    """Return whether to run with MPI; those who have an opinion must agree."""
    opinions = {"the plugin": by_plugin, f"the code {label}": by_code, "the option `withmpi`": by_options}
    given = {who: bool(what) for who, what in opinions.items() if what is not None}
    if len(set(given.values())) > 1:
        raise RuntimeError(f"Inconsistent requirements as to whether code {label} should be run with or without MPI: {given}")
    return next(iter(given.values()), False)


# --- small checks ----------------------------------------------------------------------------------------------------------


def _computer_of(process: CalcJob) -> Computer:
    computer = process.node.computer
    if computer is None:
        raise InputValidationError(f"process {process.node} has no computer: give a code on one, or `metadata.computer`")
    return computer


def _load_code(process: CalcJob, info: CodeInfo) -> AbstractCode:
    if not info.code_uuid:
        raise PluginInternalError("a `CodeInfo` has no `code_uuid`: which code is to be launched?")
    from_inputs = find_input(process.inputs, info.code_uuid)
    if from_inputs is not None:
        return from_inputs
    return load_node(uuid=info.code_uuid)


def find_input(inputs: Any, uuid: str) -> Any:
    """Return the input node with this uuid, wherever in the namespaces it lies; also while it is not stored."""
    for value in inputs.values():
        if isinstance(value, Mapping):
            found = find_input(value, uuid)
            if found is not None:
                return found
        elif getattr(value, "uuid", None) == uuid:
            return value
    return None


def _check_code(code: AbstractCode, computer: Computer, folder: Folder) -> None:
    if not code.can_run_on_computer(computer):
        raise InputValidationError(f"The selected code {code.full_label} for calculation cannot run on computer {computer.label}")
    code.validate_working_directory(folder)


def _list(calc_info: CalcInfo, name: str) -> Sequence[Any]:
    value = calc_info.get(name) if isinstance(calc_info, dict) else getattr(calc_info, name)
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        raise PluginInternalError(f"`CalcInfo.{name}` must be a list, not {type(value).__name__}")
    return value


def _triple(item: Any, name: str) -> tuple[str, str, str]:
    try:
        first, second, third = item
    except (TypeError, ValueError):
        raise PluginInternalError(f"an entry of `CalcInfo.{name}` must have three parts, this one has not: {item!r}") from None
    return str(first), "" if second is None else str(second), "" if third is None else str(third)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
