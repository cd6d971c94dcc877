"""Monitors: functions that look at the files of a running job and may act on it."""

from __future__ import annotations

import inspect
import typing as t
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from aiida.common import timezone
from aiida.common.exceptions import EntryPointError
from aiida.common.log import AIIDA_LOGGER
from aiida.plugins.entry_point import load_entry_point

if t.TYPE_CHECKING:
    from aiida.orm import CalcJobNode, Dict
    from aiida.transports import Transport

__all__ = ("CalcJobMonitor", "CalcJobMonitorAction", "CalcJobMonitorResult", "CalcJobMonitors")

LOGGER = AIIDA_LOGGER.getChild("engine.processes.calcjobs.monitors")


class CalcJobMonitorAction(Enum):
    """What a monitor wants done."""

    KILL = "kill"
    DISABLE_ALL = "disable-all"
    DISABLE_SELF = "disable-self"


def _check_types(instance: t.Any, kinds: dict[str, tuple[type, ...]]) -> None:
    for name, kind in kinds.items():
        value = getattr(instance, name)
        if not isinstance(value, kind) or (isinstance(value, bool) and bool not in kind):
            expected = " or ".join(each.__name__ for each in kind)
            raise TypeError(f"got an argument of type `{type(value).__name__}` for `{name}`, but only accept `{expected}`")


@dataclass
class CalcJobMonitorResult:
    """What a monitor found: a message, what is to be done, and with what results."""

    key: str | None = None
    message: str | None = None
    action: CalcJobMonitorAction = CalcJobMonitorAction.KILL
    retrieve: bool = True
    parse: bool = True
    override_exit_code: bool = True
    outputs: dict[str, t.Any] | None = None

    def __post_init__(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Raise TypeError or ValueError for fields that are wrong or contradict each other."""
        _check_types(
            self,
            {
                "key": (str, type(None)),
                "message": (str, type(None)),
                "action": (CalcJobMonitorAction,),
                "retrieve": (bool,),
                "parse": (bool,),
                "override_exit_code": (bool,),
                "outputs": (dict, type(None)),
            },
        )
        if self.parse and not self.retrieve:
            raise ValueError("`parse` cannot be `True` if `retrieve` is `False`.")


@dataclass
class CalcJobMonitor:
    """One monitor of a job: which function, with what arguments, how often."""

    entry_point: str
    kwargs: dict[t.Any, t.Any] = field(default_factory=dict)
    priority: int = 0
    minimum_poll_interval: int | None = None
    call_timestamp: datetime | None = None
    disabled: bool = False

    def __post_init__(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Raise if the fields are wrong, the function does not exist, or it does not take the arguments."""
        _check_types(
            self,
            {
                "entry_point": (str,),
                "kwargs": (dict,),
                "priority": (int,),
                "minimum_poll_interval": (int, type(None)),
                "call_timestamp": (datetime, type(None)),
                "disabled": (bool,),
            },
        )
        if self.minimum_poll_interval is not None and self.minimum_poll_interval <= 0:
            raise ValueError("`minimum_poll_interval` must be a positive integer greater than zero.")
        parameters = list(inspect.signature(self.load_entry_point()).parameters)
        if parameters[:2] != ["node", "transport"]:
            raise ValueError(
                f"The monitor `{self.entry_point}` has an invalid function signature, it should be: "
                "`(node: CalcJobNode, transport: Transport, **kwargs) -> str | CalcJobMonitorResult | None`"
            )
        unknown = [key for key in self.kwargs if key not in parameters]
        if unknown and not _takes_any(self.load_entry_point()):
            raise ValueError(f"The monitor `{self.entry_point}` does not accept the keywords: {set(unknown)}.")

    def load_entry_point(self) -> t.Any:
        """Return the function."""
        try:
            return load_entry_point("aiida.calculations.monitors", self.entry_point)
        except EntryPointError as error:
            raise EntryPointError(f"`{self.entry_point}` is not a monitor that can be loaded: {error}") from error


def _takes_any(function: t.Callable[..., t.Any]) -> bool:
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in inspect.signature(function).parameters.values())


class CalcJobMonitors:
    """The monitors of one job, in the order of their priority, then of their names."""

    def __init__(self, monitors: dict[str, Dict]) -> None:
        if not monitors or not all(hasattr(node, "get_dict") for node in monitors.values()):
            raise TypeError("at least one monitor should be defined, each of them a `Dict` node")
        made = {key: CalcJobMonitor(**node.get_dict()) for key, node in monitors.items()}
        # The highest priority first; equal ones by the alphabet, so that the order is the same every time.
        self._monitors = OrderedDict(sorted(made.items(), key=lambda item: (-item[1].priority, item[0])))

    @property
    def monitors(self) -> OrderedDict[str, CalcJobMonitor]:
        """The monitors in the order in which they are called."""
        return self._monitors

    def disable(self, keys: t.Collection[str]) -> None:
        """Call these no more; `*` stands for all."""
        for key, monitor in self._monitors.items():
            monitor.disabled = monitor.disabled or key in keys or "*" in keys

    def process(self, node: CalcJobNode, transport: Transport) -> CalcJobMonitorResult | None:
        """Call the monitors that are due; return the first result that asks for something."""
        for key, monitor in self._monitors.items():
            if monitor.disabled or not _is_due(monitor):
                continue
            result = self._call(key, monitor, node, transport)
            if result is None:
                continue
            if result.action is CalcJobMonitorAction.DISABLE_SELF:
                monitor.disabled = True
            elif result.action is CalcJobMonitorAction.DISABLE_ALL:
                for each in self._monitors.values():
                    each.disabled = True
            return result
        return None

    def _call(self, key: str, monitor: CalcJobMonitor, node: CalcJobNode, transport: Transport) -> CalcJobMonitorResult | None:
        monitor.call_timestamp = timezone.now()
        try:
            result = monitor.load_entry_point()(node, transport, **monitor.kwargs)
        except Exception:
            # A broken monitor must not take a job of days with it.
            node.logger.exception("monitor `%s` (%s) excepted", key, monitor.entry_point)
            return None
        if isinstance(result, str):
            result = CalcJobMonitorResult(message=result)
        if isinstance(result, CalcJobMonitorResult):
            result.key = key
            node.logger.report("monitor `%s` acts (%s): %s", key, result.action.value, result.message)
            return result
        if result is not None:
            node.logger.error("monitor `%s` returned %r, neither a text nor a `CalcJobMonitorResult`", key, result)
        return None


def _is_due(monitor: CalcJobMonitor) -> bool:
    if monitor.minimum_poll_interval is None or monitor.call_timestamp is None:
        return True
    return timezone.now() - monitor.call_timestamp >= timedelta(seconds=monitor.minimum_poll_interval)
