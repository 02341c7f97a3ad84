"""`migrate history`: what was done, when, by whom, and how it ended; the steps too where one subject is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from portkey_migrate.report import API_VERSION, words
from portkey_migrate.report.pages import Block, Column, Line, Table

_SYMBOLS = {"done": "✔", "went-back": "✖", "blocked": "✖", "parked": "✖", None: "◐"}
_COLUMNS = (Column(""), Column("ROW"), Column("TIME"), Column("WHO"), Column("WHAT", folds=True), Column("RESULT", folds=True), Column("TOOK"))


class History(NamedTuple):
    """What the journal tells, oldest first: moves, and refusals before one began."""

    subject: str
    told: Sequence[Any]
    world: str = ""
    tz: tzinfo | None = None

    def names(self) -> list[str]:
        return [str(one.move.transition.id) for one in self.told if one.move is not None]

    def document(self) -> dict[str, Any]:
        return {
            "apiVersion": API_VERSION,
            "kind": "History",
            "subject": self.subject,
            "world": self.world,
            "entries": [_entry(one) for one in self.told],
        }

    def blocks(self, *, wide: bool) -> list[Block]:
        if not self.told:
            return [Line(f"Nothing has been done{' with ' + self.subject if self.subject else ''} yet.")]
        latest = max((one.move.transition.ended or one.at) if one.move is not None else one.at for one in self.told)
        rows: list[tuple[str, ...]] = []
        for one in self.told:
            if one.move is None:
                rows.append(self._refusal(one, latest))
                continue
            rows.append(self._transition(one.move.transition, latest))
            if self.subject or wide:
                rows += [self._row(row, latest) for row in one.move.rows if row.attempt or row.done_at]
        head: list[Block] = [Line(words.world(self.world))] if words.world(self.world) else []
        return [*head, Table(_COLUMNS, tuple(rows))]

    def _refusal(self, one: Any, latest: datetime) -> tuple[str, ...]:
        """Guards that were asked and let nothing begin, or that a preflight asked."""
        red = [asked for asked in one.answers if not asked.answer.passes]
        result = f"{red[0].check}: {red[0].answer.why}" if red else f"{words.count(len(one.answers), 'check')} passed"
        what = "asked before a move" if self.subject else f"{one.subject} asked before a move"
        return ("✖" if red else "✔", "", words.clock(one.at, latest, self.tz), "", what, result, "-")

    def _transition(self, one: Any, latest: datetime) -> tuple[str, ...]:
        way = f"{one.leaves} -> {one.reaches}" + (" (back)" if one.direction == "back" else "")
        result = one.outcome or "not ended"
        why = one.error or one.why
        took = words.duration((one.ended - one.begun).total_seconds()) if one.ended else "-"
        what = way if self.subject else f"{one.subject} {way}"
        return (
            _SYMBOLS.get(one.outcome, "◐"),
            str(one.id),
            words.clock(one.begun, latest, self.tz),
            getattr(one, "who", ""),
            what,
            f"{result}: {why}" if why else result,
            took,
        )

    def _row(self, row: Any, latest: datetime) -> tuple[str, ...]:
        """A step of it: what no answer was seen for stands out, because it is what a crash leaves."""
        at = row.done_at or row.sent_at
        began = row.sent_at or row.done_at
        answer = _answer(row)
        result = (
            (answer.get("why") or answer.get("verdict") or "done")
            if row.done_at
            else f"intent written, {'reply ' + row.reply if row.reply else 'answer never seen'}"
        )
        took = words.duration((row.done_at - began).total_seconds()) if row.done_at and row.sent_at else "-"
        again = f", attempt {row.attempt}" if row.attempt > 1 else ""
        return ("", f"{row.transition}.{row.n}", words.clock(at, latest, self.tz) if at else "", "", f"  {row.name}{again}", result, took)


def _answer(row: Any) -> dict[str, Any]:
    """The answer as the reader hands it out: decoded JSON, or the noun."""
    answer = row.answer
    if answer is None:
        return {}
    return dict(answer) if isinstance(answer, dict) else {"verdict": answer.verdict, "why": answer.why, "values": dict(answer.values)}


def _entry(one: Any) -> dict[str, Any]:
    answers = [{"check": asked.check, "verdict": asked.answer.verdict, "why": asked.answer.why} for asked in one.answers]
    if one.move is None:
        return {"subject": one.subject, "at": words.utc(one.at), "transition": None, "answers": answers}
    return {"subject": one.subject, "at": words.utc(one.at), "transition": _move(one.move.transition, one.move.rows), "answers": answers}


def _move(one: Any, rows: Sequence[Any]) -> dict[str, Any]:
    return {
        "id": one.id,
        "subject": one.subject,
        "leaves": one.leaves,
        "reaches": one.reaches,
        "direction": one.direction,
        "method": one.method,
        "who": getattr(one, "who", ""),
        "byItself": bool(one.by_itself),
        "begun": words.utc(one.begun),
        "ended": words.utc(one.ended),
        "outcome": one.outcome,
        "error": one.error,
        "why": one.why,
        "downFrom": words.utc(one.down_from),
        "downTo": words.utc(one.down_to),
        "rows": [
            {
                "row": f"{row.transition}.{row.n}",
                "name": row.name,
                "attempt": row.attempt,
                "sentAt": words.utc(row.sent_at),
                "reply": row.reply,
                "doneAt": words.utc(row.done_at),
                "answer": _answer(row),
            }
            for row in rows
        ],
    }
