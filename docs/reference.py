"""Write the parts of the documentation that are drawn from the code: `python docs/reference.py`.

The pages under `docs/reference/`, and in ARCHITECTURE.md what stands between marks: layers, folders, drawings. A test renders
them again and compares, so that they cannot fall behind (`tests/docs/test_reference.py`, `test_architecture.py`).
"""

from __future__ import annotations

import ast
import configparser
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from aiida.cmdline.commands.cmd_verdi import verdi
from aiida.common import exceptions
from aiida.graph.links import LINK_RULES
from aiida.journal import diagram, events, machine, phases
from aiida.manage.configuration.options import OPTIONS
from aiida.plugins.entry_point import get_entry_points
from aiida.plugins.groups import GROUPS

HERE = Path(__file__).parent
ROOT = HERE.parent
SOURCE = ROOT / "src" / "aiida"
MADE = "<!-- made by docs/reference.py: change the code, not this page -->\n"


def first_line(text: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def cell(text: object) -> str:
    """Text for a cell of a table."""
    return str(text).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


# --- ARCHITECTURE.md --------------------------------------------------------------------------------------------------


def read_layers() -> list[str]:
    """The layers of the contract, top first, without those that hold a single file."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    return parser["importlinter:contract:layers"]["layers"].split("\n")[1:]


def render_layers() -> str:
    """The layers as a drawing."""
    rows = [line.replace("(", "").replace(")", "").strip() for line in read_layers()]
    width = max(len(row) for row in rows)
    return "```text\n" + "\n".join(row.center(width).rstrip() for row in rows) + "\n```\n"


def packages() -> list[Path]:
    """The packages two levels deep; those of plugins and parameters below that speak for themselves."""
    found = sorted(path.parent.relative_to(SOURCE) for path in SOURCE.rglob("__init__.py"))
    return [path for path in found if 1 <= len(path.parts) <= 2]


def describe_package(path: Path) -> str:
    """The first sentence of a package's docstring."""
    text = ast.get_docstring(ast.parse((SOURCE / path / "__init__.py").read_text())) or ""
    return re.split(r"(?<=[.])\s", first_line(text))[0]


def render_folders() -> str:
    """The packages with their first sentences."""
    lines = []
    for path in packages():
        name = "  " * (len(path.parts) - 1) + path.name + "/"
        lines.append(f"{name:<20}{describe_package(path)}")
    return "```text\n" + "\n".join(lines) + "\n```\n"


def render_drawings() -> str:
    """The table of states as a drawing; that of a job's phases is in the reference."""
    return f"```mermaid\n{diagram.render_states()}\n```\n"


def replace(text: str, name: str, made: str) -> str:
    """The document with one made part in its place."""
    begin, end = f"<!-- {name}: made by docs/reference.py -->\n", f"<!-- end of {name} -->"
    head, _, rest = text.partition(begin)
    assert rest, f"the mark of {name} is missing"
    return f"{head}{begin}{made}{end}{rest.partition(end)[2]}"


def render_architecture(text: str) -> str:
    """ARCHITECTURE.md with its made parts."""
    for name, render in (("layers", render_layers), ("folders", render_folders), ("drawings", render_drawings)):
        text = replace(text, name, render())
    return text


# --- reference pages --------------------------------------------------------------------------------------------------


def walk_commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command with its path and a context; the groups too. Commands of plugins are not ours to document."""

    def walk(command: click.Command, path: str, parent: click.Context | None) -> Iterator[tuple[str, click.Command, click.Context]]:
        ctx = click.Context(command, info_name=path.split()[-1], parent=parent)
        yield path, command, ctx
        if isinstance(command, click.Group):
            for name in command.list_commands(ctx):
                found = command.get_command(ctx, name)
                if found is not None and not found.hidden and is_ours(found):
                    yield from walk(found, f"{path} {name}", ctx)

    return walk(verdi, "verdi", None)


def is_ours(command: click.Command) -> bool:
    """Whether a command is defined in this package."""
    callback = inspect.unwrap(command.callback) if command.callback is not None else None
    return callback is None or str(getattr(callback, "__module__", "aiida.")).startswith(("aiida.", "click."))


def describe_parameter(parameter: click.Parameter) -> tuple[str, str]:
    """(how it is written, what it does)."""
    if isinstance(parameter, click.Option):
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        return names, first_line(parameter.help)
    return (parameter.name or "").upper(), ""


def render_commands() -> str:
    """Every command of `verdi` with its arguments and options."""
    lines = ["# Commands", "", MADE]
    lines += ["Every command takes `-h/--help` and `-v/--verbosity`; `verdi -p PROFILE …` names a profile other than the default.", ""]
    for path, command, ctx in walk_commands():
        lines += [f"{'##' if path.count(' ') < 2 else '###'} `{path}`", "", first_line(command.help) or first_line(command.short_help), ""]
        arguments = [p for p in command.params if isinstance(p, click.Argument)]
        if arguments:
            words = " ".join((p.name or "").upper() + ("…" if p.nargs == -1 else "") for p in arguments)
            lines += [f"    {path} [OPTIONS] {words}", ""]
        options = [
            p
            for p in command.get_params(ctx)
            if isinstance(p, click.Option) and not p.hidden and not {"--help", "--verbosity"} & set(p.opts)
        ]
        if options:
            lines += ["| option | what it does |", "|---|---|"]
            for option in options:
                names, text = describe_parameter(option)
                lines.append(f"| `{cell(names)}` | {cell(text)} |")
            lines.append("")
    return "\n".join(lines)


def render_options() -> str:
    """Every configuration option."""
    lines = ["# Options", "", MADE]
    lines += ["Set with `verdi config set NAME VALUE`, for the profile, or with `--global` for all.", ""]
    lines += ["| option | default | what it does |", "|---|---|---|"]
    for name in sorted(OPTIONS):
        option: Any = OPTIONS[name]
        scope = "" if not getattr(option, "global_only", False) else " For all profiles only."
        lines.append(f"| `{name}` | `{option.default!r}` | {cell(first_line(option.description))}{scope} |")
    return "\n".join(lines) + "\n"


def event_kinds() -> list[type[events.Event]]:
    """The closed list."""
    return [cls for cls in vars(events).values() if isinstance(cls, type) and issubclass(cls, events.Event) and cls is not events.Event]


def render_events() -> str:
    """Every kind of event, and the states between which it leads."""
    lines = ["# Events", "", MADE]
    lines += ["What a journal may hold; `verdi process timeline PK` tells it in words.", "", "| event | version | data | meaning | from |", "|---|---|---|---|---|"]
    for cls in event_kinds():
        fields = ", ".join(f"`{name}`" for name in cls.__struct_fields__)
        before = ", ".join(dict.fromkeys((state or "nothing") for state, kind in machine.TABLE if kind is cls))
        lines.append(f"| {cls.__name__} | {cls.version} | {fields} | {cell(first_line(cls.__doc__))} | {before} |")
    lines += ["", "## States", "", "```mermaid", diagram.render_states(), "```", "", "## Phases of a job", "", "```mermaid", diagram.render_phases(), "```", ""]
    lines += ["| phase | effect | then | when no attempt is left |", "|---|---|---|---|"]
    for name, phase in phases.TABLE.items():
        then = ", ".join(f"{target} ({condition})" if condition else target for condition, target in phase.done)
        lines.append(f"| {name} | {phase.effect} | {then} | {phase.gave_up} |")
    lines += ["", "## Links", "", "| link | from | to | at the source | at the target |", "|---|---|---|---|---|"]
    for rule in LINK_RULES:
        lines.append(f"| `{rule.link_type.value}` | `{rule.source}` | `{rule.target}` | {rule.outdegree.value} | {rule.indegree.value} |")
    return "\n".join(lines) + "\n"


def errors() -> list[type[BaseException]]:
    """Every exception of the tree."""
    return [getattr(exceptions, name) for name in exceptions.__all__ if isinstance(getattr(exceptions, name), type)]


def render_errors() -> str:
    """Every exception with its parents."""
    lines = ["# Errors", "", MADE, "All of them are in `aiida.common.exceptions`.", "", "| error | is a | raised when |", "|---|---|---|"]
    for cls in errors():
        parents = ", ".join(f"`{base.__name__}`" for base in cls.__bases__)
        lines.append(f"| `{cls.__name__}` | {parents} | {cell(first_line(cls.__doc__))} |")
    return "\n".join(lines) + "\n"


def render_entry_points() -> str:
    """Every group of entry points, and what is shipped in it."""
    lines = ["# Entry points", "", MADE]
    lines += ["A plugin is found by the group and name in its `pyproject.toml`. *Must be*: what loading it through the factory checks.", ""]
    lines += ["| group | factory | must be | shipped |", "|---|---|---|---|"]
    for group in GROUPS.values():
        shipped = ", ".join(f"`{point.name}`" for point in sorted(get_entry_points(group.name)) if point.value.startswith("aiida."))
        valid = ", ".join(f"`{name}`" for name in group.valid)
        lines.append(f"| `{group.name}` | {f'`{group.factory}`' if group.factory else ''} | {valid} | {shipped} |")
    return "\n".join(lines) + "\n"


def render_decisions() -> str:
    """The records of decisions."""
    lines = ["# Decisions", "", MADE, "Why things are as they are where others were possible. Smaller reasons stand at the top of the modules.", ""]
    for path in sorted((HERE / "adr").glob("*.md")):
        lines.append(f"* [{path.read_text().splitlines()[0].lstrip('# ')}](../adr/{path.name})")
    return "\n".join(lines) + "\n"


PAGES = {
    "decisions": render_decisions,
    "commands": render_commands,
    "options": render_options,
    "events": render_events,
    "errors": render_errors,
    "entry_points": render_entry_points,
}


if __name__ == "__main__":
    (HERE / "reference").mkdir(exist_ok=True)
    for page, render in PAGES.items():
        (HERE / "reference" / f"{page}.md").write_text(render())
    architecture = HERE / "ARCHITECTURE.md"
    architecture.write_text(render_architecture(architecture.read_text()))
    sys.stdout.write(f"{HERE / 'reference'} and {architecture} written\n")
