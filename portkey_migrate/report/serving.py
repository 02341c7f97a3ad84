"""Who serves an app, and how it comes back, told from the journal's rows alone. Nothing here looks at a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from portkey_migrate.journal import outages

AFTER_THE_PIVOT = ("routed", "protected", "committed", "reclaimed")
INSIDE_AN_OUTAGE = ("quiesced", "transferred", "started")  # of a method that has an outage
NO_OUTAGE = ("stateless",)
#: Fronts of the rows and the ids of the checks that the facts are made from; the reader decodes no others.
WANTED = (
    "backup-is-real", "backup-is-fresh", "target-backup-is-real", "vm-snapshot-exists",
    "writer-is-known", "one-watcher", "source-has-the-one-watcher",
    "probe-answers", "seen-from-outside", "source-answers", "seen-at-the-source",
    "source-is-quiet", "node-answered", "restore-point-", "sync-source:", "undo-sync-source:",
    "blocklist:", "undo-blocklist:",
)  # fmt: skip


class Moving(NamedTuple):
    """A transition that has not ended, and its recipe."""

    transition: Any
    rows: Sequence[Any]

    @property
    def at(self) -> tuple[int, str]:
        """The number and name of the first row that is not done."""
        for number, row in enumerate(self.rows, 1):
            if row.done_at is None:
                return number, row.name
        return len(self.rows), "all steps done"

    @property
    def unanswered(self) -> Any | None:
        """The newest row that was begun and not seen to end: what a crash leaves behind."""
        begun = [row for row in self.rows if row.attempt and row.done_at is None]
        return begun[-1] if begun else None


def _begun(rows: Sequence[Any], front: str) -> bool:
    return any(row.name.startswith(front) and row.attempt for row in rows)


def serves(state: str, method: str, moving: Moving | None, *, down: bool) -> str:
    """K3s, Talos or nobody."""
    if down:
        return "nobody"
    if moving is not None and moving.transition.direction == "forward" and moving.transition.reaches == "routed" and _begun(moving.rows, "route"):
        return "Talos"  # the pivot is crossed when the first attempt of its step is committed
    if moving is not None and moving.transition.direction == "back" and state in AFTER_THE_PIVOT:
        return "K3s" if _begun(moving.rows, "undo-route") else "Talos"
    if state in AFTER_THE_PIVOT:
        return "Talos"
    if state in INSIDE_AN_OUTAGE and method not in NO_OUTAGE:
        return "nobody"
    return "K3s"


def way_back(state: str, serving: str, moving: Moving | None) -> str:
    """How an app comes back to K3s, in words."""
    if moving is not None and moving.transition.direction == "back":
        return "on its way"
    if state == "reclaimed":
        return "none: the copy on K3s is gone"
    if serving == "Talos":
        return "lossless, when asked for"
    if moving is None:
        return "" if state == "planned" else "it is there"
    if moving.transition.outcome == "parked":
        return "when asked for; it looks first"
    return "by itself, nothing lost" if serving == "nobody" else "by itself"


def outage(transitions: Sequence[Any], now: datetime) -> tuple[datetime | None, float]:
    """Since when people are down (None: they are not), and how long the newest outage is or was, in seconds."""
    newest = next(reversed(outages.outages(transitions)), None)
    if newest is None:
        return None, 0.0
    return (newest.since if newest.until is None else None), newest.seconds(now)
