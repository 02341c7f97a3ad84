"""What the plan and the journal say to a rehearsal: what has to be moved first, where a subject stands, how long its gate lasts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portkey_migrate import checks, session
from portkey_migrate.journal import read
from portkey_migrate.plan.windows import opens

if TYPE_CHECKING:
    from portkey_migrate.model import Plan


def plan_of(home: Path) -> Plan:
    return session.load_plan(home)


def states(state: Path) -> dict[str, Any]:
    """Every subject of the journal; {} before there is one."""
    snapshot = read.load(state, page=None)
    return {one.id: one for one in snapshot.subjects} if snapshot is not None else {}


def moving(state: Path) -> set[str]:
    """Subjects with a transition that has not ended: parked, or interrupted."""
    snapshot = read.load(state, page=None)
    return {move.transition.subject for move in snapshot.open} if snapshot is not None else set()


def needed(plan: Plan, subject: str) -> list[tuple[str, str]]:
    """(subject, state) of everything that must have moved before, dependents last; without the subject itself."""
    out: dict[str, str] = {}

    def add(id_: str) -> None:
        kind, _, name = id_.partition("/")
        entry: Any = plan.apps.get(name) if kind == "app" else plan.tasks.get(name) if kind == "task" else None
        for need in entry.needs if entry is not None else ():
            add(need.subject)
            out[need.subject] = need.state

    add(subject)
    return list(out.items())


def window_opens(plan: Plan, subject: str, now: float) -> float | None:
    """When the window of an app opens next; None: it is open, or there is none."""
    app = plan.apps.get(subject.partition("/")[2])
    if app is None or app.window is None:
        return None
    when = opens(app.window, plan.timezone, datetime.fromtimestamp(now, UTC))
    return when.timestamp() if when is not None else None


def refused_by(error: dict[str, Any]) -> list[str]:
    """The checks that an error names, in its sentence `CHECK: what was seen` (with the step before it, where a step asked)."""
    if error.get("check"):
        return [str(error["check"])]
    known = checks.registry()
    return [part for part in str(error.get("what", "")).replace("\n", " ").split(": ") if part.split(" ")[-1] in known and part in known][:1]
