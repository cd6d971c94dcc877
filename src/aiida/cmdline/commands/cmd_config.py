"""`verdi config`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aiida.cmdline.groups.verdi import VerdiCommandGroup
from aiida.cmdline.params import arguments, types
from aiida.cmdline.utils import echo, session
from aiida.common import exceptions
from aiida.manage import configuration
from aiida.manage.caching import get_use_cache
from aiida.manage.configuration import files as config_files
from aiida.plugins import entry_point as entry_points

__all__ = ("verdi_config",)

@click.group("config", cls=VerdiCommandGroup)
def verdi_config() -> None:
    """Read and set options: for one profile, or for all (`--global`)."""


def _join(value: Any) -> Any:
    return "\n".join(map(str, value)) if isinstance(value, (list, tuple)) else value


@verdi_config.command("list")
@click.argument("prefix", metavar="PREFIX", required=False, default="")
@click.option("-d", "--description", is_flag=True, help="Say what each option means.")
@click.option("--advanced", is_flag=True, help="Include the log levels of single packages.")
@click.pass_context
def verdi_config_list(ctx: click.Context, /, prefix: str, description: bool, advanced: bool) -> None:
    """List the options that hold here: name, where the value comes from, value."""
    config, profile = ctx.obj.config, ctx.obj.profile
    found = config.get_options(profile.name if profile else None)
    rows = [
        [name, source, _join(value), *([option.description] if description else [])]
        for name, (option, source, value) in sorted(found.items())
        if name.startswith(prefix)
        and (advanced or prefix.startswith("logging.") or not option.advanced)
        and option.deprecated_by is None
    ]
    if not rows:
        echo.echo_report(f"no option begins with `{prefix}`")
        return
    echo.echo_tabulate(rows, headers=["name", "source", "value", *(["description"] if description else [])])
    if not advanced:
        echo.echo("\nUse `verdi config list --advanced` to show all per-logger options.")


@verdi_config.command("show")
@arguments.CONFIG_OPTION("option", metavar="OPTION_NAME")
@click.pass_context
def verdi_config_show(ctx: click.Context, /, option: Any) -> None:
    """Show what an option means, and its value in each place."""
    config, profile = ctx.obj.config, ctx.obj.profile
    values = {
        "default": option.default,
        "global": config.options.get(option.name, "<NOTSET>"),
        **({"profile": profile.options.get(option.name, "<NOTSET>")} if profile else {}),
    }
    echo.echo_dictionary({"schema": option.schema, "values": values}, fmt="yaml")


@verdi_config.command("get")
@arguments.CONFIG_OPTION("option", metavar="OPTION_NAME")
@click.pass_context
def verdi_config_get(ctx: click.Context, /, option: Any) -> None:
    """Print the value of an option."""
    profile = ctx.obj.profile
    echo.echo(str(ctx.obj.config.get_option(option.name, scope=profile.name if profile else None)))


def _scope(ctx: click.Context, option: Any, globally: bool) -> tuple[str | None, str]:
    """Return where to write, and the words for it; what only holds for all profiles is written there, asked or not."""
    profile, globally = ctx.obj.profile, globally or option.global_only
    if not globally and profile is None:
        echo.echo_critical("no profile specified: use `verdi -p NAME config …`, or `--global` to set the option for all profiles")
    return (None, "globally") if globally else (profile.name, f"for '{profile.name}' profile")


def _note_restart(option: Any) -> None:
    if option.schema.get("requires_daemon_restart", False):
        echo.echo_report("Run `verdi daemon restart` for this change to take effect.")


@verdi_config.command("set")
@click.option("-g", "--global", "globally", is_flag=True, help="For all profiles that do not set it themselves.")
@click.option("-a", "--append", is_flag=True, help="Add the value to a list.")
@click.option("-r", "--remove", is_flag=True, help="Take the value out of a list.")
@arguments.CONFIG_OPTION("option", metavar="OPTION_NAME")
@click.argument("value", metavar="OPTION_VALUE")
@click.pass_context
def verdi_config_set(ctx: click.Context, /, option: Any, value: str, globally: bool, append: bool, remove: bool) -> None:
    """Set an option. Lists are written as values separated by white space."""
    if append and remove:
        echo.echo_critical("Cannot specify both append and remove")
    scope, words = _scope(ctx, option, globally)
    wanted: Any = _changed_list(ctx, option, value, scope, append) if append or remove else value
    try:
        _option, parsed = configuration.parse_option(option.name, wanted)
        _check_value(option, parsed)
    except (exceptions.ConfigurationError, ValueError, TypeError) as error:
        echo.echo_critical(str(error))
    config = ctx.obj.config
    config.set_option(option.name, parsed, scope=scope)
    config.store()
    echo.echo_success(f"'{option.name}' set to {parsed} {words}")
    _note_restart(option)


def _changed_list(ctx: click.Context, option: Any, value: str, scope: str | None, append: bool) -> list[Any]:
    """Return the list with the value added or taken out."""
    current = ctx.obj.config.get_option(option.name, scope=scope)
    if not isinstance(current, list):
        echo.echo_critical(f"cannot add to or take out of `{option.name}`: its value is no list")
    return [*current, value] if append else [item for item in current if item != value]


def _check_value(option: Any, value: Any) -> None:
    """Check what the table of options cannot: names of plugins in the caching options."""
    if option.name in ("caching.enabled_for", "caching.disabled_for"):
        for identifier in value:
            get_use_cache(identifier=identifier.replace("*", "x")) if ":" in identifier else None


@verdi_config.command("unset")
@click.option("-g", "--global", "globally", is_flag=True, help="For all profiles.")
@arguments.CONFIG_OPTION("option", metavar="OPTION_NAME")
@click.pass_context
def verdi_config_unset(ctx: click.Context, /, option: Any, globally: bool) -> None:
    """Take back the value of an option: what holds for all profiles, or the default, applies again."""
    scope, words = _scope(ctx, option, globally)
    config = ctx.obj.config
    config.unset_option(option.name, scope=scope)
    config.store()
    echo.echo_success(f"'{option.name}' unset {words}")
    _note_restart(option)


@verdi_config.command("caching")
@click.option("-d", "--disabled", is_flag=True, help="List those that are not cached.")
@click.pass_context
def verdi_config_caching(ctx: click.Context, /, disabled: bool) -> None:
    """List the calculation plugins that are cached."""
    if ctx.obj.profile is not None:
        configuration.load_profile(ctx.obj.profile.name, allow_switch=True)
    for group in ("aiida.calculations", "aiida.workflows"):
        for name in entry_points.get_entry_point_names(group):
            identifier = f"{group}:{name}"
            if get_use_cache(identifier=identifier) is not disabled:
                echo.echo(identifier)


@verdi_config.command("downgrade")
@click.argument("version", type=types.LazyChoice(lambda: [str(v) for v in range(configuration.CURRENT_CONFIG_VERSION)]))
def verdi_config_downgrade(version: str) -> None:
    """Write the configuration in an older version of its format, for an older AiiDA."""
    echo.echo_report(f"Downgrading configuration to v{version}")
    config = session.find_config()
    dictionary = configuration.downgrade_config(config.dictionary, int(version))
    path = Path(config.filepath)
    with config_files.locked(path):  # not through `Config`, which knows no profiles of older versions
        config_files.back_up(path)
        config_files.write_json(path, dictionary)
    echo.echo_success(f"downgraded {path}")
