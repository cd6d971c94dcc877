"""Users named by their email."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from aiida import orm
from aiida.cmdline.params.types.base import AnyParamType
from aiida.cmdline.utils import decorators

__all__ = ("UserParamType",)


class UserParamType(AnyParamType):
    """The email of a user; with `create=True` an unknown one gives a new, unstored user."""

    name = "user"

    def __init__(self, create: bool = False) -> None:
        super().__init__()
        self._create = create

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> orm.User:
        """Return the user."""
        if isinstance(value, orm.User):
            return value
        decorators.load_dbenv()
        found = orm.User.collection.find({"email": value})
        if found:
            return found[0]
        if self._create:
            return orm.User(email=value)
        self.fail(f"User '{value}' not found. `verdi user list` shows the known ones.", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the emails that begin so."""
        decorators.load_backend_if_not_loaded()
        return [CompletionItem(user.email) for user in orm.User.collection.all() if user.email.startswith(incomplete)]
