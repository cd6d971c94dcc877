"""The words of a message to a process. Messages are rows of an inbox here; who builds one by hand uses these keys."""

from typing import Any

MessageType = dict[str, Any]
INTENT_KEY = "intent"
MESSAGE_KEY = "message"


class Intent:
    """What is wanted of the process."""

    PLAY = "play"
    PAUSE = "pause"
    KILL = "kill"
    STATUS = "status"


__all__ = ("INTENT_KEY", "MESSAGE_KEY", "Intent", "MessageType")
