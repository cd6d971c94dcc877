"""How a process says that, and why, it ended: a number, a text, and whether the result may serve as a cache."""

from __future__ import annotations

from typing import NamedTuple

from aiida.common.extendeddicts import AttributeDict

__all__ = ("ExitCode", "ExitCodesNamespace")


class ExitCode(NamedTuple):
    """Exit status, message, and whether this outcome must never be reused by caching."""

    status: int = 0
    message: str | None = None
    invalidates_cache: bool = False

    def format(self, **kwargs: str) -> ExitCode:
        """Return a copy whose message template is filled in with the given values."""
        if self.message is None:
            raise ValueError("message is None")
        try:
            message = self.message.format(**kwargs)
        except (IndexError, KeyError):
            raise ValueError(
                f"insufficient or incorrect format parameters `{kwargs}` for the message template `{self.message}`."
            ) from None
        return ExitCode(self.status, message, self.invalidates_cache)


class ExitCodesNamespace(AttributeDict):
    """Exit codes by label. Called with a status or a label, it returns that exit code."""

    def __call__(self, identifier: int | str) -> ExitCode:
        """Return the exit code with this status or label; `ValueError` if there is none."""
        if isinstance(identifier, int):
            for exit_code in self.values():
                if exit_code.status == identifier:
                    found: ExitCode = exit_code
                    return found
            raise ValueError(f"the exit code status {identifier} does not correspond to a valid exit code")
        try:
            found = self[identifier]
        except KeyError:
            raise ValueError(f"the exit code label {identifier} does not correspond to a valid exit code") from None
        return found


# Tests and stored exports show the classic path.
ExitCode.__module__ = "aiida.engine.processes.exit_code"
ExitCodesNamespace.__module__ = "aiida.engine.processes.exit_code"
