"""The plan's subjects as the journal comes to know them: new ones in their first state, known ones in their new place, none ever moved."""

from __future__ import annotations

import sqlite3
from typing import Final

from portkey_migrate.journal.stored import text
from portkey_migrate.model import Plan

#: The first state of each kind's way. `machines.py` is not below this room; a test holds the two together.
FIRST: Final = {"phase": "pending", "node": "k3s", "app": "planned", "task": "todo"}
FIRST_OF_A_NEW_NODE: Final = "absent"
NOT_NAMED: Final = -1  # a subject that the plan names no more keeps its rows and can be rolled back


def first(plan: Plan, kind: str, name: str) -> str:
    """The state that a subject stands in before anything has been done."""
    new = kind == "node" and name in plan.nodes and plan.nodes[name].new is not None
    return FIRST_OF_A_NEW_NODE if new else FIRST[kind]


def summary(plan: Plan) -> str:
    """What screens made from the journal alone say of the plan."""
    return text(
        {
            "name": plan.name,
            "hash": plan.hash,
            "timezone": plan.timezone,
            "source": plan.source.kind,
            "target": plan.target.kind,
            "apps": len(plan.apps),
            "nodes": len(plan.nodes),
            "tasks": len(plan.tasks),
            "phases": [{"name": phase.name, "goal": phase.goal} for phase in plan.phases],
            "not_built": sorted(plan.not_built),
        }
    )


def named(plan: Plan) -> dict[tuple[str, str], tuple[str, str, int, float]]:
    """Each subject of the plan by kind and name: method, phase, position, outage budget."""
    phases = {item.subject: phase.name for phase in reversed(plan.phases) for row in phase.items for item in row}
    out = {}
    for position, subject in enumerate(plan.subjects()):
        kind, name = subject.split("/", 1)
        app = plan.apps.get(name) if kind == "app" else None
        task = plan.tasks.get(name) if kind == "task" else None
        method = app.method if app else task.kind if task else ""
        out[kind, name] = (method, phases.get(subject, ""), position, app.outage if app else 0.0)
    return out


class Seeding:
    """What has to be written so that the journal knows this plan; `nothing` where it does already."""

    def __init__(self, db: sqlite3.Connection, plan: Plan) -> None:
        """Compares the plan with what the journal knows; writes nothing."""
        wanted = named(plan)
        known = {(row[0], row[1]): tuple(row[2:]) for row in db.execute("SELECT kind, name, method, phase, position, outage FROM subjects")}
        said = dict(db.execute("SELECT name, value FROM meta WHERE name = 'plan'")).get("plan")
        self.summary = summary(plan)
        self.new = [(*id_, first(plan, *id_), *cells) for id_, cells in wanted.items() if id_ not in known]
        self.moved = [(*cells, *id_) for id_, cells in wanted.items() if id_ in known and known[id_] != cells]
        self.gone = [(NOT_NAMED, *id_) for id_, cells in known.items() if id_ not in wanted and cells[2] != NOT_NAMED]
        self.nothing = not (self.new or self.moved or self.gone or said != self.summary)

    def write(self, db: sqlite3.Connection) -> None:
        """All of it, in the transaction that is open."""
        db.executemany(
            "INSERT INTO subjects (kind, name, state, method, phase, position, outage, version, gate) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '')", self.new
        )
        db.executemany("UPDATE subjects SET method = ?, phase = ?, position = ?, outage = ? WHERE kind = ? AND name = ?", self.moved)
        db.executemany("UPDATE subjects SET position = ? WHERE kind = ? AND name = ?", self.gone)
        db.execute("INSERT INTO meta (name, value) VALUES ('plan', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (self.summary,))
