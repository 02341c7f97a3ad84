"""The columns that rows are read by, in order, and how a time lies in one. Nothing here costs time to import."""

from __future__ import annotations

from datetime import UTC, datetime

SUBJECT = "kind, name, state, version, method, phase, position, since, gate, soak_until, outage"
TRANSITION = (
    "id, subject, leaves, reaches, direction, method, key, plan_hash, tool_version, found, begun, of, by_itself, why, ended, down_from, down_to,"
    " outcome, error, who"
)
ROW = '"transition", n, name, item, change, undo, undoes_transition, undoes_n, attempt, sent_at, sent_under, reply, doubt_until, answer, done_at'
ASKED = 'subject, "check", answer, at, "transition", cluster_uid, data'
PIN = "role, uid, ca_sha256, at, who"


def when(at: datetime | None) -> str | None:
    """UTC with six decimals, so that text sorts as time does."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def moment(at: str | None) -> datetime | None:
    """The time that a column holds."""
    return None if at is None else datetime.fromisoformat(at)
