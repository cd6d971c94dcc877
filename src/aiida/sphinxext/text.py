"""A process specification as reStructuredText lines: ports as nested bullets, the outline as a literal block."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aiida.engine.processes.port import Port
from aiida.engine.processes.ports import PortNamespace

if TYPE_CHECKING:
    from aiida.engine.processes.process import Process

INDENT = "  "


def describe(cls: type[Process], *, hide_unstored: bool = False) -> list[str]:
    """Return inputs, outputs and, of a work chain, the outline of a process class."""
    spec = cls.spec()
    lines = ["**Inputs:**", "", *_ports(spec.inputs, hide_unstored), "", "**Outputs:**", "", *_ports(spec.outputs, False)]
    outline = spec.get_description().get("outline")
    if outline:
        lines += ["", "**Outline:**", "", "::", "", *(INDENT + line for line in _outline(outline, ""))]
    return [*lines, ""]


def summary(cls: type[Process]) -> list[str]:
    """Return the class's own docstring; what it inherits describes another class."""
    return [*inspect.cleandoc(cls.__dict__.get("__doc__") or "").splitlines(), ""]


def _ports(namespace: PortNamespace, hide_unstored: bool) -> list[str]:
    return list(_bullets(namespace, hide_unstored, "")) or ["None defined."]


def _bullets(namespace: PortNamespace, hide_unstored: bool, indent: str) -> Iterator[str]:
    """Ports by name; a namespace is followed by a deeper list of its own."""
    for name, port in sorted(namespace.items()):
        is_namespace = isinstance(port, PortNamespace)
        if hide_unstored and not is_namespace and getattr(port, "non_db", False):
            continue
        words = [f"**{_escape(name)}**", "*Namespace*" if is_namespace else f"*{_escape(_types(port.valid_type))}*"]
        if not is_namespace:
            words.append("required" if port.required else "optional")
            words += [f"*{mark}*" for mark in ("is_metadata", "non_db") if _is_marked(port, mark)]
        text = ", ".join(words)
        if port.help:
            text += f" -- {' '.join(port.help.split())}"
        yield f"{indent}* {text}"
        if is_namespace:
            inner = list(_bullets(port, hide_unstored, indent + INDENT))
            if inner:
                yield from ("", *inner, "")


def _is_marked(port: Port, mark: str) -> bool:
    """A port of the metadata is never stored as a node, which needs no second mark."""
    return bool(getattr(port, mark, False)) and not (mark == "non_db" and getattr(port, "is_metadata", False))


def _types(valid_type: Any) -> str:
    if isinstance(valid_type, tuple):
        return f"({', '.join(getattr(item, '__name__', str(item)) for item in valid_type)})"
    return str(getattr(valid_type, "__name__", valid_type))


def _escape(text: str) -> str:
    return "".join(f"\\{letter}" if letter in r"\*`_|" else letter for letter in text)


def _outline(outline: Any, indent: str) -> Iterator[str]:
    """One line for each instruction, bodies indented."""
    if isinstance(outline, str):
        yield indent + outline
    elif isinstance(outline, Mapping):
        for head, body in outline.items():
            yield indent + str(head)
            yield from _outline(body, indent + "    ")
    elif isinstance(outline, Sequence):
        for item in outline:
            yield from _outline(item, indent)
