"""What an outage waited for that was not true yet: listed with its reason, and none of the tool's own time (lab.md 10).

Told by the tool's events: the lab sees that somebody waits, and only who waits knows for what.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol

#: The verbs that tell what happens; the others answer at once.
_TELLS = ("advance", "rollback")


class Ended(Protocol):
    """A command that was typed: what it said on stderr."""

    @property
    def err(self) -> str:
        """Whole, as it was printed."""
        ...


def asked_for(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The option with which a command tells its events as data."""
    return ("--events", "jsonl") if argv and argv[0] in _TELLS else ()


def of(commands: Iterable[Ended], subject: str) -> list[dict[str, Any]]:
    """Every wait of one subject inside an outage: what for, at which step, how many seconds."""
    out: list[dict[str, Any]] = []
    for ran in commands:
        open_: dict[str, str] = {}
        for event in _events(ran.err):
            name = str(event.get("name", ""))
            if event.get("subject") != subject or "down" not in event:
                continue
            if event["event"] == "wait" and event.get("waits_for"):
                open_.setdefault(name, str(event["waits_for"]))
            elif event["event"] in ("step", "check") and name in open_:
                out.append({"what": open_.pop(name), "at": name, "seconds": round(float(event.get("took") or 0.0), 3)})
    return out


def _events(said: str) -> Iterable[dict[str, Any]]:
    """The lines that are events; an error's screen stands among them."""
    for line in said.splitlines():
        if line.startswith("{"):
            try:
                event = json.loads(line)
            except ValueError:  # the line during which it was killed
                continue
            if isinstance(event, dict) and "event" in event:
                yield event
