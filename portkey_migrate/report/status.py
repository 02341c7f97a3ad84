"""`migrate status` and `migrate report`: where everything is, by the journal alone."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from portkey_migrate.report import API_VERSION, words
from portkey_migrate.report.pages import Block, Column, Command, Line, Table, Verbatim


class Standing(NamedTuple):
    """One subject as it stands."""

    subject: str
    state: str
    symbol: str  # ✔ there · ◐ on its way · ‖ waits · ✖ needs somebody, or went back · ○ not begun
    word: str  # the symbol said
    serves: str  # K3s | Talos | nobody | "" for what serves nobody
    down: str = ""  # "38s of 5m"
    back: str = ""  # the way back, in words
    note: str = ""  # what it does, waits for, or why it stopped
    method: str = ""
    phase: str = ""
    since: datetime | None = None
    soak_until: datetime | None = None
    down_since: datetime | None = None
    down_seconds: float = 0.0  # of the newest move, over or not
    budget: float = 0.0
    facts: tuple[tuple[str, str], ...] = ()  # what is known of its data: what it is about, what is known
    mends: tuple[str, ...] = ()  # of a refusal: lines to commit or to type, as they are


class Report(NamedTuple):
    """The journal as a page."""

    plan: str
    world: str
    place: str  # the folder of the journal
    now: datetime | None  # in the lab the newest time that the journal saw: its clock is not ours
    headline: str
    sentences: list[str]
    phases: list[Standing]
    apps: list[Standing]
    others: list[Standing]  # nodes and tasks that have moved or wait
    totals: dict[str, dict[str, int]]
    next: list[tuple[str, str]]
    holder: dict[str, Any]
    clusters: dict[str, str]
    subjects: int
    tz: tzinfo | None = None

    def names(self) -> list[str]:
        return [one.subject for one in (*self.phases, *self.apps, *self.others)]

    def document(self) -> dict[str, Any]:
        return {
            "apiVersion": API_VERSION,
            "kind": "Report",
            "plan": self.plan,
            "world": self.world,
            "state": self.place,
            "asOf": words.utc(self.now),
            "headline": self.headline,
            "sentences": self.sentences,
            "phases": [_document(one) for one in self.phases],
            "apps": [_document(one) for one in self.apps],
            "others": [_document(one) for one in self.others],
            "totals": self.totals,
            "holder": self.holder,
            "clusters": self.clusters,
            "subjects": self.subjects,
            "next": [{"command": command, "note": note} for command, note in self.next],
        }

    def blocks(self, *, wide: bool) -> list[Block]:
        out: list[Block] = [Line(self._head())]
        if words.world(self.world):
            out.append(Line(words.world(self.world)))
        out.append(Line(self.headline, strong=True))
        out += [Line(sentence) for sentence in self.sentences]
        if self.phases:
            out += [Line(), self._phases(wide=wide)]
        shown = [one for one in self.apps if wide or one.symbol != "○" or one.note]
        if shown or self.apps:
            out += [Line(), self._apps(shown, wide=wide)]
        for one in shown:
            if one.facts and (wide or one.symbol != "✔"):
                out += [Line(), _known(one)]
        for one in [*shown, *self.others]:
            if one.mends:
                out += [Line(), Line(f"To mend {one.subject}, then ask again:"), Verbatim("\n".join(f"    {line}" for line in one.mends))]
        if self.others:
            out += [
                Line(),
                Table(
                    (Column(""), Column("SUBJECT"), Column("STATE"), Column("NOTE", folds=True, below=True)),
                    tuple((one.symbol, one.subject, one.state, one.note) for one in self.others),
                ),
            ]
        if self.next:
            out.append(Line())
            out += [Command(command, note, "Next:" if n == 0 else "or:  ") for n, (command, note) in enumerate(self.next)]
        return out

    def _head(self) -> str:
        parts = [self.plan or "no plan read yet", "K3s -> Talos"]
        if self.now is not None:
            parts.append(f"as of {words.moment(self.now, self.tz)}")
        return "   ".join([*parts, self.place])

    def _phases(self, *, wide: bool) -> Table:
        """Those that are closed in one line, those that go on, the next one; what comes after is counted."""
        shown = [one for one in self.phases if wide or one.state not in ("closed", "pending")]
        closed = [one for one in self.phases if one.state == "closed"]
        pending = [one for one in self.phases if one.state == "pending"]
        rows = [(one.symbol, one.subject.split("/", 1)[1], one.state, one.note) for one in shown]
        if not wide:
            rows = [("✔", one.subject.split("/", 1)[1], one.state, "") for one in closed[-1:]] + rows
            rows += [("○", one.subject.split("/", 1)[1], one.state, one.note) for one in pending[:1]]
            left = {word: self.totals.get("phase", {}).get(word, 0) - 1 for word in ("closed", "pending")}
            counted = [f"{number} more {word}" for word, number in left.items() if number > 0]
            rows += [("", ", ".join(counted), "", "")] if counted else []
        return Table((Column(""), Column("PHASE"), Column("STATE"), Column("NOTE", folds=True, below=True)), tuple(rows))

    def _apps(self, shown: list[Standing], *, wide: bool) -> Table:
        columns = COLUMNS + (WIDE_COLUMNS if wide else ())
        used = [column for column in columns if wide or column.always or any(column.cell(one) for one in shown)]
        used.sort(key=lambda column: column.title == "NOTE")  # prose last: it may go below its row
        rows = [tuple(column.cell(one) for column in used) for one in shown]
        for state, number in self._not_shown(shown).items():
            rest = {"": "○", "APP": f"{number} more" if shown else words.count(number, "app"), "STATE": state, "SERVED BY": _serves_still(state)}
            rows.append(tuple(rest.get(column.title, "") for column in used))
        return Table(tuple(Column(column.title, column.folds, below=column.title == "NOTE") for column in used), tuple(rows))

    def _not_shown(self, shown: list[Standing]) -> dict[str, int]:
        left = dict(self.totals.get("app", {}))
        for one in shown:
            left[one.state] = left.get(one.state, 0) - 1
        return {state: number for state, number in left.items() if number > 0}


class Shown(NamedTuple):
    """A column of the table of apps. A new one is its line in `COLUMNS`."""

    title: str
    cell: Any  # Standing → str
    folds: bool = False
    always: bool = True


COLUMNS = (
    Shown("", lambda one: one.symbol),
    Shown("APP", lambda one: one.subject.split("/", 1)[1]),
    Shown("STATE", lambda one: one.state),
    Shown("SERVED BY", lambda one: one.serves),
    Shown("DOWN", lambda one: one.down, always=False),
    Shown("BACK TO K3S", lambda one: one.back, folds=True, always=False),
    Shown("NOTE", lambda one: one.note, folds=True, always=False),
)
WIDE_COLUMNS = (
    Shown("METHOD", lambda one: one.method),
    Shown("PHASE", lambda one: one.phase),
    Shown("SINCE", lambda one: words.utc(one.since) or "-"),
)


def _known(one: Standing) -> Table:
    """What is known of an app's data, a line each; of those that have arrived only where everything is asked for."""
    return Table((Column(one.subject.split("/", 1)[1].upper()), Column("WHAT IS KNOWN", folds=True)), one.facts)


def _serves_still(state: str) -> str:
    return "K3s" if state in ("planned", "prepared") else "Talos" if state in ("routed", "protected", "committed", "reclaimed") else ""


def _document(one: Standing) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "state": one.state,
        "status": one.word,
        "serves": {"K3s": "source", "Talos": "target", "nobody": "none"}.get(one.serves),
        "back": one.back,
        "note": one.note,
        "method": one.method,
        "phase": one.phase,
        "since": words.utc(one.since),
        "soakUntil": words.utc(one.soak_until),
        "downSince": words.utc(one.down_since),
        "downSeconds": round(one.down_seconds, 3),
        "downBudgetSeconds": one.budget,
        "known": [{"about": about, "said": said} for about, said in one.facts],
        "fix": list(one.mends),
    }
