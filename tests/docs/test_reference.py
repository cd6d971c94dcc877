"""The reference is made from the code, and holds every command, option, event, error and entry-point group."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.docs.made import DOCS, load_script


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that makes the pages."""
    return load_script("reference")


def page(name: str) -> str:
    """A page as it stands."""
    return (DOCS / "reference" / f"{name}.md").read_text()


@pytest.mark.parametrize("name", ["commands", "options", "events", "errors", "entry_points", "decisions"])
def test_reference_is_made_from_the_code(script: ModuleType, name: str) -> None:
    """`python docs/reference.py` would change nothing."""
    assert script.PAGES[name]() == page(name), "run `python docs/reference.py`"


def test_every_command_and_option_says_what_it_does(script: ModuleType) -> None:
    """No empty line in the page of commands."""
    silent = []
    text = page("commands")
    for path, command, _ in script.walk_commands():
        assert f"# `{path}`" in text
        if not script.first_line(command.help or command.short_help):
            silent.append(path)
    silent += [line for line in text.splitlines() if line.startswith("| `") and line.endswith("|  |")]
    assert not silent


def test_everything_has_a_line_that_says_something(script: ModuleType) -> None:
    """Options, events and errors with an empty description would be of no use."""
    from aiida.manage.configuration.options import OPTIONS

    assert all(f"| `{name}` |" in page("options") and option.description for name, option in OPTIONS.items())
    assert all(f"| {kind.__name__} |" in page("events") and kind.__doc__ for kind in script.event_kinds())
    assert all(f"| `{cls.__name__}` |" in page("errors") and cls.__doc__ for cls in script.errors())
    assert all(f"| `{name}` |" in page("entry_points") for name in script.GROUPS)
