"""A work chain that runs one process until it succeeds: after each run, handlers look at it and may change the inputs for the next."""

from __future__ import annotations

import functools
import inspect
import typing as t
from collections.abc import Mapping
from types import FunctionType

from aiida.common.exceptions import NotExistent
from aiida.common.exit_code import ExitCode
from aiida.common.links import LinkType
from aiida.common.warnings import warn_deprecation
from aiida.engine.processes.checks import UNSPECIFIED
from aiida.engine.processes.process import Process
from aiida.engine.processes.process_spec import ProcessSpec
from aiida.engine.processes.workchains.context import ToContext, append_
from aiida.engine.processes.workchains.utils import ProcessHandlerReport, process_handler
from aiida.engine.processes.workchains.workchain import WorkChain
from aiida.orm import Bool, CalcJobNode, Dict, Int, Str

if t.TYPE_CHECKING:
    from aiida.orm import Node, ProcessNode

__all__ = ("BaseRestartWorkChain", "ProcessHandlerReport", "process_handler")

_FAILURE_ACTIONS = ("abort", "pause", "restart_once", "restart_and_pause")
_OVERRIDE_KEYS = frozenset({"enabled", "priority"})


def validate_handler_overrides(process_class: type[BaseRestartWorkChain], overrides: t.Any, _port: t.Any) -> str | None:
    """Check that overrides name handlers of the class and say only what can be said."""
    for handler, value in ({} if overrides is None else overrides.get_dict()).items():
        if not process_class.is_process_handler(handler):
            return f"The key `{handler}` is not a process handler of {process_class}"
        if isinstance(value, bool):
            warn_deprecation(
                "Setting a boolean as value for `handler_overrides` is deprecated. Use `{'handler_name': {'enabled': True}` instead.",
                version=3,
            )
            continue
        if not isinstance(value, dict):
            return f"The value of key `{handler}` is not a boolean or dictionary."
        if unknown := set(value) - _OVERRIDE_KEYS:
            return f"The value of key `{handler}` contain keys `{', '.join(sorted(unknown))}` which is not supported."
    return None


def validate_on_unhandled_failure(value: t.Any, _port: t.Any) -> str | None:
    """Check that the action is one of those that there are."""
    if value is None or value.value in _FAILURE_ACTIONS:
        return None
    return f"`on_unhandled_failure`: '{value.value}'. Must be one of: {', '.join(_FAILURE_ACTIONS)}"


