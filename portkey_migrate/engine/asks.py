"""Guards: the checks asked before a transition begins, in any order, every answer recorded with value, threshold, time and cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portkey_migrate import checks
from portkey_migrate.engine.until import until
from portkey_migrate.errors import Blocked, Unreachable
from portkey_migrate.journal.rows import Asked
from portkey_migrate.model import Answer
from portkey_migrate.recipes import Ask
from portkey_migrate.steps import Step

if TYPE_CHECKING:
    from portkey_migrate.engine.known import Known
    from portkey_migrate.engine.walk import Say
    from portkey_migrate.journal import Journal
    from portkey_migrate.journal.rows import Subject, Transition
    from portkey_migrate.recipes import Method
    from portkey_migrate.systems.at import At


@dataclass
class Guards:
    journal: Journal
    say: Say

    def ask(self, at: At, subject: Subject, there: str, method: Method, move: Transition | None = None) -> list[Asked]:
        """Asks and records them all; raises `Blocked` naming the first that refuses, with how many others do."""
        asked = ask_guards(at, subject.id, there, method.name, self.say)
        if move is not None:
            asked = [replace(one, transition=move.id) for one in asked]
        self.journal.answers(asked)
        self.journal.flush()
        red = [one for one in asked if not one.answer.passes]
        if not red:
            return asked
        first = red[0]
        raise Blocked(
            f"{first.check}: {first.answer.why}", why=first.answer.fix, hint=f"migrate preflight {subject.id}",
            check=first.check, answer=first.answer, checks=[one.check for one in red],
        )  # fmt: skip


def ask_guards(at: At, subject: str, there: str, method: str, say: Say) -> list[Asked]:
    """One look at each guard of a state."""
    return ask_each(at, subject, checks.guards_of(there, method), say)


def ask_each(at: At, subject: str, wanted: Sequence[checks.Check], say: Say) -> list[Asked]:
    """One look at each. They share their LISTs: as many calls as there are kinds, not one a check."""
    at.fresh()
    now = at.now()  # one time for all: they are one look
    out = []
    for check in wanted:
        answer = _one(at, check)
        if not check.blocks and answer.verdict in ("block", "unknown"):
            answer = replace(answer, verdict="warn")
        uid = at.identity.get(check.asked_of[0] if check.asked_of else "", ("", ""))[0]
        out.append(Asked(subject, check.id, answer, now, None, uid, _data(check)))
        say({"event": "check", "subject": subject, "name": check.id, "verdict": answer.verdict, "why": answer.why, "took": 0.0, "guard": True})
    return out


def _one(at: At, check: checks.Check) -> Answer:
    try:
        answer = check.ask(at)
    except Unreachable:
        raise
    except Blocked as error:
        return Answer("block", {}, error.what, error.why)
    if answer.verdict == "not-yet":
        answer = until(at, lambda: check.ask(at), check.within)
    return replace(answer, verdict="block") if answer.verdict == "not-yet" else answer


def _data(check: checks.Check) -> Mapping[str, Any]:
    return {"blocks": check.blocks, "says": check.says}


def later(moves: Known, subject: Subject) -> list[str]:
    """Every check that the recipe asks from here on, in its order: what no guard can know before something was done."""
    method = moves.method(subject)
    at = moves.at(subject)
    if at.app is None or at.found is None:
        return []
    recipe = method.forward(at.app, at.found)
    states = list(recipe)
    ahead = states[states.index(subject.state) + 1 :] if subject.state in states else states
    out: dict[str, None] = {}
    for state in ahead:
        for item in recipe[state]:
            asked = [item.check] if isinstance(item, Ask) else list(item.first) if isinstance(item, Step) else []
            out.update(dict.fromkeys(asked))
    return list(out)
