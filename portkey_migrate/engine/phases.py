"""Many subjects: `advance` with no subject takes the open phase to its next gate; `rollback phase` takes it all the way back.

Items go in the plan's order, an inner list side by side. The first that is not built, that refuses or that stops at a gate stops the command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portkey_migrate import checks, machines
from portkey_migrate.engine.moves import Moves, Outcome
from portkey_migrate.errors import Blocked, MigrateError, NotBuilt, Refused, Usage
from portkey_migrate.model import block

if TYPE_CHECKING:
    from portkey_migrate.model import Item, Phase


@dataclass
class Phases:
    moves: Moves

    def advance(self) -> Outcome:
        """The open phase (else the next one) to its next gate."""
        waiting: list[str] = []
        for phase in self.moves.plan.phases:
            id_ = f"phase/{phase.name}"
            state = self._state(id_)
            if state == "closed":
                continue
            if state == "soaking":
                until = self.moves.subject(id_).soak_until
                if until is not None and self.moves.ports.clock.now() < until:
                    waiting.append(f"{id_} soaks until {until:%Y-%m-%d %H:%M} UTC")
                    continue
                return self._plain(id_, "closed")
            unmet = [n for n in phase.needs if self._behind(n.subject, n.state)]
            if state == "pending" and unmet:
                waiting.append(f"{id_} needs {unmet[0].subject} {unmet[0].state}")
                continue
            return self._phase(phase)
        return Outcome("phase/", "", lines=tuple(waiting) or ("every phase is closed: nothing to do",))

    def rollback(self, name: str) -> Outcome:
        """A phase's apps to planned and its tasks to todo, newest first, itself to pending."""
        phase = self._named(name)
        id_ = f"phase/{name}"
        later = [p for p in self.moves.plan.phases if any(n.subject == id_ for n in p.needs) and self._state(f"phase/{p.name}") != "pending"]
        if later:
            raise Refused(f"{id_} does not go back while phase/{later[0].name} needs it", hint=f"migrate rollback phase {later[0].name}")
        begun = [item for row in phase.items for item in row if self._begun(item.subject)]
        lines = [line for item in sorted(begun, key=self._when, reverse=True) for line in self._to_first(item.subject)]
        if self._state(id_) != "pending":
            self.moves.journal.set_plain(id_, "pending", direction="back")
        return Outcome(id_, "pending", lines=(*lines, f"{id_} is pending"))

    def rollback_all(self) -> Outcome:
        lines: list[str] = []
        for phase in reversed(self.moves.plan.phases):
            lines += self.rollback(phase.name).lines
        return Outcome("all", "", lines=tuple(lines))

    # ---- one phase ----

    def _phase(self, phase: Phase) -> Outcome:
        id_ = f"phase/{phase.name}"
        lines: list[str] = []
        for row in phase.items:
            todo = items_to_go(row, self._state)
            if not todo:
                continue
            # Asked before anything of the phase begins: nothing half-done is left because a later name is not built.
            self._built(todo)
            if self._state(id_) == "pending":
                self._open(id_)
            outcomes = self._side_by_side(todo)
            lines += [line for one in outcomes for line in one.lines]
            ended = max(outcomes, key=lambda one: one.exit)
            if ended.error is not None:
                raise _all_of(id_, outcomes) or ended.error
            if ended.exit:
                return Outcome(id_, self._state(id_), ended.exit, tuple(lines))
            if items_to_go(row, self._state):
                return Outcome(id_, self._state(id_), 0, tuple(lines))  # a gate: people or time
        if self._state(id_) == "pending":
            self._open(id_)
        self._done_when(phase)
        if phase.soak:
            until = self.moves.ports.clock.now() + timedelta(seconds=phase.soak)
            self.moves.journal.set_plain(id_, "soaking", gate="soak", soak_until=until)
            return Outcome(id_, "soaking", 0, (*lines, f"{id_} soaks until {until:%Y-%m-%d %H:%M} UTC"))
        self.moves.journal.set_plain(id_, "soaking")
        closed = self._plain(id_, "closed")
        return Outcome(id_, "closed", 0, (*lines, *closed.lines))

    def _built(self, todo: Sequence[Item]) -> None:
        for item in todo:
            if item.subject in self.moves.plan.not_built or item.subject.startswith("node/"):
                raise NotBuilt(f"{item.subject} is next, and moving it is not built yet", why=item.where, hint="migrate plan")

    def _side_by_side(self, todo: Sequence[Item]) -> list[Outcome]:
        if len(todo) == 1:
            return [self._one(todo[0])]
        at_once = max(
            1,
            self.moves.plan.at_once.get("prepare", 4)
            if all(self._state(i.subject) in ("planned", "todo") for i in todo)
            else self.moves.plan.at_once.get("cutover", 1),
        )
        out: list[Outcome] = []
        for n in range(0, len(todo), at_once):
            jobs = [(item.subject, lambda item=item: self._one(item)) for item in todo[n : n + at_once]]
            for item, result in zip(todo[n : n + at_once], self.moves.ports.tasks.run_all(jobs), strict=True):
                if isinstance(result, MigrateError):
                    out.append(Outcome(item.subject, self._state(item.subject), result.exit, (), result))
                elif isinstance(result, BaseException):
                    raise result
                else:
                    out.append(result)
        return out

    def _one(self, item: Item) -> Outcome:
        return self.moves.advance(item.subject)

    def _done_when(self, phase: Phase) -> None:
        for id_ in phase.done_when:
            if f"check:{id_}" in self.moves.plan.not_built:
                raise NotBuilt(f"phase/{phase.name} is done when {id_}, and that check is not built yet", hint="migrate plan")
            at = self.moves.at_of(f"phase/{phase.name}")
            answer = checks.by_id(id_).ask(at.fresh())
            if not answer.passes:
                raise Blocked(f"phase/{phase.name}: {id_}: {answer.why}", why=answer.fix, hint="migrate advance", check=id_, answer=answer)

    # ---- small looks ----

    def _open(self, id_: str) -> None:
        self.moves.journal.set_plain(id_, "open")
        self.moves.say({"event": "state", "subject": id_, "state": "open"})

    def _plain(self, id_: str, state: str) -> Outcome:
        self.moves.journal.set_plain(id_, state)
        self.moves.say({"event": "state", "subject": id_, "state": state})
        return Outcome(id_, state, lines=(f"{id_} is {state}",))

    def _state(self, id_: str) -> str:
        return self.moves.subject(id_).state

    def _behind(self, id_: str, state: str) -> bool:
        have = self.moves.subject(id_)
        states = machines.way(self.moves.kind(have))
        return states.index(have.state) < states.index(state)

    def _begun(self, id_: str) -> bool:
        return bool(self.moves.journal.transitions(id_)) and (
            self._state(id_) not in ("planned", "todo") or self.moves.journal.open_transition(id_) is not None
        )

    def _when(self, item: Item) -> int:
        return max((t.id for t in self.moves.journal.transitions(item.subject)), default=0)

    def _to_first(self, id_: str) -> tuple[str, ...]:
        return self.moves.rollback(id_, machines.way(self.moves.kind(self.moves.subject(id_)))[0]).lines

    def _named(self, name: str) -> Phase:
        for phase in self.moves.plan.phases:
            if phase.name == name:
                return phase
        raise Usage(f"the plan has no phase {name}", hint="migrate status")


def _all_of(id_: str, outcomes: Sequence[Outcome]) -> Blocked | None:
    """Several looks of one line that refuse as one refusal, with the lines of all: a person commits once, not seven times."""
    red = [(one.subject, one.error) for one in outcomes if one.error is not None]
    if len(red) < 2 or not all(isinstance(error, Blocked) and error.data.get("answer") for _, error in red):  # noqa: PLR2004 (one speaks for itself)
        return None
    names = [str(error.data["check"]) for _, error in red]
    lines = [line for subject, error in red for line in (f"# {subject}: {error.data['answer'].why}", *error.data["answer"].fix.split("\n"))]
    answer = block(f"{len(red)} of {len(outcomes)} refuse", "\n".join(lines))
    what = f"{id_}: {len(red)} of {len(outcomes)} are missing: {', '.join(names)}"
    return Blocked(what, hint="migrate advance", check=names[0], checks=names, answer=answer)


def items_to_go(row: Sequence[Item], state_of: Callable[[str], str]) -> list[Item]:
    """The entries of a phase's line that have not arrived."""
    return [item for item in row if state_of(item.subject) != item.to]
