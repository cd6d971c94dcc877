"""The vocabulary: words that every layer may use. Imports nothing of ours from above.

Pure, but for `clock`, `folders`, `files`, `slots` and `log`, which touch the world.
"""

from aiida._lazy import front_door

_HOMES = {
    **dict.fromkeys(
        """AiidaException CircusCallError ClosedStorage ConfigurationError ConfigurationVersionError ContentNotExistent
        CorruptStorage DatabaseMigrationError DbContentError EntryPointError FailedError FeatureDisabled FeatureNotAvailable
        Fenced HashingError IncompatibleDatabaseSchema IncompatibleExternalDependencies IncompatibleStorageSchema
        InputValidationError IntegrityError InternalError InvalidEntryPointTypeError InvalidOperation LicensingException
        LoadingEntryPointError LockedProfileError LockingProfileError MissingConfigurationError MissingEntryPointError
        ModificationNotAllowed MultipleEntryPointError MultipleObjectsError NotExistent NotExistentAttributeError
        NotExistentKeyError OutputParsingError ParsingError PluginInternalError ProfileConfigurationError RemoteOperationError
        StashingError StorageBackupError StorageBusy StorageMigrationError StoringNotAllowed TestsNotAllowedError
        TransportTaskException UniquenessError UnreachableStorage UnstorableValue UnsupportedSchemaError
        UnsupportedSpeciesError ValidationError""".split(),
        "aiida.common.exceptions",
    ),
    **dict.fromkeys(
        "AttributeDict DefaultFieldsAttributeDict FixedFieldsAttributeDict".split(), "aiida.common.extendeddicts"
    ),
    **dict.fromkeys(
        "CalcInfo CalcJobState CodeInfo CodeRunMode StashMode UnstashTargetMode".split(), "aiida.common.datastructures"
    ),
    **dict.fromkeys(
        "GraphTraversalRule GraphTraversalRules LinkType validate_link_label".split(), "aiida.common.links"
    ),
    **dict.fromkeys("AIIDA_LOGGER override_log_level".split(), "aiida.common.log"),
    **dict.fromkeys(
        """ProgressReporterAbstract TQDM_BAR_FORMAT create_callback get_progress_reporter set_progress_bar_tqdm
        set_progress_reporter""".split(),
        "aiida.common.progress_reporter",
    ),
    "url2pathname": "aiida.common.utils",
    # Modules that plugins reach as attributes of the package.
    **{
        name: f"aiida.common.{name}"
        for name in """clock constants datastructures escaping exceptions exit_code extendeddicts files folders hashing lang
        links log paths profile progress_reporter pydantic serial slots timezone utils warnings""".split()
    },
}

__getattr__, __dir__, __all__ = front_door(__name__, _HOMES)
