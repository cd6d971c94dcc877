"""The words of the inbox, and what acting on the mail of one process came to."""

from __future__ import annotations

import msgspec

from aiida.journal import events as ev
from aiida.storage.journal import Message

PAUSE, PLAY, KILL, PRIORITY, MESSAGE = "pause", "play", "kill", "priority", "message"


class Acted(msgspec.Struct):
    """What acting on the mail of one process came to."""

    events: list[ev.Event] = []
    kill: str | None = None
    waits: int = 0
    ended: bool = False
    woken: list[int] = []
    paused: str | None = None
    played: bool = False
    hook: bool = False
    messages: list[Message] = []  # for the process itself: its class knows what they mean
