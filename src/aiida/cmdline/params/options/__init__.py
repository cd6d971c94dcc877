"""Options that commands share."""

from typing import TYPE_CHECKING

from aiida._lazy import front_door

if TYPE_CHECKING:
    from aiida.cmdline.params.options.callable import (
        CallableDefaultOption as CallableDefaultOption,
    )
    from aiida.cmdline.params.options.config import (
        ConfigFileOption as ConfigFileOption,
    )
    from aiida.cmdline.params.options.main import (
        ALL as ALL,
    )
    from aiida.cmdline.params.options.main import (
        ALL_STATES as ALL_STATES,
    )
    from aiida.cmdline.params.options.main import (
        ALL_USERS as ALL_USERS,
    )
    from aiida.cmdline.params.options.main import (
        ALSO_UNGROUPED as ALSO_UNGROUPED,
    )
    from aiida.cmdline.params.options.main import (
        APPEND_TEXT as APPEND_TEXT,
    )
    from aiida.cmdline.params.options.main import (
        ARCHIVE_FORMAT as ARCHIVE_FORMAT,
    )
    from aiida.cmdline.params.options.main import (
        BROKER_HOST as BROKER_HOST,
    )
    from aiida.cmdline.params.options.main import (
        BROKER_PASSWORD as BROKER_PASSWORD,
    )
    from aiida.cmdline.params.options.main import (
        BROKER_PORT as BROKER_PORT,
    )
    from aiida.cmdline.params.options.main import (
        BROKER_PROTOCOL as BROKER_PROTOCOL,
    )
    from aiida.cmdline.params.options.main import (
        BROKER_USERNAME as BROKER_USERNAME,
    )
    from aiida.cmdline.params.options.main import (
        BROKER_VIRTUAL_HOST as BROKER_VIRTUAL_HOST,
    )
    from aiida.cmdline.params.options.main import (
        CALC_JOB_STATE as CALC_JOB_STATE,
    )
    from aiida.cmdline.params.options.main import (
        CALCULATION as CALCULATION,
    )
    from aiida.cmdline.params.options.main import (
        CALCULATIONS as CALCULATIONS,
    )
    from aiida.cmdline.params.options.main import (
        CODE as CODE,
    )
    from aiida.cmdline.params.options.main import (
        CODES as CODES,
    )
    from aiida.cmdline.params.options.main import (
        COMPUTER as COMPUTER,
    )
    from aiida.cmdline.params.options.main import (
        COMPUTERS as COMPUTERS,
    )
    from aiida.cmdline.params.options.main import (
        CONFIG_FILE as CONFIG_FILE,
    )
    from aiida.cmdline.params.options.main import (
        DATA as DATA,
    )
    from aiida.cmdline.params.options.main import (
        DATUM as DATUM,
    )
    from aiida.cmdline.params.options.main import (
        DB_BACKEND as DB_BACKEND,
    )
    from aiida.cmdline.params.options.main import (
        DB_ENGINE as DB_ENGINE,
    )
    from aiida.cmdline.params.options.main import (
        DB_HOST as DB_HOST,
    )
    from aiida.cmdline.params.options.main import (
        DB_NAME as DB_NAME,
    )
    from aiida.cmdline.params.options.main import (
        DB_PASSWORD as DB_PASSWORD,
    )
    from aiida.cmdline.params.options.main import (
        DB_PORT as DB_PORT,
    )
    from aiida.cmdline.params.options.main import (
        DB_USERNAME as DB_USERNAME,
    )
    from aiida.cmdline.params.options.main import (
        DEBUG as DEBUG,
    )
    from aiida.cmdline.params.options.main import (
        DELETE_MISSING as DELETE_MISSING,
    )
    from aiida.cmdline.params.options.main import (
        DESCRIPTION as DESCRIPTION,
    )
    from aiida.cmdline.params.options.main import (
        DICT_FORMAT as DICT_FORMAT,
    )
    from aiida.cmdline.params.options.main import (
        DICT_KEYS as DICT_KEYS,
    )
    from aiida.cmdline.params.options.main import (
        DRY_RUN as DRY_RUN,
    )
    from aiida.cmdline.params.options.main import (
        DUMP_UNSEALED as DUMP_UNSEALED,
    )
    from aiida.cmdline.params.options.main import (
        END_DATE as END_DATE,
    )
    from aiida.cmdline.params.options.main import (
        EXIT_STATUS as EXIT_STATUS,
    )
    from aiida.cmdline.params.options.main import (
        EXPORT_FORMAT as EXPORT_FORMAT,
    )
    from aiida.cmdline.params.options.main import (
        FAILED as FAILED,
    )
    from aiida.cmdline.params.options.main import (
        FILTER_BY_LAST_DUMP_TIME as FILTER_BY_LAST_DUMP_TIME,
    )
    from aiida.cmdline.params.options.main import (
        FLAT as FLAT,
    )
    from aiida.cmdline.params.options.main import (
        FORCE as FORCE,
    )
    from aiida.cmdline.params.options.main import (
        FORMULA_MODE as FORMULA_MODE,
    )
    from aiida.cmdline.params.options.main import (
        FREQUENCY as FREQUENCY,
    )
    from aiida.cmdline.params.options.main import (
        GROUP as GROUP,
    )
    from aiida.cmdline.params.options.main import (
        GROUP_CLEAR as GROUP_CLEAR,
    )
    from aiida.cmdline.params.options.main import (
        GROUPS as GROUPS,
    )
    from aiida.cmdline.params.options.main import (
        HOSTNAME as HOSTNAME,
    )
    from aiida.cmdline.params.options.main import (
        IDENTIFIER as IDENTIFIER,
    )
    from aiida.cmdline.params.options.main import (
        INCLUDE_ATTRIBUTES as INCLUDE_ATTRIBUTES,
    )
    from aiida.cmdline.params.options.main import (
        INCLUDE_EXTRAS as INCLUDE_EXTRAS,
    )
    from aiida.cmdline.params.options.main import (
        INCLUDE_INPUTS as INCLUDE_INPUTS,
    )
    from aiida.cmdline.params.options.main import (
        INCLUDE_OUTPUTS as INCLUDE_OUTPUTS,
    )
    from aiida.cmdline.params.options.main import (
        INPUT_FORMAT as INPUT_FORMAT,
    )
    from aiida.cmdline.params.options.main import (
        INPUT_PLUGIN as INPUT_PLUGIN,
    )
    from aiida.cmdline.params.options.main import (
        LABEL as LABEL,
    )
    from aiida.cmdline.params.options.main import (
        LIMIT as LIMIT,
    )
    from aiida.cmdline.params.options.main import (
        MOST_RECENT_NODE as MOST_RECENT_NODE,
    )
    from aiida.cmdline.params.options.main import (
        NODE as NODE,
    )
    from aiida.cmdline.params.options.main import (
        NODES as NODES,
    )
    from aiida.cmdline.params.options.main import (
        NON_INTERACTIVE as NON_INTERACTIVE,
    )
    from aiida.cmdline.params.options.main import (
        OLDER_THAN as OLDER_THAN,
    )
    from aiida.cmdline.params.options.main import (
        ONLY_TOP_LEVEL_CALCS as ONLY_TOP_LEVEL_CALCS,
    )
    from aiida.cmdline.params.options.main import (
        ONLY_TOP_LEVEL_WORKFLOWS as ONLY_TOP_LEVEL_WORKFLOWS,
    )
    from aiida.cmdline.params.options.main import (
        ORDER_BY as ORDER_BY,
    )
    from aiida.cmdline.params.options.main import (
        ORDER_DIRECTION as ORDER_DIRECTION,
    )
    from aiida.cmdline.params.options.main import (
        ORGANIZE_BY_GROUPS as ORGANIZE_BY_GROUPS,
    )
    from aiida.cmdline.params.options.main import (
        OVERWRITE as OVERWRITE,
    )
    from aiida.cmdline.params.options.main import (
        PAST_DAYS as PAST_DAYS,
    )
    from aiida.cmdline.params.options.main import (
        PATH as PATH,
    )
    from aiida.cmdline.params.options.main import (
        PAUSED as PAUSED,
    )
    from aiida.cmdline.params.options.main import (
        PORT as PORT,
    )
    from aiida.cmdline.params.options.main import (
        PREPEND_TEXT as PREPEND_TEXT,
    )
    from aiida.cmdline.params.options.main import (
        PRINT_TRACEBACK as PRINT_TRACEBACK,
    )
    from aiida.cmdline.params.options.main import (
        PROCESS_LABEL as PROCESS_LABEL,
    )
    from aiida.cmdline.params.options.main import (
        PROCESS_STATE as PROCESS_STATE,
    )
    from aiida.cmdline.params.options.main import (
        PROFILE as PROFILE,
    )
    from aiida.cmdline.params.options.main import (
        PROFILE_ONLY_CONFIG as PROFILE_ONLY_CONFIG,
    )
    from aiida.cmdline.params.options.main import (
        PROFILE_SET_DEFAULT as PROFILE_SET_DEFAULT,
    )
    from aiida.cmdline.params.options.main import (
        PROJECT as PROJECT,
    )
    from aiida.cmdline.params.options.main import (
        RAW as RAW,
    )
    from aiida.cmdline.params.options.main import (
        RELABEL_GROUPS as RELABEL_GROUPS,
    )
    from aiida.cmdline.params.options.main import (
        REPOSITORY_PATH as REPOSITORY_PATH,
    )
    from aiida.cmdline.params.options.main import (
        SCHEDULER as SCHEDULER,
    )
    from aiida.cmdline.params.options.main import (
        SILENT as SILENT,
    )
    from aiida.cmdline.params.options.main import (
        SORT as SORT,
    )
    from aiida.cmdline.params.options.main import (
        START_DATE as START_DATE,
    )
    from aiida.cmdline.params.options.main import (
        SYMLINK_CALCS as SYMLINK_CALCS,
    )
    from aiida.cmdline.params.options.main import (
        TIMEOUT as TIMEOUT,
    )
    from aiida.cmdline.params.options.main import (
        TRAJECTORY_INDEX as TRAJECTORY_INDEX,
    )
    from aiida.cmdline.params.options.main import (
        TRANSPORT as TRANSPORT,
    )
    from aiida.cmdline.params.options.main import (
        TRAVERSAL_RULE_HELP_STRING as TRAVERSAL_RULE_HELP_STRING,
    )
    from aiida.cmdline.params.options.main import (
        TYPE_STRING as TYPE_STRING,
    )
    from aiida.cmdline.params.options.main import (
        USER as USER,
    )
    from aiida.cmdline.params.options.main import (
        USER_EMAIL as USER_EMAIL,
    )
    from aiida.cmdline.params.options.main import (
        USER_FIRST_NAME as USER_FIRST_NAME,
    )
    from aiida.cmdline.params.options.main import (
        USER_INSTITUTION as USER_INSTITUTION,
    )
    from aiida.cmdline.params.options.main import (
        USER_LAST_NAME as USER_LAST_NAME,
    )
    from aiida.cmdline.params.options.main import (
        VISUALIZATION_FORMAT as VISUALIZATION_FORMAT,
    )
    from aiida.cmdline.params.options.main import (
        WITH_ELEMENTS as WITH_ELEMENTS,
    )
    from aiida.cmdline.params.options.main import (
        WITH_ELEMENTS_EXCLUSIVE as WITH_ELEMENTS_EXCLUSIVE,
    )
    from aiida.cmdline.params.options.main import (
        active_process_states as active_process_states,
    )
    from aiida.cmdline.params.options.main import (
        graph_traversal_rules as graph_traversal_rules,
    )
    from aiida.cmdline.params.options.main import (
        valid_calc_job_states as valid_calc_job_states,
    )
    from aiida.cmdline.params.options.main import (
        valid_process_states as valid_process_states,
    )
    from aiida.cmdline.params.options.multivalue import (
        MultipleValueOption as MultipleValueOption,
    )
    from aiida.cmdline.params.options.overridable import (
        OverridableOption as OverridableOption,
    )
    from aiida.cmdline.params.options.verbosity import (
        VERBOSITY as VERBOSITY,
    )

