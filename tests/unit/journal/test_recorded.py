"""Journals recorded by earlier releases: folded by every later one. Add, never change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiida.journal import events as ev
from aiida.journal.fold import fold

FOLDER = Path(__file__).parent / "recorded"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_recorded_journal_folds_as_it_did(path: Path) -> None:
    recorded = json.loads(path.read_text())
    state = fold(ev.decode(kind, version, json.dumps(data)) for kind, version, data in recorded["events"])
    for name, value in recorded["state"].items():
        assert getattr(state, name) == value, name


def test_the_recordings_have_every_kind_of_event() -> None:
    recorded = {event[0] for path in FOLDER.glob("*.json") for event in json.loads(path.read_text())["events"]}
    assert recorded == set(ev.KINDS)
