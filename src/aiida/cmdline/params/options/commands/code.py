"""Options to set up a code in the manner of `verdi code setup`."""

from __future__ import annotations

import click

from aiida import orm
from aiida.cmdline.params import options, types
from aiida.cmdline.params.options.interactive import InteractiveOption, TemplateInteractiveOption
from aiida.cmdline.params.types.code import ANY_CODE
from aiida.cmdline.utils import decorators, session

__all__ = ("is_not_on_computer", "is_on_computer", "validate_label_uniqueness")


def is_on_computer(ctx: click.Context) -> bool:
    """Return whether the code is on a computer, rather than stored in the profile."""
    return bool(session.given(ctx, "on_computer"))


def is_not_on_computer(ctx: click.Context) -> bool:
    """Return whether the code is stored in the profile."""
    return not is_on_computer(ctx)


def validate_label_uniqueness(ctx: click.Context, _: object, value: str) -> str:
    """Check that no other code has the label, on the computer or among the portable ones."""
    if not value or ctx.resilient_parsing:
        return value
    decorators.load_backend_if_not_loaded()
    computer = session.given(ctx, "computer")
    full = f"{value}@{computer.label}" if is_on_computer(ctx) and computer is not None else value
    query = orm.QueryBuilder().append(orm.Data, filters={**ANY_CODE, "label": value}, tag="code")
    if full != value and computer is not None:
        query.append(orm.Computer, filters={"id": computer.pk}, with_node="code")
    elif is_on_computer(ctx) or query.count() == 0:
        return value
    if query.count() > 0:
        raise click.BadParameter(f"the code `{full}` already exists.")
    return value


ON_COMPUTER = options.OverridableOption(
    "--on-computer/--store-in-db", is_eager=False, default=True, prompt="Installed on target computer?", cls=InteractiveOption,
    help="Whether the code is on the computer already, or is kept in the profile and copied for every job.",
)  # fmt: skip
COMPUTER = options.COMPUTER.clone(
    prompt="Computer", cls=InteractiveOption, required_fn=is_on_computer, prompt_fn=is_on_computer, help="The computer it is on."
)
LABEL = options.LABEL.clone(prompt="Label", required=True, callback=validate_label_uniqueness, cls=InteractiveOption, help="Short name to find it by.")
DESCRIPTION = options.DESCRIPTION.clone(prompt="Description", cls=InteractiveOption)
INPUT_PLUGIN = options.INPUT_PLUGIN.clone(required=False, prompt="Default calculation plugin", cls=InteractiveOption)
REMOTE_ABS_PATH = options.OverridableOption(
    "--remote-abs-path", prompt="Absolute path of the executable", type=types.AbsolutePathParamType(dir_okay=False), cls=InteractiveOption,
    required_fn=is_on_computer, prompt_fn=is_on_computer, help="Path of the executable on the computer.",
)  # fmt: skip
FOLDER = options.OverridableOption(
    "--code-folder", prompt="Folder of the code", type=click.Path(file_okay=False, exists=True, readable=True), cls=InteractiveOption,
    required_fn=is_not_on_computer, prompt_fn=is_not_on_computer, help="Folder on this machine with the files of the code.",
)  # fmt: skip
REL_PATH = options.OverridableOption(
    "--code-rel-path", prompt="Path of the executable within the folder", type=click.Path(dir_okay=False), cls=InteractiveOption,
    required_fn=is_not_on_computer, prompt_fn=is_not_on_computer, help="Path of the executable within that folder.",
)  # fmt: skip
USE_DOUBLE_QUOTES = options.OverridableOption(
    "--use-double-quotes/--not-use-double-quotes", default=False, prompt="Escape CLI arguments in double quotes", cls=InteractiveOption,
    help="Write arguments in double quotes in the job script.",
)  # fmt: skip
PREPEND_TEXT = options.PREPEND_TEXT.clone(prompt="Prepend script", cls=TemplateInteractiveOption)
APPEND_TEXT = options.APPEND_TEXT.clone(prompt="Append script", cls=TemplateInteractiveOption)
