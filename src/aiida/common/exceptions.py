"""One tree of errors.

    AiidaException
    ├─ InternalError ─ PluginInternalError            a mistake of ours, or of a plugin
    ├─ NotExistent ─ ContentNotExistent, NotExistentAttributeError, NotExistentKeyError
    ├─ MultipleObjectsError, UniquenessError, IntegrityError, DbContentError
    ├─ ModificationNotAllowed, StoringNotAllowed, InvalidOperation, UnstorableValue
    ├─ ValidationError ─ InputValidationError
    ├─ EntryPointError ─ Missing…, Multiple…, Loading…, InvalidEntryPointTypeError
    ├─ ParsingError ─ OutputParsingError
    ├─ ConfigurationError ─ Missing…, Profile…, ConfigurationVersionError, CorruptStorage,
    │                       UnreachableStorage, IncompatibleDatabaseSchema ─ IncompatibleStorageSchema, …
    ├─ LockedProfileError, LockingProfileError, ClosedStorage, StorageBusy, DatabaseMigrationError, …
    ├─ Fenced                                         a write by somebody who no longer holds the lease
    └─ TransportTaskException, RemoteOperationError, CircusCallError, …

Kinds of failure that only one layer raises (`SchedulerError`, …) derive from this root in their own module.
"""

from __future__ import annotations

__all__ = (
    "AiidaException",
    "CircusCallError",
    "ClosedStorage",
    "ConfigurationError",
    "ConfigurationVersionError",
    "ContentNotExistent",
    "CorruptStorage",
    "DatabaseMigrationError",
    "DbContentError",
    "EntryPointError",
    "FailedError",
    "FeatureDisabled",
    "FeatureNotAvailable",
    "Fenced",
    "HashingError",
    "IncompatibleDatabaseSchema",
    "IncompatibleExternalDependencies",
    "IncompatibleStorageSchema",
    "InputValidationError",
    "IntegrityError",
    "InternalError",
    "InvalidEntryPointTypeError",
    "InvalidOperation",
    "LicensingException",
    "LoadingEntryPointError",
    "LockedProfileError",
    "LockingProfileError",
    "MissingConfigurationError",
    "MissingEntryPointError",
    "ModificationNotAllowed",
    "MultipleEntryPointError",
    "MultipleObjectsError",
    "NotExistent",
    "NotExistentAttributeError",
    "NotExistentKeyError",
    "OutputParsingError",
    "ParsingError",
    "PluginInternalError",
    "ProfileConfigurationError",
    "RemoteOperationError",
    "StashingError",
    "StorageBackupError",
    "StorageBusy",
    "StorageMigrationError",
    "StoringNotAllowed",
    "TestsNotAllowedError",
    "TransportTaskException",
    "UniquenessError",
    "UnreachableStorage",
    "UnstorableValue",
    "UnsupportedSchemaError",
    "UnsupportedSpeciesError",
    "ValidationError",
)


class AiidaException(Exception):
    """Root of all errors that the package raises on purpose."""


class InternalError(AiidaException):
    """Something that should be impossible happened: a bug of ours."""


class PluginInternalError(InternalError):
    """A bug in a plugin."""


class NotExistent(AiidaException):
    """What was asked for is not there."""


class ContentNotExistent(NotExistent):
    """An object of a repository is not there."""


class NotExistentAttributeError(AttributeError, NotExistent):
    """Not there, when asked for by attribute."""


class NotExistentKeyError(KeyError, NotExistent):
    """Not there, when asked for by key."""

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, which hides line breaks and doubles quotes in messages.
        return str(self.args[0]) if len(self.args) == 1 else Exception.__str__(self)


class MultipleObjectsError(AiidaException):
    """One object was asked for, several match."""


class UniquenessError(AiidaException):
    """The object would repeat something that must be unique."""


class IntegrityError(AiidaException):
    """The database refused a row that breaks one of its constraints."""


class DbContentError(AiidaException):
    """The database holds something that the schema does not allow."""


