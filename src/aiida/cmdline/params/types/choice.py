"""A choice whose members are looked up when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import click

from aiida.cmdline.params.types.base import AnyParamType

__all__ = ("LazyChoice",)

T = TypeVar("T")


class LazyChoice(AnyParamType, Generic[T]):
    """Like `click.Choice`, but it costs nothing until the option is used."""

    name = "choice"

    def __init__(self, get_choices: Callable[[], Iterable[T]]) -> None:
        if not callable(get_choices):
            raise TypeError(f"Must pass a callable, got {get_choices}.")
        super().__init__()
        self._get_choices = get_choices
        self._choice: click.Choice[Any] | None = None

    @property
    def _click_choice(self) -> Any:
        if self._choice is None:
            self._choice = click.Choice(list(self._get_choices()))
        return self._choice

    @property
    def choices(self) -> Sequence[T]:
        """Return the members."""
        return tuple(self._click_choice.choices)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str | None:
        """Return the members as help shows them."""
        try:
            return self._click_choice.get_metavar(param, ctx)  # type: ignore[no-any-return]
        except TypeError:  # click before 8.2
            return self._click_choice.get_metavar(param)  # type: ignore[no-any-return]

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what is said when nothing was chosen."""
        try:
            return str(self._click_choice.get_missing_message(param, ctx))
        except TypeError:  # click before 8.2
            return str(self._click_choice.get_missing_message(param))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the member."""
        return self._click_choice.convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Return the members that begin so."""
        return list(self._click_choice.shell_complete(ctx, param, incomplete))

    def __repr__(self) -> str:
        return "LazyChoice(UNINITIALISED)" if self._choice is None else f"LazyChoice({list(self.choices)})"
