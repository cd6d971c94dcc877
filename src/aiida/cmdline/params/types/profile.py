"""Profiles named on the command line."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from aiida.cmdline.params.types.strings import LabelStringType
from aiida.cmdline.utils import session
from aiida.common import exceptions
from aiida.common.profile import Profile
from aiida.manage import configuration

__all__ = ("ProfileParamType",)


class ProfileParamType(LabelStringType):
    """The name of a profile; with `load_profile=True` it is loaded too, with `cannot_exist=True` it must be a new one."""

    name = "profile"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._cannot_exist = kwargs.pop("cannot_exist", False)
        self._load_profile = kwargs.pop("load_profile", False)
        super().__init__(*args, **kwargs)

    @staticmethod
    def deconvert_default(value: Any) -> Any:
        """Return the name of a profile that is a default."""
        return value.name if isinstance(value, Profile) else value

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Profile:  # type: ignore[override]
        """Return the profile, and make it the one that the commands below use."""
        if isinstance(value, Profile):
            return value
        state = {} if ctx is None or ctx.obj is None else ctx.obj
        config = state["config"] if "config" in state else session.find_config()
        profile = self._new(value, config, param, ctx) if self._cannot_exist else self._known(value, config, param, ctx)
        if self._load_profile:
            try:
                configuration.load_profile(profile.name, allow_switch=True)
            except exceptions.AiidaException as error:
                self.fail(str(error), param, ctx)
        if ctx is not None and ctx.obj is not None:
            ctx.obj["profile"] = profile
        return profile

    def _new(self, value: Any, config: Any, param: click.Parameter | None, ctx: click.Context | None) -> Profile:
        """Return a profile that is not in the configuration yet."""
        name = super().convert(value, param, ctx)
        if name in config.profile_names:
            self.fail(f"the profile `{name}` already exists", param, ctx)
        return Profile(name, {"storage": {"backend": None, "config": {}}, "process_control": {"backend": None, "config": {}}})

    def _known(self, value: Any, config: Any, param: click.Parameter | None, ctx: click.Context | None) -> Profile:
        """Return the profile of that name."""
        try:
            return config.get_profile(value)  # type: ignore[no-any-return]
        except (exceptions.MissingConfigurationError, exceptions.ProfileConfigurationError) as error:
            known = ", ".join(config.profile_names)
            hint = f"; known profiles: {known}" if known else "; there is none yet: make one with `verdi presto`"
            self.fail(f"{error}{hint}", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin so."""
        if self._cannot_exist:
            return []
        return [CompletionItem(name) for name in session.find_config().profile_names if name.startswith(incomplete)]
