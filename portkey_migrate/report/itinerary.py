"""`migrate plan` without a subject: the phases in their order, what each holds, how far it is, and what this version cannot do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from portkey_migrate.report import API_VERSION, words
from portkey_migrate.report.pages import Block, Column, Command, Line, Table

_COLUMNS = (Column(""), Column("PHASE"), Column("SUBJECT"), Column("METHOD"), Column("NOW"), Column("TO"), Column("NOTE", folds=True, below=True))

_FIRST = {"app": "planned", "task": "todo"}  # a node's first state is not known before it was looked at


def _method(plan: Any, kind: str, name: str) -> str:
    """How it moves; a task that is named in the registry needs no second name."""
    if kind == "app":
        return str(plan.apps[name].method)
    return str(plan.tasks[name].kind) if kind == "task" and plan.tasks[name].kind != name else ""


class Stop(NamedTuple):
    """One item of a phase."""

    phase: str
    subject: str
    method: str
    now: str
    to: str
    there: bool
    built: bool
    beside: bool  # goes side by side with the one before it

    @property
    def symbol(self) -> str:
        return "✔" if self.there else "○" if self.built else "·"


class Itinerary(NamedTuple):
    """The plan by the files, the states by the journal."""

    plan: str
    goals: tuple[tuple[str, str, str], ...]  # phase, its goal, its state
    stops: tuple[Stop, ...]

    @classmethod
    def of(cls, plan: Any, states: Mapping[str, str], only: str | None = None) -> Itinerary:
        phases = [phase for phase in plan.phases if only in (None, f"phase/{phase.name}")]
        stops = []
        for phase in phases:
            for row in phase.items:
                for n, item in enumerate(row):
                    kind, name = item.subject.split("/", 1)
                    method = _method(plan, kind, name)
                    built = item.subject not in plan.not_built and kind != "node"
                    now = states.get(item.subject, _FIRST.get(kind, ""))
                    stops.append(Stop(phase.name, item.subject, method, now, item.to, now == item.to, built, n > 0))
        goals = tuple((phase.name, phase.goal, states.get(f"phase/{phase.name}", "pending")) for phase in phases)
        return cls(plan.name, goals, tuple(stops))

    @property
    def left(self) -> list[str]:
        return [stop.subject for stop in self.stops if not stop.there]

    def names(self) -> list[str]:
        return [stop.subject for stop in self.stops]

    def document(self) -> dict[str, Any]:
        return {
            "apiVersion": API_VERSION,
            "kind": "Itinerary",
            "plan": self.plan,
            "phases": [
                {
                    "phase": name,
                    "goal": goal,
                    "state": state,
                    "items": [
                        {
                            "subject": stop.subject,
                            "method": stop.method,
                            "state": stop.now,
                            "to": stop.to,
                            "there": stop.there,
                            "built": stop.built,
                            "side_by_side": stop.beside,
                        }
                        for stop in self.stops
                        if stop.phase == name
                    ],
                }
                for name, goal, state in self.goals
            ],
        }

    def blocks(self, *, wide: bool) -> list[Block]:
        out: list[Block] = [
            Line(f"Plan {self.plan}: {words.count(len(self.goals), 'phase')}, {words.count(len(self.stops), 'item')}, {len(self.left)} to go")
        ]
        out += [Line(f"  {name} ({state}): {goal}", hang=4) for name, goal, state in self.goals]
        rows = []
        last = ""
        for stop in self.stops:
            note = "" if stop.built else "not built yet"
            rows.append(
                (
                    stop.symbol,
                    "" if stop.phase == last else stop.phase,
                    stop.subject + (" (beside)" if stop.beside else ""),
                    stop.method,
                    stop.now,
                    stop.to,
                    note,
                )
            )
            last = stop.phase
        following = next((stop.subject for stop in self.stops if not stop.there and stop.built), "")
        more = [Command(f"migrate plan {words.typed(following)}", "its steps, each with its undo", "or:  ")] if following else []
        return [*out, Line(), Table(_COLUMNS, tuple(rows)), Line(), Command("migrate advance", "the next phase, to its next gate"), *more]
