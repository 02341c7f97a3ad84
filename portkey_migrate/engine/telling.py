"""What leaves a move as events, with the one thing that each of them lacks by itself: for how long people have been down by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from portkey_migrate.engine.walk import Say
from portkey_migrate.journal import outages
from portkey_migrate.journal.rows import Row, Transition
from portkey_migrate.ports import Clock


class Telling:
    """Passes events on; between `down` and `up` each carries `down`, seconds, and the budget. Asks the journal once, for every query is outage."""

    def __init__(self, say: Say, clock: Clock, moves: Sequence[Transition], budget: float) -> None:
        """`moves`: of the subject, so that a resumed outage is told with its whole length."""
        self._say, self._clock, self._budget = say, clock, budget
        newest = next(reversed(outages.outages(moves)), None)
        self._since: datetime | None = newest.since if newest is not None and newest.until is None else None

    def __call__(self, event: Mapping[str, Any]) -> None:
        kind = event.get("event")
        if kind == "down":
            self._since = self._clock.now()
        elif kind == "up":
            self._since = None
        if self._since is not None:
            event = {**event, "down": (self._clock.now() - self._since).total_seconds(), "since": self._since, "budget": self._budget}
        self._say(event)


def resumed(move: Transition, rows: Sequence[Row]) -> dict[str, Any]:
    """What the last run left behind: who, how far, and the step whose answer nobody saw."""
    at = next((row for row in rows if row.done_at is None), None)
    begun = at is not None and at.attempt > 0
    return {
        "event": "resumed",
        "subject": move.subject,
        "who": move.who,
        "leaves": move.leaves,
        "reaches": move.reaches,
        "begun": move.begun,
        "step": at.n if at is not None else len(rows),
        "of": len(rows),
        "name": at.name if at is not None else "",
        "sent": at.sent_at if at is not None and begun else None,
        "reply": at.reply if at is not None else "",
        "attempt": at.attempt if at is not None else 0,
    }
