"""Settings that classes declare as data, rendered as options.

Three sources, one form: the dictionaries by which transports declare their connection settings, the pydantic models that plugins
give their classes (`CliModel`, `CreateModel` or `Model`), and the table of what we ship ourselves. Classes below this layer know no click.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any

import click

from aiida.cmdline.params import types
from aiida.cmdline.params.options.interactive import InteractiveOption, TemplateInteractiveOption
from aiida.cmdline.utils import profiles

__all__ = ("Field", "fields_of_class", "fields_of_transport", "to_option")

REQUIRED: Any = object()


@dataclass(frozen=True)
class Field:
    """One setting."""

    name: str
    title: str
    help: str
    type: Any = str
    default: Any = REQUIRED
    short: str | None = None
    is_switch: bool = False
    lines: bool = False
    is_secret: bool = False
    make_default: Callable[[], Any] | None = None
    callback: Callable[[Any, Any, Any], Any] | None = None
    choices: Sequence[str] = field(default=())

    @property
    def is_required(self) -> bool:
        """Return whether there is no default."""
        return self.default is REQUIRED and self.make_default is None


_CODE = (
    Field("label", "Label", "A label to find the code by", short="-L"),
    Field("description", "Description", "What it is, with version and how it was compiled", default="", short="-D"),
    Field("default_calc_job_plugin", "Default `CalcJob` plugin", "Entry point of the plugin to use it with (see `verdi plugin list aiida.calculations`)",
          default=None, short="-P"),
    Field("use_double_quotes", "Escape using double quotes", "Write the executable and its arguments in double quotes in the job script",
          type=bool, default=False, is_switch=True),
    Field("with_mpi", "Run with MPI", "Whether it is an MPI program; left open, the plugin or the inputs decide", type=bool, default=None, is_switch=True),
    Field("wrap_cmdline_params", "Wrap command line parameters", "Pass all arguments as one, in quotes (Docker needs it)", type=bool, default=False,
          is_switch=True),
    Field("prepend_text", "Prepend script", "Shell lines to run before the executable", default="", lines=True),
    Field("append_text", "Append script", "Shell lines to run after the executable", default="", lines=True),
)  # fmt: skip
_COMPUTER = Field("computer", "Computer", "The computer it is on, by label", short="-Y")
_EXECUTABLE = Field("filepath_executable", "Filepath executable", "Path of the executable on that computer", short="-X")


def _code(*own: Field) -> tuple[Field, ...]:
    """Return the settings of a kind of code: label and description, its own, then the rest."""
    return (*_CODE[:2], *own, *_CODE[2:])


# What we ship, by the name of the class; a plugin's sub-class inherits the entry of its base.
SHIPPED: Mapping[str, tuple[Field, ...]] = {
    "ContainerizedCode": (
        *_code(_COMPUTER, _EXECUTABLE),
        Field("engine_command", "Engine command", "Command that runs the container, with `{image_name}` in it", short="-E"),
        Field("image_name", "Image name", "Name of the image", short="-I"),
    ),
    "InstalledCode": _code(_COMPUTER, _EXECUTABLE),
    "PortableCode": _code(
        Field("filepath_files", "Code directory", "Folder on this machine with the files of the code", short="-F"),
        Field("filepath_executable", "Filepath executable", "Path of the executable within that folder", short="-X"),
    ),
    "SqliteDosStorage": (
        Field("filepath", "Directory of the backend", "Folder to keep the data in", make_default=lambda: str(profiles.get_repository_path("sqlite_dos"))),
    ),
    "SqliteZipBackend": (Field("filepath", "Filepath of the archive", "Archive to look into; it is not changed"),),
    "PsqlDosBackend": (
        Field("database_engine", "PostgreSQL engine", "Driver of the database", default="postgresql_psycopg"),
        Field("database_hostname", "PostgreSQL hostname", "Host of the PostgreSQL server", default="localhost"),
        Field("database_port", "PostgreSQL port", "Port of the PostgreSQL server", type=int, default=5432),
        Field("database_username", "PostgreSQL username", "Role that owns the database"),
        Field("database_password", "PostgreSQL password", "Password of that role", is_secret=True),
        Field("database_name", "PostgreSQL database name", "Name of the database, which must exist"),
        Field("repository_uri", "File repository URI", "Folder for files, as `file:///…`", make_default=lambda: profiles.get_repository_path("psql_dos").as_uri()),
    ),
}  # fmt: skip


def fields_of_class(cls: type) -> tuple[Field, ...]:
    """Return the settings that instances of a class are made from."""
    for base in cls.__mro__:
        model = next((m for name in ("CliModel", "CreateModel", "Model") if (m := vars(base).get(name)) is not None), None)
        if base.__name__ in SHIPPED and base.__module__.startswith("aiida."):
            return SHIPPED[base.__name__]
        if model is not None and hasattr(model, "model_fields"):
            return tuple(_from_pydantic(model.model_fields))
    return ()


def _from_pydantic(model_fields: Mapping[str, Any]) -> list[Field]:
    """Return the settings that a pydantic model declares, those of highest priority first."""
    found = []
    for name, info in model_fields.items():
        extra = {key: value for item in info.metadata if isinstance(item, dict) for key, value in item.items()}
        if extra.get("read_only") or extra.get("exclude_from_cli") or (extra.get("is_attribute") is False and extra.get("orm_class")):
            continue
        kind = _plain_type(info.annotation)
        found.append((extra.get("priority", 0), Field(
            name, info.title or name.replace("_", " ").capitalize(), info.description or "", type=kind,
            default=REQUIRED if info.is_required() else (None if info.default_factory else info.default),
            make_default=info.default_factory, short=extra.get("short_name"), is_switch=kind is bool, lines="option_cls" in extra,
        )))  # fmt: skip
    return [item for _, item in sorted(found, key=lambda pair: -pair[0])]


def _plain_type(annotation: Any) -> Any:
    """Return the type that click should convert to: of `X | None` it is X, and text if nothing else is known."""
    if typing.get_origin(annotation) in (typing.Union, UnionType):
        known = [a for a in typing.get_args(annotation) if a is not type(None)]
        annotation = known[0] if len(known) == 1 else str
    return annotation if annotation in (str, int, float, bool) else str


def fields_of_transport(cls: Any) -> tuple[Field, ...]:
    """Return the connection settings that a transport declares."""
    return tuple(_from_auth_option(name, spec) for name, spec in cls.auth_options.items())


# Settings of connections that have a short name.
SHORT = {"port": "-P"}


def _from_auth_option(name: str, spec: Mapping[str, Any]) -> Field:
    wanted = getattr(spec.get("option"), "kwargs", {})  # plugins may give one of our options as a whole
    short = next((n for n in getattr(spec.get("option"), "args", ()) if len(n) == 2), SHORT.get(name))
    kind = spec.get("type") or wanted.get("type") or (bool if spec.get("switch") else str)
    return Field(
        name, spec.get("prompt", name), spec.get("help", ""), type=kind, default=spec.get("default"), short=short,
        is_switch=bool(spec.get("switch")), callback=spec.get("callback"), choices=spec.get("choices", ()),
    )  # fmt: skip


def _checked(check: Callable[[Any, Any, Any], Any], ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Call the check of a field; what it complains of is about this option."""
    if value is None:
        return None
    try:
        return check(ctx, param, value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx=ctx, param=param) from error


def to_option(setting: Field, contextual_default: Callable[[click.Context], Any] | None = None) -> Callable[[Any], Any]:
    """Return the decorator that adds the option of a setting."""
    flag = setting.name.replace("_", "-")
    names = [f"--{flag}/--no-{flag}" if setting.is_switch else f"--{flag}"]
    if setting.short is not None:
        names.insert(0, setting.short)
    kind = click.Choice(list(setting.choices)) if setting.choices else setting.type
    given: dict[str, Any] = {
        "cls": TemplateInteractiveOption if setting.lines else InteractiveOption,
        "help": setting.help,
        "prompt": setting.title,
        "required": setting.is_required,
        "hide_input": setting.is_secret,
    }
    if setting.is_switch:
        given["is_flag"] = True
    else:
        given["type"] = types.AbsolutePathOrEmptyParamType() if kind == "path" else kind
    if not setting.is_required:
        given["default"] = setting.make_default or setting.default
        given["show_default"] = setting.make_default is None and setting.default not in (None, "")
    if contextual_default is not None:
        given["contextual_default"] = contextual_default
    if setting.callback is not None:
        given["callback"] = functools.partial(_checked, setting.callback)
    return click.option(*names, setting.name, **given)
