"""`migrate preflight`: every check that the next move asks, with what was seen and the line that mends it. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from portkey_migrate.report import API_VERSION, words
from portkey_migrate.report.pages import Block, Column, Command, Line, Table

SYMBOLS = {"ok": "✔", "warn": "!", "skip": "·", "block": "✖", "unknown": "✖", "not-yet": "◐"}
_REFUSES = ("block", "unknown", "not-yet")
_ORDER = {"block": 0, "unknown": 0, "not-yet": 0, "warn": 1, "ok": 2, "skip": 3}


class Preflight(NamedTuple):
    """The answers of one asking; `asked` as the engine recorded them."""

    subject: str
    asked: Sequence[Any]
    world: str = ""

    @property
    def blocked_by(self) -> list[str]:
        return [one.check for one in self.asked if one.answer.verdict in _REFUSES]

    @property
    def warned_by(self) -> list[str]:
        return [one.check for one in self.asked if one.answer.verdict == "warn"]

    def names(self) -> list[str]:
        return [one.check for one in self.asked]

    def document(self) -> dict[str, Any]:
        return {
            "apiVersion": API_VERSION,
            "kind": "Preflight",
            "subject": self.subject,
            "world": self.world,
            "blocked_by": self.blocked_by,
            "warned_by": self.warned_by,
            "checks": [
                {
                    "subject": one.subject,
                    "check": one.check,
                    "verdict": one.answer.verdict,
                    "why": one.answer.why,
                    "fix": one.answer.fix,
                    "values": dict(one.answer.values),
                    "cluster": one.cluster_uid,
                    "at": words.utc(one.at),
                }
                for one in self.asked
            ],
        }

    def blocks(self, *, wide: bool) -> list[Block]:
        out: list[Block] = [Line(f"Preflight {self.subject}: {words.count(len(self.asked), 'check')}, nothing was changed")]
        if words.world(self.world):
            out.append(Line(words.world(self.world)))
        ordered = sorted(self.asked, key=lambda one: _ORDER[one.answer.verdict])
        rows = tuple(
            (SYMBOLS[one.answer.verdict], one.answer.verdict, one.check, one.answer.why + (_values(one.answer) if wide else "")) for one in ordered
        )
        if rows:
            out += [Line(), Table((Column(""), Column("ANSWER"), Column("CHECK"), Column("SEEN", folds=True, below=True)), rows)]
        fixes = [one for one in ordered if one.answer.fix and one.answer.verdict != "ok"]
        if fixes:
            out.append(Line())
            for one in fixes:
                first, *more = one.answer.fix.split("\n")
                out += [Command(f"{one.check}: {first}", label="fix "), *(Command(f"      {line}", label="") for line in more)]
        out.append(Line())
        typed = words.typed(self.subject)
        if self.blocked_by:
            return [
                *out,
                Line(f"✖ {words.count(len(self.blocked_by), 'check blocks', 'checks block')}: {', '.join(self.blocked_by)}"),
                Command(f"migrate preflight {typed}", "asks again"),
            ]
        return [
            *out,
            Line("✔ nothing blocks" + (f", {words.count(len(self.warned_by), 'warning')}" if self.warned_by else "")),
            Command(f"migrate advance {typed}"),
        ]


def _values(answer: Any) -> str:
    said = ", ".join(f"{key}={value}" for key, value in answer.values.items())
    return f" ({said})" if said else ""