class BaseRestartWorkChain(WorkChain):
    """Runs `_process_class` until it succeeds or a handler gives up. A subclass sets `ctx.inputs` and outlines:

    `cls.setup, while_(cls.should_run_process)(cls.run_process, cls.inspect_process), cls.results`.
    """

    _process_class: t.ClassVar[type[Process] | None] = None
    _considered_handlers_extra = "considered_handlers"

    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        """Declare how often, what about failures, and the exit codes of giving up."""
        super().define(spec)
        spec.input("max_iterations", valid_type=Int, default=lambda: Int(5), help="How many times the process is run at most.")
        spec.input(
            "clean_workdir", valid_type=Bool, default=lambda: Bool(False),
            help="Whether the remote folders of all jobs below are emptied at the end.",
        )  # fmt: skip
        spec.input(
            "handler_overrides", valid_type=Dict, required=False,
            validator=functools.partial(validate_handler_overrides, cls),
            help="By name of a handler: `enabled` and `priority`, in place of what its declaration says.",
        )  # fmt: skip
        spec.input(
            "on_unhandled_failure", valid_type=Str, required=False, validator=validate_on_unhandled_failure,
            help=f"What to do about a failure that no handler knows: {', '.join(_FAILURE_ACTIONS)} (default: abort).",
        )  # fmt: skip
        spec.input(
            "pause_on_max_iterations", valid_type=Bool, required=False,
            help="Whether to pause instead of giving up when the process has been run as often as allowed; the count then begins anew.",
        )  # fmt: skip
        spec.exit_code(301, "ERROR_SUB_PROCESS_EXCEPTED", message="The sub process excepted.")
        spec.exit_code(302, "ERROR_SUB_PROCESS_KILLED", message="The sub process was killed.")
        spec.exit_code(401, "ERROR_MAXIMUM_ITERATIONS_EXCEEDED", message="The maximum number of iterations was exceeded.")
        spec.exit_code(402, "ERROR_UNHANDLED_FAILURE", message="The process failed with an unhandled failure.")

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        if not (isinstance(self._process_class, type) and issubclass(self._process_class, Process)):
            raise ValueError("no valid Process class defined for `_process_class` attribute")

    @property
    def process_class(self) -> type[Process]:
        """The class that is run."""
        return t.cast("type[Process]", self._process_class)

    # -- steps ------------------------------------------------------------------------------------------------------
    def setup(self) -> None:
        """Begin: no run yet, nothing decided."""
        overrides = self.inputs.get("handler_overrides")
        self.ctx.handler_overrides = overrides.get_dict() if overrides is not None else {}
        self.ctx.process_name = self.process_class.__name__
        self.ctx.unhandled_failure = False
        self.ctx.is_finished = False
        self.ctx.iteration = 0

    def should_run_process(self) -> bool:
        """Tell whether the process is to be run (again)."""
        return not self.ctx.is_finished

    def run_process(self) -> dict[str, t.Any]:
        """Launch the process with `ctx.inputs`."""
        if "inputs" not in self.ctx:
            raise AttributeError("no process input dictionary was defined in `self.ctx.inputs`")
        self.ctx.iteration += 1
        inputs = dict(self.ctx.inputs)
        inputs["metadata"] = {"call_link_label": f"iteration_{self.ctx.iteration:02d}", **inputs.get("metadata", {})}
        if inputs["metadata"]["call_link_label"] == "CALL":
            inputs["metadata"]["call_link_label"] = f"iteration_{self.ctx.iteration:02d}"
        node = self.submit(self.process_class, inputs)
        self._note_considered([])
        self.report(f"launching {self.ctx.process_name}<{node.pk}> iteration #{self.ctx.iteration}")
        return ToContext(children=append_(node))

    def inspect_process(self) -> ExitCode | None:
        """Ask the handlers about the last run, and decide: finished, again, or the end."""
        node = self.ctx.children[self.ctx.iteration - 1]
        if node.is_excepted:
            return t.cast(ExitCode, self.exit_codes.ERROR_SUB_PROCESS_EXCEPTED)
        if node.is_killed:
            return t.cast(ExitCode, self.exit_codes.ERROR_SUB_PROCESS_KILLED)
        verdict = self._ask_handlers(node)
        name = f"{self.ctx.process_name}<{node.pk}>"
        if verdict is None:
            return self._finish_or_fail(node, name)
        self.ctx.unhandled_failure = False
        if verdict.exit_code.status != 0:
            if node.is_finished_ok:
                self.report(f"{name} finished successfully but a handler detected an unrecoverable problem, aborting")
            else:
                self.report(f"{name} failed but a handler detected an unrecoverable problem, aborting")
            return verdict.exit_code
        reason = "finished successfully but a handler was triggered" if node.is_finished_ok else "failed but a handler dealt with the problem"
        if self._is_last_iteration():
            return self._give_up(name, reason)
        self.report(f"{name} {reason}, restarting")
        return verdict.exit_code

    def results(self) -> ExitCode | None:
        """Attach the outputs of the last run."""
        node = self.ctx.children[self.ctx.iteration - 1]
        self.report(f"work chain completed after {self.ctx.iteration} iterations")
        return self._attach_outputs(node)

    # -- what the steps are made of ---------------------------------------------------------------------------------
    def _ask_handlers(self, node: ProcessNode) -> ProcessHandlerReport | None:
        """Return the report of the last handler that had something to say."""
        considered: list[t.Any] = []
        last: ProcessHandlerReport | None = None
        for _, handler in self.get_process_handlers_by_priority():
            report = handler(node)
            if report is not None and not isinstance(report, ProcessHandlerReport):
                raise RuntimeError(f"handler `{handler.__name__}` returned a value that is not a ProcessHandlerReport")
            said = None if report is None else {"do_break": report.do_break, "exit_status": report.exit_code.status}
            considered.append([handler.__name__, said])
            last = report or last
            if report is not None and report.do_break:
                break
        self._note_considered(considered)
        return last

    def _finish_or_fail(self, node: ProcessNode, name: str) -> ExitCode | None:
        """No handler spoke: success is the end of the loop, a failure is what `on_unhandled_failure` says."""
        if node.is_finished_ok:
            self.ctx.unhandled_failure = False
            self.ctx.is_finished = True
            return None
        chosen = self.inputs.get("on_unhandled_failure")
        action = "abort" if chosen is None else chosen.value
        failure = f"{name} failed with an unhandled failure"
        again = action.startswith("restart")
        if again and not self.ctx.unhandled_failure:
            if self._is_last_iteration():
                return self._give_up(name, "failed with an unhandled failure")
            self.ctx.unhandled_failure = True
            self.report(f"{failure}, restarting once more")
            return None
        if again:
            failure += " for the second consecutive time"
        if action in ("abort", "restart_once"):
            self.report(f"{failure}, aborting")
            return t.cast(ExitCode, self.exit_codes.ERROR_UNHANDLED_FAILURE)
        self.ctx.unhandled_failure = False
        self.report(f"{failure}, pausing for inspection")
        self.report(
            f"to run it again as it is, use `verdi process play {self.node.pk}`; to end the work chain, use `verdi process kill {self.node.pk}`"
        )
        self._pause_for_inspection()
        return None

    def _is_last_iteration(self) -> bool:
        return bool(self.ctx.iteration >= self.inputs.max_iterations.value)

    def _give_up(self, name: str, reason: str) -> ExitCode | None:
        """The process has been run as often as allowed."""
        self.report(f"Reached the maximum number of global iterations ({self.inputs.max_iterations.value}).")
        pause = self.inputs.get("pause_on_max_iterations")
        if pause is None or not pause.value:
            self.report(f"Aborting! Last ran: {name}")
            return t.cast(ExitCode, self.exit_codes.ERROR_MAXIMUM_ITERATIONS_EXCEEDED)
        self.report(f"{name} {reason}, restarting")
        self.report(
            "Resetting the iteration counter(s) and pausing for inspection: "
            f"to go on, use `verdi process play {self.node.pk}`; to end the work chain, use `verdi process kill {self.node.pk}`"
        )
        # The list goes with the count: the next run will be the first of both.
        self.ctx.iteration = 0
        self.ctx.children = []
        self._pause_for_inspection()
        return None

    def _pause_for_inspection(self) -> None:
        self.pause(f"Paused for user inspection, see: 'verdi process report {self.node.pk}'")

    def _note_considered(self, considered: list[t.Any]) -> None:
        """Keep on the node which handlers were asked after each run, and what they said."""
        if not self.node.is_stored:
            return
        extras = self.node.base.extras
        history = list(extras.get(self._considered_handlers_extra, []))
        place = self.ctx.iteration - 1
        history[place:] = [*([[]] * (place - len(history))), considered]
        extras.set(self._considered_handlers_extra, history)

    def get_outputs(self, node: ProcessNode) -> Mapping[str, Node]:
        """Return the outputs of the last run, as the work chain will give them; subclasses may add or rename."""
        return t.cast("Mapping[str, Node]", node.base.links.get_outgoing(link_type=(LinkType.CREATE, LinkType.RETURN)).nested())

    def _attach_outputs(self, node: ProcessNode) -> ExitCode | None:
        """Attach those outputs of the run for which the work chain has a port."""
        outputs = self.get_outputs(node)
        for name, port in self.spec().outputs.items():
            value = outputs.get(name, UNSPECIFIED)
            if value is not UNSPECIFIED:
                self.out(name, value)
            elif port.required:
                self.report(f"required output '{name}' was not an output of {self.ctx.process_name}<{node.pk}>")
        return None

    # -- handlers ---------------------------------------------------------------------------------------------------
    @classmethod
    def is_process_handler(cls, process_handler_name: str | FunctionType) -> bool:
        """Tell whether this is a handler of the class."""
        handler = getattr(cls, process_handler_name, None) if isinstance(process_handler_name, str) else process_handler_name
        return getattr(handler, "handler", None) is not None

    @classmethod
    def get_process_handlers(cls) -> list[FunctionType]:
        """Return all handlers, in the order of their names."""
        return [method for _, method in inspect.getmembers(cls, inspect.isfunction) if cls.is_process_handler(method)]

    def get_process_handlers_by_priority(self) -> list[tuple[int, FunctionType]]:
        """Return the enabled handlers with their priority, highest first; overrides count."""
        found = []
        for function in self.get_process_handlers():
            override = self.ctx.get("handler_overrides", {}).get(function.__name__, {})
            if isinstance(override, bool):
                override = {"enabled": override}
            if override.get("enabled", getattr(function, "enabled", True)):
                priority = override.get("priority", getattr(function, "priority", 0))
                found.append((priority, t.cast(FunctionType, getattr(self, function.__name__))))
        return sorted(found, key=lambda entry: entry[0], reverse=True)

    # -- the end ----------------------------------------------------------------------------------------------------
    def on_terminated(self) -> None:
        """Empty the remote folders of all jobs below, if asked."""
        super().on_terminated()
        if not self.inputs.clean_workdir.value:
            self.report("remote folders will not be cleaned")
            return
        cleaned = []
        for node in self.node.called_descendants:
            if isinstance(node, CalcJobNode):
                try:
                    node.outputs.remote_folder._clean()
                except (OSError, KeyError, NotExistent):
                    continue
                cleaned.append(str(node.pk))
        if cleaned:
            self.report(f"cleaned remote folders of calculations: {' '.join(cleaned)}")
