"""The configuration file as pydantic models, made from the table of options: for its JSON schema and for checking a file from elsewhere."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, create_model, field_serializer, field_validator

from aiida.manage.configuration.migrations import CURRENT_CONFIG_VERSION, OLDEST_COMPATIBLE_CONFIG_VERSION
from aiida.manage.configuration.options import OPTIONS, Option
from aiida.manage.configuration.patterns import check_identifier_pattern

__all__ = (
    "ConfigSchema",
    "ConfigVersionSchema",
    "GlobalOptionsSchema",
    "ProcessControlConfig",
    "ProfileOptionsSchema",
    "ProfileSchema",
    "ProfileStorageConfig",
)


def _field(option: Option) -> tuple[Any, Any]:
    extra: dict[str, Any] | None = {"requires_daemon_restart": True} if option.requires_daemon_restart else None
    # The name of the field is that of the option with `__` for `.`; in the file it stands as users write it.
    return option.valid_type, Field(
        option.default,
        alias=option.name,
        description=option.description,
        json_schema_extra=extra,
        validate_default=True,
    )


def _fields(global_only: bool) -> dict[str, Any]:
    return {
        name.replace(".", "__"): _field(option) for name, option in OPTIONS.items() if option.global_only is global_only
    }


class _Options(BaseModel):
    model_config = ConfigDict(use_enum_values=True, populate_by_name=True)

    @field_validator("caching__enabled_for", "caching__disabled_for", check_fields=False)
    @classmethod
    def validate_caching_identifier_pattern(cls, value: list[str]) -> list[str]:
        """Raise `ValueError` if a pattern can match no process type."""
        for pattern in value:
            check_identifier_pattern(pattern)
        return value


ProfileOptionsSchema = create_model("ProfileOptionsSchema", __base__=_Options, __module__=__name__, **_fields(False))
GlobalOptionsSchema = create_model(
    "GlobalOptionsSchema", __base__=ProfileOptionsSchema, __module__=__name__, **_fields(True)
)


class ConfigVersionSchema(BaseModel):
    """The versions of the schema."""

    CURRENT: int = CURRENT_CONFIG_VERSION
    OLDEST_COMPATIBLE: int = OLDEST_COMPATIBLE_CONFIG_VERSION


class ProfileStorageConfig(BaseModel):
    """Where a profile stores."""

    backend: str
    config: dict[str, Any]


class ProcessControlConfig(BaseModel):
    """Which broker a profile has."""

    backend: str | None = None
    config: dict[str, Any] | None = None


class ProfileSchema(BaseModel):
    """One profile."""

    model_config = ConfigDict(populate_by_name=True)

    uuid: UUID = Field(default_factory=uuid4, alias="PROFILE_UUID", description="What identifies the profile for ever.")
    storage: ProfileStorageConfig
    process_control: ProcessControlConfig = Field(default_factory=ProcessControlConfig)
    default_user_email: str | None = None
    test_profile: bool = False
    options: ProfileOptionsSchema | None = None  # type: ignore[valid-type]

    @field_serializer("uuid")
    def serialize_dt(self, value: UUID, _info: Any) -> str:
        """Write the identifier without dashes, as the file does."""
        return value.hex


class ConfigSchema(BaseModel):
    """The whole file."""

    CONFIG_VERSION: ConfigVersionSchema = Field(default_factory=ConfigVersionSchema)
    profiles: dict[str, ProfileSchema] = Field(default_factory=dict)
    options: GlobalOptionsSchema | None = None  # type: ignore[valid-type]
    default_profile: str | None = None
