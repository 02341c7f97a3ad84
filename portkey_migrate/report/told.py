"""What a failure says first: where the data is, whether people are served, what was lost. Why it failed comes after that.

Made from the rows of the move that ended so, which the error carries; what no row saw is not said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from portkey_migrate.report import facts, serving, words, writing
from portkey_migrate.report.serving import Moving

_LOOKS = ("source-answers", "seen-at-the-source")
_WENT_BACK = "PKM-0611"


class Told(NamedTuple):
    """The three sentences that stand in for an error's own."""

    what: str
    why: str
    safe: str


def told(code: str, why: str, data: Mapping[str, Any], tz: tzinfo | None) -> Told | None:
    """None where the error carries no move: then its own words stand."""
    about = data.get("told")
    if not about or about["move"] is None:
        return None
    subject, now = about["subject"], about["now"]
    since, seconds = serving.outage(about["moves"], now)
    down = f"{words.duration(seconds)} of {words.duration(subject.outage)}" if subject.outage else words.duration(seconds)
    if code == _WENT_BACK:
        was = f" Down {down}." if seconds else " Nobody was down."
        left = f"Left as {subject.state}; nothing needs you tonight."
        return Told(f"{home(subject.id, about['rows'], about['move'], now, tz)} Lost: nothing.{was}", why, left)
    if since is None:
        return None
    moving = Moving(about["move"], about["rows"])
    writes = writing.writer(moving, node=facts.node_in(about["rows"]))
    page = f"By hand: state/undo/{subject.id.replace('/', '-')}.md holds the way back, in order."
    return Told(f"{subject.id} is down since {words.clock(since, now, tz)}, {down}: its data is whole, {writes}.", why, page)


def home(subject: str, rows: Sequence[Any], back: Any, now: datetime, tz: tzinfo | None) -> str:
    """`app/vaultwarden is on K3s and answers (200, 23:41:52).` by the look that the way back ended with; without one it only says where it is."""
    looks = [row for row in rows if row.transition == back.id and row.name in _LOOKS and row.done_at is not None]
    if not looks:
        return f"{subject} is on K3s."
    last = looks[-1]
    status = (last.answer.values if last.answer is not None else {}).get("value", "")
    return f"{subject} is on K3s and answers ({', '.join(part for part in (str(status), words.clock(last.done_at, now, tz)) if part)})."
