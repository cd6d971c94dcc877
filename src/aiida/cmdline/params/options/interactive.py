"""Options that ask for their value on a terminal.

`?` shows help, `!` takes no value instead of the default. With `--non-interactive` nothing is asked: defaults are taken, and
a required option without one must be given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from aiida.cmdline.params.options.conditional import ConditionalOption
from aiida.cmdline.utils import echo, session
from aiida.cmdline.utils.multi_line_input import edit_multiline_template

__all__ = ("InteractiveOption", "TemplateInteractiveOption")


class InteractiveOption(ConditionalOption):
    """`prompt_fn(ctx)` says whether to ask here; `contextual_default(ctx)` gives the default in view of other values."""

    PROMPT_COLOR = "yellow"
    CHARACTER_PROMPT_HELP = "?"
    CHARACTER_IGNORE_DEFAULT = "!"

    def __init__(
        self,
        param_decls: Sequence[str] | None = None,
        prompt_fn: Callable[[click.Context], bool] | None = None,
        contextual_default: Any | None = None,
        **kwargs: Any,
    ) -> None:
        self._prompt = kwargs.get("prompt")
        self._prompt_fn = prompt_fn
        self._contextual_default = contextual_default
        super().__init__(param_decls=param_decls, **kwargs)

    @property
    def prompt(self) -> str | None:
        """Return the coloured text of the question."""
        if not self._prompt:
            return None
        return click.style(self._prompt, fg=self.PROMPT_COLOR)

    @prompt.setter
    def prompt(self, value: str | None) -> None:
        self._prompt = value

    @staticmethod
    def is_interactive(ctx: click.Context) -> bool:
        """Return whether questions may be asked."""
        return not session.given(ctx, "non_interactive")

    def get_default(self, ctx: click.Context, call: bool = True) -> Any | None:
        """Return the default: from the configuration file, from the context, or the fixed one."""
        if self._contextual_default is not None and ctx.lookup_default(self.name) is None:
            return None if ctx.resilient_parsing else self._contextual_default(ctx)
        return super().get_default(ctx, call=call)

    def consume_value(self, ctx: click.Context, opts: Any) -> Any:
        """Ask only if nothing was given, in `process_value`; click itself asks nothing."""
        hidden, self._prompt = self._prompt, None
        try:
            return super().consume_value(ctx, opts)
        finally:
            self._prompt = hidden

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Ask for the value if it was not given and questions are allowed."""
        source = ctx.get_parameter_source(self.name or "")
        is_given = source not in (None, click.core.ParameterSource.DEFAULT)
        asks = bool(self._prompt) and not is_given and not ctx.resilient_parsing and self.is_interactive(ctx)
        if asks and (self._prompt_fn is None or self._prompt_fn(ctx)):
            self._explain_once(ctx)
            return super().process_value(ctx, self.prompt_for_value(ctx))
        if self._prompt_fn is not None and not is_given and not self._prompt_fn(ctx):
            return None  # the value has no meaning in view of the others
        if value == self.CHARACTER_IGNORE_DEFAULT and is_given:
            return None
        found = super().process_value(ctx, value)
        if found is None and self.required and not ctx.resilient_parsing:
            raise click.MissingParameter(ctx=ctx, param=self)  # a default that was looked up in vain is none
        return found

    def _explain_once(self, ctx: click.Context) -> None:
        """Say how to answer, before the first question."""
        if not ctx.meta.get("aiida.explained"):
            ctx.meta["aiida.explained"] = True
            echo.echo_report(f"enter {self.CHARACTER_PROMPT_HELP} for help.")
            echo.echo_report(f"enter {self.CHARACTER_IGNORE_DEFAULT} to ignore the default and set no value.")

    def prompt_for_value(self, ctx: click.Context) -> Any:
        """Ask until the answer can be converted."""
        default = session.known(self.get_default(ctx))
        if self.is_flag and self.is_bool_flag:
            return self._confirm(default)
        if hasattr(self.type, "deconvert_default"):
            default = self.type.deconvert_default(default)
        while True:
            answer = click.prompt(str(self.prompt), default="" if default is None else default, show_default=default not in (None, ""),
                                  hide_input=self.hide_input, value_proc=str, type=str)  # fmt: skip
            if answer == self.CHARACTER_PROMPT_HELP:
                click.echo(self.get_help_message())
                continue
            if answer == self.CHARACTER_IGNORE_DEFAULT:
                return None
            value = None if answer == "" and default is None else answer
            if value is None and not self.required and not self.is_required(ctx):
                return None
            if (problem := self._check(ctx, value)) is None:
                return value
            echo.echo_error(problem)

    def _confirm(self, default: bool | None) -> bool | None:
        """Ask for yes or no; where there is no default, no answer leaves it open."""
        if default is not None:
            return click.confirm(str(self.prompt), default=default)
        answers = {"y": True, "yes": True, "n": False, "no": False, "": None, self.CHARACTER_IGNORE_DEFAULT: None}
        while (answer := click.prompt(f"{self.prompt} [y/n, or nothing]", default="", show_default=False).strip().lower()) not in answers:
            click.echo(self.get_help_message() if answer == self.CHARACTER_PROMPT_HELP else "Error: invalid input")
        return answers[answer]

    def _check(self, ctx: click.Context, value: Any) -> str | None:
        """Return what is wrong with an answer, None if nothing is."""
        try:
            if value is None:
                raise click.MissingParameter(ctx=ctx, param=self)
            converted = self.type_cast_value(ctx, value)
            if self.callback is not None:
                self.callback(ctx, self, converted)
        except click.BadParameter as error:
            return error.format_message()
        return None

    def get_help_message(self) -> str:
        """Return the help of this option, with what may be chosen."""
        text = f"Info: {self.help or 'no help is available for this option'}"
        items = self.type.shell_complete(click.get_current_context(), self, "")
        names = [item.value for item in items if item.value]
        return text + ("\nSelect one of:\n\t" + "\n\t".join(names) if names else "")


class TemplateInteractiveOption(InteractiveOption):
    """An option for several lines, written in the editor on a template."""

    def __init__(self, param_decls: Sequence[str] | None = None, **kwargs: Any) -> None:
        self.template = kwargs.pop("template", "new_mpiprocs.tpl")
        self.header = kwargs.pop("header", "")
        self.footer = kwargs.pop("footer", "")
        self.extension = kwargs.pop("extension", "")
        super().__init__(param_decls=param_decls, **kwargs)

    def prompt_for_value(self, ctx: click.Context) -> Any:
        """Open the editor."""
        default = session.known(self.get_default(ctx)) or ""
        return edit_multiline_template(self.template, default=default, header=self.header, footer=self.footer, extension=self.extension)