_NAMES = (
    "ALL", "ALL_STATES", "ALL_USERS", "ALSO_UNGROUPED", "APPEND_TEXT", "ARCHIVE_FORMAT", "BROKER_HOST",
    "BROKER_PASSWORD", "BROKER_PORT", "BROKER_PROTOCOL", "BROKER_USERNAME", "BROKER_VIRTUAL_HOST",
    "CALCULATION", "CALCULATIONS", "CALC_JOB_STATE", "CODE", "CODES", "COMPUTER", "COMPUTERS", "CONFIG_FILE",
    "DATA", "DATUM", "DB_BACKEND", "DB_ENGINE", "DB_HOST", "DB_NAME", "DB_PASSWORD", "DB_PORT", "DB_USERNAME",
    "DEBUG", "DELETE_MISSING", "DESCRIPTION", "DICT_FORMAT", "DICT_KEYS", "DRY_RUN", "DUMP_UNSEALED",
    "END_DATE", "EXIT_STATUS", "EXPORT_FORMAT", "FAILED", "FILTER_BY_LAST_DUMP_TIME", "FLAT", "FORCE",
    "FORMULA_MODE", "FREQUENCY", "GROUP", "GROUPS", "GROUP_CLEAR", "HOSTNAME", "IDENTIFIER",
    "INCLUDE_ATTRIBUTES", "INCLUDE_EXTRAS", "INCLUDE_INPUTS", "INCLUDE_OUTPUTS", "INPUT_FORMAT",
    "INPUT_PLUGIN", "LABEL", "LIMIT", "MOST_RECENT_NODE", "NODE", "NODES", "NON_INTERACTIVE", "OLDER_THAN",
    "ONLY_TOP_LEVEL_CALCS", "ONLY_TOP_LEVEL_WORKFLOWS", "ORDER_BY", "ORDER_DIRECTION", "ORGANIZE_BY_GROUPS",
    "OVERWRITE", "PAST_DAYS", "PATH", "PAUSED", "PORT", "PREPEND_TEXT", "PRINT_TRACEBACK", "PROCESS_LABEL",
    "PROCESS_STATE", "PROFILE", "PROFILE_ONLY_CONFIG", "PROFILE_SET_DEFAULT", "PROJECT", "RAW",
    "RELABEL_GROUPS", "REPOSITORY_PATH", "SCHEDULER", "SILENT", "SORT", "START_DATE", "SYMLINK_CALCS",
    "TIMEOUT", "TRAJECTORY_INDEX", "TRANSPORT", "TRAVERSAL_RULE_HELP_STRING", "TYPE_STRING", "USER",
    "USER_EMAIL", "USER_FIRST_NAME", "USER_INSTITUTION", "USER_LAST_NAME", "VERBOSITY",
    "VISUALIZATION_FORMAT", "WITH_ELEMENTS", "WITH_ELEMENTS_EXCLUSIVE", "active_process_states",
    "graph_traversal_rules", "valid_calc_job_states", "valid_process_states",
)  # fmt: skip

__getattr__, __dir__, __all__ = front_door(
    __name__,
    dict.fromkeys(_NAMES, "aiida.cmdline.params.options.main")
    | {
        "VERBOSITY": "aiida.cmdline.params.options.verbosity",
        "CallableDefaultOption": "aiida.cmdline.params.options.callable",
        "ConfigFileOption": "aiida.cmdline.params.options.config",
        "MultipleValueOption": "aiida.cmdline.params.options.multivalue",
        "OverridableOption": "aiida.cmdline.params.options.overridable",
    },
)
