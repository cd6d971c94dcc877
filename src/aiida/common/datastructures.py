"""What a plugin hands over: which files, which codes, which mode. Values only."""

from __future__ import annotations

from enum import Enum, IntEnum

from aiida.common.extendeddicts import DefaultFieldsAttributeDict

__all__ = (
    "CalcInfo",
    "CalcJobState",
    "CodeInfo",
    "CodeRunMode",
    "FileCopyOperation",
    "StashMode",
    "UnstashTargetMode",
)


class StashMode(Enum):
    """How files are kept on the remote computer after a job."""

    COPY = "copy"
    COMPRESS_TAR = "tar"
    COMPRESS_TARBZ2 = "tar.bz2"
    COMPRESS_TARGZ = "tar.gz"
    COMPRESS_TARXZ = "tar.xz"
    SUBMIT_CUSTOM_CODE = "submit_custom_code"


class UnstashTargetMode(Enum):
    """Where stashed files are put back to."""

    OriginalPlace = "OriginalPlace"
    NewRemoteData = "NewRemoteData"


class CalcJobState(Enum):
    """What is being done for a calculation job at the moment."""

    UPLOADING = "uploading"
    SUBMITTING = "submitting"
    WITHSCHEDULER = "withscheduler"
    STASHING = "stashing"
    UNSTASHING = "unstashing"
    RETRIEVING = "retrieving"
    PARSING = "parsing"


class FileCopyOperation(IntEnum):
    """A kind of copying during upload; `CalcInfo.file_copy_operation_order` sets the order (default: as listed)."""

    LOCAL = 0
    REMOTE = 1
    SANDBOX = 2


class CodeRunMode(IntEnum):
    """How several codes of one job run: one after the other, or all at once."""

    SERIAL = 0
    PARALLEL = 1


class CalcInfo(DefaultFieldsAttributeDict):
    """What `CalcJob.prepare_for_submission` returns: files to copy and to retrieve, codes to run. Unset fields read as `None`."""

    _default_fields = (
        "job_environment",
        "email",
        "email_on_started",
        "email_on_terminated",
        "uuid",
        "prepend_text",
        "append_text",
        "num_machines",
        "num_mpiprocs_per_machine",
        "priority",
        "max_wallclock_seconds",
        "max_memory_kb",
        "rerunnable",
        "retrieve_list",
        "retrieve_temporary_list",
        "local_copy_list",
        "remote_copy_list",
        "remote_symlink_list",
        "provenance_exclude_list",
        "codes_info",
        "codes_run_mode",
        "skip_submit",
        "file_copy_operation_order",
    )


class CodeInfo(DefaultFieldsAttributeDict):
    """How one code of a job is called: arguments, redirections, with MPI or not. Unset fields read as `None`."""

    _default_fields = (
        "cmdline_params",
        "stdin_name",
        "stdout_name",
        "stderr_name",
        "join_files",
        "withmpi",
        "code_uuid",
    )
