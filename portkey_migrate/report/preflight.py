"""`migrate preflight`: every check that the next move asks, with what was seen and the line that mends it. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from portkey_migrate.report import API_VERSION, causes, words
from portkey_migrate.report.pages import Block, Column, Command, Line, Table

SYMBOLS = {"ok": "✔", "warn": "!", "skip": "·", "block": "✖", "unknown": "✖", "not-yet": "◐"}
_REFUSES = ("block", "unknown", "not-yet")
_ORDER = {"block": 0, "unknown": 0, "not-yet": 0, "warn": 1, "ok": 2, "skip": 3}


class Preflight(NamedTuple):
    """The answers of one asking; `asked` as the engine recorded them."""

    subject: str
    asked: Sequence[Any]
    world: str = ""
    later: Sequence[str] = ()  # checks that only acting can show: asked while moving

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
            "asked_while_moving": list(self.later),
            "causes": [{"cause": one.why, "fix": one.fix, "by": one.by, "checks": list(one.checks)} for one in causes.of(self.asked)],
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
        out += [Line(sentence, strong=n == 0) for n, sentence in enumerate(causes.said(self.asked))]
        ordered = sorted(self.asked, key=lambda one: _ORDER[one.answer.verdict])
        out += [*self._table(ordered, wide=wide), *self._fixes(ordered)]
        if self.later:
            out.append(Line(f"Asked while moving, for only acting shows them: {', '.join(self.later)}"))
        out.append(Line())
        typed = words.typed(self.subject) if "/" in self.subject else ""
        ours = [one for one in causes.of(self.asked) if one.by == "tool" and "\n" not in one.fix]
        if self.blocked_by:
            return [
                *out,
                Line(f"✖ {words.count(len(self.blocked_by), 'check blocks', 'checks block')}: {', '.join(dict.fromkeys(self.blocked_by))}", hang=2),
                *(Command(one.fix, "mends it", "Next:" if n == 0 else "or:  ") for n, one in enumerate(ours)),
                Command(f"migrate preflight {typed}".strip(), "asks again", "then:" if ours else "Next:"),
            ]
        return [
            *out,
            Line("✔ nothing blocks" + (f", {words.count(len(self.warned_by), 'warning')}" if self.warned_by else "")),
            Command(f"migrate advance {typed}".strip()),
        ]

    def _table(self, ordered: Sequence[Any], *, wide: bool) -> list[Block]:
        """Every answer of one subject; of many only those that are not well, for a page of four hundred green lines hides the red one."""
        subjects = list(dict.fromkeys(one.subject for one in self.asked))
        many = len(subjects) > 1
        shown = [one for one in ordered if wide or not many or one.answer.verdict not in ("ok", "skip")]
        left = len(ordered) - len(shown)
        said = [Line(f"✔ {words.count(left, 'answer')} of {words.count(len(subjects), 'app')} that are well")] if left else []
        if not shown:
            return [Line(), *said] if said else []
        columns = (Column(""), Column("ANSWER"), *([Column("SUBJECT")] if many else []), Column("CHECK"), Column("SEEN", folds=True, below=True))
        rows = tuple(
            (
                SYMBOLS[one.answer.verdict],
                one.answer.verdict,
                *([one.subject] if many else []),
                one.check,
                one.answer.why + (_values(one.answer) if wide else ""),
            )
            for one in shown
        )
        return [Line(), Table(columns, rows), *said]

    def _fixes(self, ordered: Sequence[Any]) -> list[Block]:
        """The lines that mend, each once and as it is."""
        out: list[Block] = []
        for one in ordered:
            if one.answer.fix and one.answer.verdict != "ok":
                first, *more = one.answer.fix.split("\n")
                lines = [Command(f"{one.check}: {first}", label="fix "), *(Command(f"      {line}", label="") for line in more)]
                out += [] if lines[0] in out else lines
        return [Line(), *out] if out else []


def _values(answer: Any) -> str:
    said = ", ".join(f"{key}={value}" for key, value in answer.values.items())
    return f" ({said})" if said else ""
