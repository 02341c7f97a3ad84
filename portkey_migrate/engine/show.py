"""What would be done, step by step, each with its undo: `migrate plan`. Reads only; nothing is half-pretended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portkey_migrate import machines
from portkey_migrate.engine.estimates import filled
from portkey_migrate.errors import MigrateError
from portkey_migrate.model import Change
from portkey_migrate.recipes import Ask, Go, Person
from portkey_migrate.steps import Step

if TYPE_CHECKING:
    from portkey_migrate.engine.moves import Moves


@dataclass(frozen=True)
class Line:
    """One row of the plan screen."""

    n: int
    transition: str
    name: str
    sign: str  # + ~ - or "" (a question)
    object: str
    change: str
    undo: str
    down: bool = False
    pivot: bool = False


@dataclass(frozen=True)
class PlanView:
    subject: str
    method: str
    state: str
    lines: tuple[Line, ...]
    outage: float  # budget, seconds; 0: none
    plan_hash: str
    words: dict[str, str]


def plan(moves: Moves, id_: str) -> PlanView:
    """Every item from the state that the subject has to the end, with what it would change as the systems stand now."""
    subject = moves.subject(id_)
    method = moves.method(subject)
    at = moves.at(subject)
    at.key = at.key or "pm-next"
    what = moves.app(subject) if subject.kind == "app" else moves.task(subject)
    recipe = method.forward(what, at.found)
    states = machines.way(subject.kind, (*recipe,))  # type: ignore[arg-type] # a Subject's kind is one of KINDS; the journal keeps it as text
    lines: list[Line] = []
    down = False
    for state, items in recipe.items():
        if states.index(state) <= states.index(subject.state):
            continue
        for item in items:
            n = len(lines) + 1
            if isinstance(item, Step):
                sign, obj, change, undo = _step(item, at)
                lines.append(Line(n, state, item.name, sign, obj, change, undo, down, item.pivot))
                down = down and not item.pivot
            elif isinstance(item, Go):
                question = filled(item.question, at, moves.journal.transitions(id_), method.back_takes)
                lines.append(Line(n, state, "go", "", "you", question, "", down))
                down = bool(method.down)
            elif isinstance(item, Person):
                lines.append(Line(n, state, "ask", "", "you", item.question, "", down))
            elif isinstance(item, Ask):
                lines.append(Line(n, state, item.check, "?", "", "asked here, with fresh evidence", "", down))
    outage = what.outage if subject.kind == "app" and method.down else 0.0  # type: ignore[union-attr] # an app by its kind
    return PlanView(id_, method.name, subject.state, tuple(lines), outage, moves.plan.hash, dict(method.words))


def _step(step: Step, at: Any) -> tuple[str, str, str, str]:
    """Sign, object, change and undo in words; a step whose object comes only later is shown by what it wants."""
    ref = step.ref(at)
    try:
        seen = at.get(ref)
        wants = step.wants(seen, at)
    except MigrateError as error:
        return "~", str(ref), error.what, "as recorded then"
    before = None if seen.object is None else seen.fields(list(wants or {}))
    change = Change(ref, before, wants)
    if change.nothing or wants == {}:
        return "=", str(ref), "stands as wanted", "-"
    sign = {"create": "+", "patch": "~", "delete": "-"}[change.call]
    if seen.object is None and "create" not in step.verbs:
        return "~", str(ref), _words(None, wants), "as found then"
    return sign, str(ref), _words(before, wants) if sign == "~" else "", {"+": "remove", "~": _words(wants, before), "-": "make again"}[sign]


def _words(before: Any, after: Any) -> str:
    """`replicas 1 -> 0`, the fields that differ, the last part of each name."""
    if after is None:
        return "as found"
    parts = []
    for path, value in after.items():
        was = (before or {}).get(path)
        if was != value and not isinstance(value, (list, dict)) and not isinstance(was, (list, dict)):
            parts.append(f"{path.rsplit('.', 1)[-1]} {was if was is not None else '-'} -> {value if value is not None else '-'}")
        elif was != value:
            parts.append(path.rsplit(".", 1)[-1])
    return ", ".join(parts[:3])
