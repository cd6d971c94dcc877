"""The tables as drawings (Mermaid), for the documents."""

from __future__ import annotations

from collections import defaultdict

from aiida.journal import machine, phases


def render_states() -> str:
    """The process states and the events that lead from one to another."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (state, kind), target in machine.TABLE.items():
        if state != target:
            arrows[state, target].append(kind.__name__)
    lines = [f"    {a or '[*]'} --> {b}: {', '.join(kinds)}" for (a, b), kinds in arrows.items()]
    return "\n".join(["stateDiagram-v2", *lines, *(f"    {state} --> [*]" for state in machine.ENDED)])


def render_phases() -> str:
    """The phases of a job."""
    lines = []
    for name, phase in phases.TABLE.items():
        lines += [f"    {name} --> {target}: {condition or 'done'}" for condition, target in phase.done]
        lines.append(f"    {name} --> {phase.gave_up}: gave up")
    return "\n".join(["stateDiagram-v2", f"    [*] --> {phases.PREPARING}", *lines, f"    {phases.DONE} --> [*]"])