class ModificationNotAllowed(AiidaException):
    """The object is stored or sealed, so it may no longer change in this way."""


class StoringNotAllowed(AiidaException):
    """The object may not be stored."""


class InvalidOperation(AiidaException):
    """The operation makes no sense in the present state."""


class FailedError(AiidaException):
    """Something that was asked for failed, without more to say."""


class UnstorableValue(AiidaException):
    """The closed codec met a value that it does not know; `path` says where, `type` what."""

    def __init__(self, path: str, type: type, reason: str = "") -> None:
        self.path = path
        self.type = type
        self.reason = reason or "the codec of process state does not know this type"
        super().__init__(
            f"cannot store `{path}`, a value of type `{type.__module__}.{type.__qualname__}`: {self.reason}"
        )


class ValidationError(AiidaException):
    """A value is not valid."""


class InputValidationError(ValidationError):
    """The inputs of a calculation are not valid."""


class EntryPointError(AiidaException):
    """Root of what can go wrong with entry points."""


class MissingEntryPointError(EntryPointError):
    """No such entry point is registered."""


class MultipleEntryPointError(EntryPointError):
    """Several packages register the same name."""


class LoadingEntryPointError(EntryPointError):
    """The entry point is registered, but what it names cannot be loaded."""


class InvalidEntryPointTypeError(EntryPointError):
    """The entry point names something of another kind than its group requires."""


class ParsingError(AiidaException):
    """Root of errors in parsers."""


class OutputParsingError(ParsingError):
    """The output of a code cannot be parsed."""


class ConfigurationError(AiidaException):
    """Something about the configuration, the profile or what they name is wrong."""


class MissingConfigurationError(ConfigurationError):
    """There is no configuration file."""


class ConfigurationVersionError(ConfigurationError):
    """The configuration file has a version that this release cannot handle."""

    _can_downgrade = False


class ProfileConfigurationError(ConfigurationError):
    """The profile does not exist or is not valid."""


class CorruptStorage(ConfigurationError):
    """The storage contradicts itself."""


class UnreachableStorage(ConfigurationError):
    """The storage cannot be reached."""


class IncompatibleDatabaseSchema(ConfigurationError):
    """The database has another schema version than the code."""


class IncompatibleStorageSchema(IncompatibleDatabaseSchema):
    """The storage has another schema version than the code: it needs to be migrated."""


class IncompatibleExternalDependencies(ConfigurationError):
    """A service or library outside has a version that does not work."""


class DatabaseMigrationError(AiidaException):
    """Migration of a database failed."""


class StorageMigrationError(DatabaseMigrationError):
    """Migration of a storage failed."""


class StorageBackupError(AiidaException):
    """Backup of a storage failed."""


class StorageBusy(AiidaException):
    """Another process keeps the storage locked for longer than we are willing to wait; try again."""


class ClosedStorage(AiidaException):
    """The storage has been closed."""


class LockedProfileError(AiidaException):
    """The profile is locked by another process."""


class LockingProfileError(AiidaException):
    """The profile cannot be locked, as other processes use it."""


class Fenced(AiidaException):
    """A write was refused: somebody else holds the lease of this process now. Not an error of the process."""


class FeatureNotAvailable(AiidaException):
    """The plugin or component does not offer this."""


class FeatureDisabled(AiidaException):
    """The feature exists but is switched off."""


class UnsupportedSchemaError(AiidaException):
    """A document says that it follows a schema we do not know."""


class UnsupportedSpeciesError(ValueError):
    """The chemical species is not supported."""


class HashingError(AiidaException):
    """The object cannot be hashed."""


class LicensingException(AiidaException):
    """The licence of the source does not allow this."""


class TestsNotAllowedError(AiidaException):
    """Tests may not run on this profile."""

    __test__ = False


class TransportTaskException(AiidaException):
    """A task over a transport failed, for good."""


class RemoteOperationError(AiidaException):
    """An operation on the remote computer failed."""


class StashingError(AiidaException):
    """Stashing files failed."""


class CircusCallError(AiidaException):
    """A call to the daemon's supervisor failed."""
