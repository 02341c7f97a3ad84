"""`migrate plan`: what would be done, step by step, each with its undo, and where people are down."""

from __future__ import annotations

from typing import Any, NamedTuple

from portkey_migrate.report import API_VERSION, words
from portkey_migrate.report.pages import Block, Column, Command, Line, Rule, Table

_COLUMNS = (
    Column("#"),
    Column("TRANSITION"),
    Column("STEP"),
    Column("DOWN"),
    Column("CHANGES", folds=True, below=True),
    Column("UNDO", folds=True, below=True),
)


class Planned(NamedTuple):
    """A view of the recipe as it would run now; `view` is the session's."""

    view: Any
    world: str = ""

    def names(self) -> list[str]:
        return [row.name for row in self.view.lines]

    def document(self) -> dict[str, Any]:
        view = self.view
        return {
            "apiVersion": API_VERSION,
            "kind": "MigrationPlan",
            "subject": view.subject,
            "method": view.method,
            "from": view.state,
            "world": self.world,
            "planHash": view.plan_hash,
            "outageBudgetSeconds": view.outage,
            "words": dict(view.words),
            "steps": [
                {
                    "n": row.n,
                    "transition": row.transition,
                    "step": row.name,
                    "sign": row.sign,
                    "object": row.object,
                    "change": row.change,
                    "undo": row.undo,
                    "down": row.down,
                    "pivot": row.pivot,
                }
                for row in view.lines
            ],
        }

    def blocks(self, *, wide: bool) -> list[Block]:
        view = self.view
        said = [f"Plan for {view.subject}"]
        if view.method:
            said.append(f"method {view.method}")
        if view.state:
            said.append(f"from {view.state}")
        out: list[Block] = [Line(", ".join(said))]
        if words.world(self.world):
            out.append(Line(words.world(self.world)))
        if not view.lines:
            return [*out, Line("Nothing to do.")]
        return [*out, Line(), Table(_COLUMNS, tuple(self._rows())), Line(), *self._summary()]

    def _rows(self) -> list[tuple[str, ...] | Rule]:
        out: list[tuple[str, ...] | Rule] = []
        last = ""
        for row in self.view.lines:
            if row.pivot:
                out.append(
                    Rule(f"---- the pivot: new writes live on Talos from here; back only by: migrate rollback {words.typed(self.view.subject)}")
                )
            changes = " ".join(part for part in (row.sign, "asks you:" if row.object == "you" else row.object, row.change) if part)
            out.append((str(row.n), "" if row.transition == last else row.transition, row.name, "▌" if row.down else "-", changes, row.undo or "-"))
            last = row.transition
        return out

    def _summary(self) -> list[Block]:
        view = self.view
        signs = [row.sign for row in view.lines]
        said = [
            f"{signs.count(sign)} {word}"
            for sign, word in (("+", "to add"), ("~", "to change"), ("-", "to remove"), ("?", "to ask"))
            if signs.count(sign)
        ]
        down = f" Down for some of it, {words.duration(view.outage)} at most." if view.outage else " Nobody is down."
        typed = words.typed(view.subject)
        return [
            Line((", ".join(said) or "Nothing to change") + f".{down if view.subject.startswith('app/') else ''}"),
            *(Line(f"{label}: {view.words[key]}") for key, label in (("moves", "How"), ("back", "Back")) if view.words.get(key)),
            Command(f"migrate advance {typed}", "to its next gate"),
            Command(f"migrate preflight {typed}", "asks its checks, changes nothing", "or:  "),
        ]
