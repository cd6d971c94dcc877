"""Progress of long operations, said to whoever wants to show it; by default nobody."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = (
    "TQDM_BAR_FORMAT",
    "ProgressReporterAbstract",
    "create_callback",
    "get_progress_reporter",
    "set_progress_bar_tqdm",
    "set_progress_reporter",
)

TQDM_BAR_FORMAT = "{desc:40.40}{percentage:6.1f}%|{bar}| {n_fmt}/{total_fmt}"


class ProgressReporterAbstract:
    """The interface, that of a tqdm bar in little; used as a context manager."""

    def __init__(self, *, total: int, desc: str | None = None, **kwargs: Any) -> None:
        self._total = total
        self._desc = desc
        self._increment = 0

    @property
    def total(self) -> int:
        """Number of steps."""
        return self._total

    @property
    def desc(self) -> str | None:
        """What is going on."""
        return self._desc

    @property
    def n(self) -> int:
        """Number of steps done."""
        return self._increment

    def __enter__(self) -> ProgressReporterAbstract:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def set_description_str(self, text: str | None = None, refresh: bool = True) -> None:
        """Say what is going on."""
        self._desc = text

    def update(self, n: int = 1) -> None:
        """Count `n` steps more."""
        self._increment += n

    def reset(self, total: int | None = None) -> None:
        """Start again from zero."""
        self._increment = 0
        if total is not None:
            self._total = total


class ProgressReporterNull(ProgressReporterAbstract):
    """Shows nothing."""

    def update(self, n: int = 1) -> None:
        """Nobody looks."""


PROGRESS_REPORTER: Any = ProgressReporterNull


def get_progress_reporter() -> type[ProgressReporterAbstract] | type[tqdm[Any]]:
    """Return the class that shows progress at present."""
    reporter: type[ProgressReporterAbstract] = PROGRESS_REPORTER
    return reporter


def set_progress_reporter(
    reporter: type[ProgressReporterAbstract] | type[tqdm[Any]] | None = None, **kwargs: Any
) -> None:
    """Set the class that shows progress, with arguments it is to be made with; `None` shows nothing."""
    global PROGRESS_REPORTER
    chosen: Any = ProgressReporterNull if reporter is None else reporter
    PROGRESS_REPORTER = partial(chosen, **kwargs) if kwargs else chosen


def set_progress_bar_tqdm(bar_format: str | None = TQDM_BAR_FORMAT, leave: bool | None = False, **kwargs: Any) -> None:
    """Show progress as a bar in the terminal."""
    from tqdm import tqdm

    set_progress_reporter(tqdm, bar_format=bar_format, leave=leave, **kwargs)


def create_callback(progress_reporter: ProgressReporterAbstract | tqdm[Any]) -> Callable[[str, Any], None]:
    """Return a function `(action, value)` that drives the reporter, as the object store wants one."""

    def callback(action: str, value: Any) -> None:
        if action == "init":
            progress_reporter.reset(value["total"])
            progress_reporter.set_description_str(value["description"])
        elif action == "update":
            progress_reporter.update(value)

    return callback
