"""Models that say how their fields are to be shown: as options of the command line, in documentation, over the network.

The only module of `common` that loads pydantic; nothing else here may import it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticUndefined

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ("AiiDABaseModel", "MetadataField", "get_metadata")


class AiiDABaseModel(BaseModel):
    """Base of our models: unknown fields are refused, plain classes may be fields."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, defer_build=True)


class _Metadata(dict[str, Any]):
    """What we know about a field beside its type; one entry of `FieldInfo.metadata`."""


def get_metadata(field_info: FieldInfo, key: str, default: Any | None = None) -> Any:
    """Return what a field says about itself under this key."""
    for entry in field_info.metadata:
        if isinstance(entry, dict) and key in entry:
            return entry[key]
    return default


def MetadataField(
    default: Any = PydanticUndefined,
    *,
    priority: int = 0,
    short_name: str | None = None,
    option_cls: Any | None = None,
    read_only: bool = False,
    write_only: bool = False,
    may_be_large: bool = False,
    **kwargs: Any,
) -> Any:
    """Return a pydantic field with the way it is to be shown: order, short option, option class, direction."""
    extra = {
        "priority": priority,
        "short_name": short_name,
        "option_cls": option_cls,
        "read_only": read_only,
        "write_only": write_only,
        "may_be_large": may_be_large,
    }
    field: Any = Field(default, **kwargs)
    field.metadata.append(_Metadata({key: value for key, value in extra.items() if value is not None}))
    return field
