"""One subject's moves: forward to a gate, back to where it was, and the same command again after whatever died.

What may go back by itself, what is parked and what is refused is decided here and nowhere else (design §3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from portkey_migrate import checks, machines, recipes
from portkey_migrate.engine import estimates, page
from portkey_migrate.engine.asks import Guards
from portkey_migrate.engine.known import back_rows, keyed
from portkey_migrate.engine.refusals import Refusals
from portkey_migrate.engine.telling import Telling, resumed
from portkey_migrate.engine.until import until
from portkey_migrate.engine.walk import Walk
from portkey_migrate.errors import (
    Blocked,
    Interrupted,
    MigrateError,
    NeedsOperator,
    NotProved,
    Refused,
    SomebodyWasHere,
    Unreachable,
    Usage,
    WentBack,
)
from portkey_migrate.journal.rows import NewRow, Subject, Transition
from portkey_migrate.recipes import Method
from portkey_migrate.systems.at import At

#: States at which a subject may rest: a refusal there leaves it where it is.
_RESTS = frozenset({"planned", "prepared", "protected", "committed", "todo", "done"})


@dataclass(frozen=True)
class Outcome:
    """How one command on one subject ended."""

    subject: str
    state: str
    exit: int = 0
    lines: tuple[str, ...] = ()
    error: MigrateError | None = None


class Moves(Refusals):
    """Moves of single subjects."""

    # ---- what a command asks for ----

    def advance(self, id_: str, to: str | None = None) -> Outcome:
        subject = self.subject(id_)
        method = self.method(subject)
        self._may_reach(subject, to)
        open_ = self.journal.open_transition(id_)
        if open_ is not None and open_.direction == "back":
            self._walk_back(open_, method)
            return self._went_back(id_, open_)
        undone = self._undone_by_hand(subject, method)
        if undone:
            return self._records_what_was_undone(subject, method, undone)
        if open_ is not None:
            ended = self._go_on(open_, method)
            subject = self.subject(id_)
            if ended is not None or (to is None and subject.state in machines.GATES[self.kind(subject)]):
                return ended or self._at_gate(subject)
        goal = to or self._next_gate(subject, method)
        if goal is None or self._rests(subject, method, to, goal):
            return self._at_gate(subject, "nothing to do until then" if self.soaks(subject) else "nothing to do")
        first = True
        while first or subject.state != goal:
            ended = self._forward(subject, method, goal)
            if ended is not None:
                return ended
            subject, first = self.subject(id_), False
        return self._at_gate(subject)

    def rollback(self, id_: str, to: str | None = None) -> Outcome:
        subject = self.subject(id_)
        method = self.method(subject)
        open_ = self.journal.open_transition(id_)
        if open_ is not None and open_.direction == "back":
            self._walk_back(open_, method)
            subject, open_ = self.subject(id_), None
            if to is None or subject.state == to:
                return Outcome(id_, subject.state, lines=(f"{id_} is back at {subject.state}",))
        first = machines.way(self.kind(subject))[0]
        home = machines.HOME[self.kind(subject)]
        if subject.state in machines.IRREVERSIBLE:
            raise Refused(f"{id_} is {subject.state}: that state has no way back", hint=f"migrate history {id_}")
        if to not in (None, home, first):
            raise Usage(f"{id_} goes back to {home} or {first}, not to {to}", hint=f"migrate rollback {id_}")
        for there in self._stations(subject, open_, to, home, first):
            self._ask_back(subject, method, there)
            back = self._begin_back(subject, method, there, by_itself=False, why="asked for")
            self._walk_back(back, method)
            subject = self.subject(id_)
        return Outcome(id_, subject.state, lines=(f"{id_} is back at {subject.state}",))

    # ---- forward ----

    def _forward(self, subject: Subject, method: Method, goal: str) -> Outcome | None:
        """One transition. None: it arrived; an Outcome: it went back."""
        states = self.states(subject, method)
        there = machines.next_state(states, subject.state) if not self._again(subject, goal) else goal
        if there is None:
            raise Usage(f"{subject.id} is {subject.state}: there is no state after it", hint="migrate status")
        self._waits(subject, there)
        at = self.at(subject)
        items = self._items(subject, method, at)[there]
        self._can_answer(subject, method, at, there, goal)
        self._window(subject, method)
        try:
            Guards(self.journal, self.say).ask(at, subject, there, method)
        except Blocked as error:
            if subject.state in _RESTS or self._crossed(subject):
                raise
            return self._goes_back(subject, method, error)  # inside a move nobody is left half-way, down perhaps
        move = self.journal.begin(
            subject.id, leaves=subject.state, reaches=there, direction="forward", method=method.name, rows=_rows(items),
            plan_hash=self.plan.hash, found=asdict(at.found) if at.found else {},
        )  # fmt: skip
        self.say(
            {
                "event": "begin",
                "subject": subject.id,
                "leaves": subject.state,
                "reaches": there,
                "direction": "forward",
                "pivot": there == machines.PIVOT,
            }
        )
        return self._run(move, subject, method, keyed(at, move))

    def _go_on(self, move: Transition, method: Method) -> Outcome | None:
        """A transition that something interrupted; its own rows count, the plan is not read."""
        subject = self.subject(move.subject)
        at = keyed(self.at(subject, move), move)
        rows = self.journal.rows(move.id)
        self.say(resumed(move, rows))
        go = max((row.n for row in rows if row.item["do"] == "go"), default=-1)
        if not any(row.attempt for row in rows if row.n > go):
            # Before its outage a resumed move asks window and guards anew (Go? is asked by its own row); the rows stay.
            try:
                self._window(subject, method)
                Guards(self.journal, self.say).ask(at, subject, move.reaches, method, move)
            except (Refused, Unreachable) as error:
                return self._failed(move, subject, method, error)
        return self._run(move, subject, method, at)

    def _run(self, move: Transition, subject: Subject, method: Method, at: At) -> Outcome | None:
        # Asked before anything is sent: an illegal move is no discovery for its end, and an outage waits for no machine to be built.
        state = machines.fire(self.kind(subject), self.states(subject, method), subject.state, f"advance-{move.reaches}")
        walk = self._walker(move, subject, method, at)
        try:
            walk.walk()
        except Interrupted:
            raise
        except (NotProved, SomebodyWasHere, Refused, Unreachable, Usage) as error:
            return self._failed(move, subject, method, error)
        gate, until = "", None
        if state == "protected":
            seconds = self.app(subject).soak
            gate, until = "soak", self.ports.clock.now() + timedelta(seconds=seconds)
        elif state in machines.GATES[self.kind(subject)]:
            gate = "person" if state == "prepared" else "ages" if method.ages else ""
        self.journal.arrive(move.id, state=state, outcome="done", gate=gate, soak_until=until)
        if state in _RESTS:  # between two of them the newest attempt's page is this one
            self._page(subject, method)
        self.say({"event": "state", "subject": subject.id, "state": state})
        return None

    def _failed(self, move: Transition, subject: Subject, method: Method, error: MigrateError) -> Outcome:
        attempts = any(row.attempt for row in self.journal.rows(move.id))
        crossed = self._crossed(subject)
        if not attempts and move.leaves in _RESTS:
            self.journal.arrive(move.id, state=move.leaves, outcome="blocked", why=error.what)
            if isinstance(error, (Unreachable, Usage)):
                raise error
            raise self._blocked(subject, error) from error
        if crossed:
            raise self._park(move, subject, error) from error
        return self._goes_back(subject, method, error, move)

    def _goes_back(self, subject: Subject, method: Method, error: MigrateError, move: Transition | None = None) -> Outcome:
        """By itself, before the pivot, in one run: undoing the failed transition alone would leave the app down."""
        for id_ in method.may_go_back:
            check, at = checks.by_id(id_), self.at(subject, move)
            answer = until(at, lambda check=check, at=at: check.ask(at), check.within)  # type: ignore[misc] # mypy cannot type a default of a lambda
            if not answer.passes:
                raise self._park(move, subject, error, f"nothing goes back by itself: {answer.why}") from error
        first = machines.way(self.kind(subject))[0]
        there = first if subject.state == first else machines.HOME[self.kind(subject)]
        if move is not None and move.leaves == move.reaches:
            there = move.leaves  # what was only tried anew: what stood before stands
        down = any(one.down_from for one in self._since(subject, there))
        back = self._begin_back(subject, method, there, by_itself=True, why=error.what)
        self._walk_back(back, method)
        safe = f"{subject.id} is {self.subject(subject.id).state}; what was done was undone."
        if (_refusal(error) or isinstance(error, Usage)) and not down:
            raise self._blocked(subject, error, safe) from error
        what = f"{subject.id} went back to {there}: {error.what}"
        raise WentBack(
            what, why=error.what, safe=safe, hint=f"migrate history {subject.id} | migrate advance {subject.id}", failed=error,
            row=error.data.get("name", ""), told=self._told(subject.id, back.id),
        ) from error  # fmt: skip

    # ---- back ----

    def _undone_by_hand(self, subject: Subject, method: Method) -> str:
        """A change of a move under way that stands as it was before, though it was seen done: somebody walked the undo page."""
        home = machines.HOME[self.kind(subject)]
        begun = [row for _, row in self._begun(subject, home) if row.done_at is not None and row.undo]
        if subject.kind != "app" or subject.state in ("planned", "protected", "committed") or not begun or self._crossed(subject):
            return ""
        at = self.at(subject)
        for row in begun:
            if row.change is not None and row.change.stands(at.get(row.change.ref)) == "before":
                return row.name
        return ""

    def _records_what_was_undone(self, subject: Subject, method: Method, name: str) -> Outcome:
        """Nothing goes on over what a person took back; the way back finds most of it done, and ends it."""
        why = f"{name} was undone by somebody else"
        back = self._begin_back(subject, method, machines.HOME[self.kind(subject)], by_itself=True, why=why)
        self._walk_back(back, method)
        return self._went_back(subject.id, back)

    def _begin_back(self, subject: Subject, method: Method, there: str, *, by_itself: bool, why: str) -> Transition:
        begun = self._begun(subject, there)
        if there == subject.state:  # the failed transition alone: an earlier one that arrived there stands
            open_ = self.journal.open_transition(subject.id)
            begun = [(move, row) for move, row in begun if open_ is not None and move.id == open_.id]
        rows, first = back_rows(method, self._what(subject), self._found(subject), there, begun)
        back = self.journal.begin(
            subject.id, leaves=subject.state, reaches=there, direction="back", method=method.name, rows=rows, plan_hash=self.plan.hash,
            found=self._recorded(subject), of=first, by_itself=by_itself, why=why[:500],
        )  # fmt: skip
        self.say(
            {"event": "begin", "subject": subject.id, "leaves": subject.state, "reaches": there, "direction": "back", "pivot": False, "why": why}
        )
        return back

    def _walk_back(self, back: Transition, method: Method) -> None:
        subject = self.subject(back.subject)
        at = keyed(self.at(subject, back), back)
        state = back.reaches
        if subject.state != state:  # else the failed transition never left it
            state = machines.fire(self.kind(subject), self.states(subject, method), subject.state, f"back-to-{state}")
        try:
            self._walker(back, subject, method, at).walk()
        except (NotProved, SomebodyWasHere, Refused, Unreachable) as error:
            raise self._park(back, subject, error, "going back has not ended") from error
        gate = "person" if state == "prepared" else ""
        self.journal.arrive(back.id, state=state, outcome="done", gate=gate)
        self._page(subject, method)
        self.say({"event": "state", "subject": subject.id, "state": state})

    def _stations(self, subject: Subject, open_: Transition | None, to: str | None, home: str, first: str) -> Sequence[str]:
        """The states that a way back stops at, in order."""
        states = machines.way(self.kind(subject))
        late = states.index(subject.state) > states.index(home) or (open_ is not None and open_.leaves != first)
        inside = open_ is not None or subject.state != first
        if not inside:
            return ()
        if late and home != first:
            return (home,) if to in (None, home) else (home, first)
        return (first,) if to in (None, first) else ()

    # ---- ends ----

    def _blocked(self, subject: Subject, error: MigrateError, safe: str = "Nothing was changed.") -> Refused:
        if isinstance(error, Refused) and not isinstance(error, Blocked):
            error.safe = safe
            return error
        check = error.data.get("check") or error.data.get("name", "")
        answer = error.data.get("answer")
        fix = getattr(answer, "fix", "") or error.hint
        return Blocked(error.what, why=fix, safe=safe, hint=f"migrate preflight {subject.id}", check=check, answer=answer)

    def _park(self, move: Transition | None, subject: Subject, error: MigrateError, more: str = "") -> NeedsOperator:
        if move is not None:
            self.journal.park(move.id, error.what)
        where = "on Talos" if self._crossed(subject) else "on K3s"
        at = f"{move.leaves} -> {move.reaches}" if move is not None else subject.state
        why = "; ".join(part for part in (more, error.why) if part)
        return NeedsOperator(
            f"{subject.id} is parked in {at}: {error.what}", why=why, safe=f"The data is {where}, whole.",
            hint=f"migrate advance {subject.id} (looks again) | migrate rollback {subject.id}", failed=error,
            told=self._told(subject.id, move.id if move is not None else 0),
        )  # fmt: skip

    def _told(self, id_: str, move: int) -> dict[str, Any]:
        """What the first line of a failure is made of, for it is of the data and not of the error: the subject, its moves, this one's rows."""
        moves = self.journal.transitions(id_)
        here = next((one for one in moves if one.id == move), None)
        rows = self.journal.rows(move) if here is not None else []
        return {"subject": self.journal.subject(id_), "moves": moves, "move": here, "rows": rows, "now": self.ports.clock.now()}

    def _went_back(self, id_: str, back: Transition) -> Outcome:
        state = self.subject(id_).state
        what = f"{id_} is back at {state}: {back.why}"
        error = WentBack(what, why=back.why, safe="What was done was undone.", hint=f"migrate advance {id_}", told=self._told(id_, back.id))
        return Outcome(id_, state, 6, (), error)

    def _rests(self, subject: Subject, method: Method, to: str | None, goal: str) -> bool:
        """Whether nothing is left to do now: it stands there, or later; or only time opens the gate."""
        there = self._order(subject, method, goal) <= self._order(subject, method, subject.state) and not self._again(subject, goal)
        return there or (to is None and self.soaks(subject))

    def _at_gate(self, subject: Subject, more: str = "") -> Outcome:
        lines = [f"{subject.id} is {subject.state}"]
        if subject.soak_until is not None:
            lines.append(f"soaks until {subject.soak_until:%Y-%m-%d %H:%M} UTC")
        lines += [more] if more else []
        return Outcome(subject.id, subject.state, lines=(", ".join(lines),))

    def _walker(self, move: Transition, subject: Subject, method: Method, at: At) -> Walk:
        def outage() -> None:
            self._window(replace(subject, state="prepared") if method.down else subject, method)

        def words(question: str) -> str:
            return estimates.filled(question, at, self.journal.transitions(move.subject), method.back_takes)

        budget = self.app(subject).outage if subject.kind == "app" else 0.0
        say = Telling(self.say, self.ports.clock, self.journal.transitions(subject.id), budget) if method.down else self.say
        return Walk(
            move, at, self.journal, self.ports.people, say, lambda: bool(self.stopped), words=words,
            after_attempt=lambda: self._page(subject, method), before_outage=outage, down=bool(method.down), until_back=self._budget(move, method),
        )  # fmt: skip

    def _budget(self, move: Transition, method: Method) -> Callable[[], float | None]:
        """Seconds left of the outage budget before going back has to begin. None: nobody is down, or nothing goes back by itself any more.

        A command that finds it used up was typed by somebody who knows: it looks again and goes on, it does not go back at the first wait.
        """
        subject = self.subject(move.subject)
        if subject.kind != "app" or not method.down or move.direction != "forward":
            return lambda: None
        whole = self.app(subject).outage
        budget = max(whole - method.back_takes, whole / 2)
        # Asked before each wait of an outage, so the journal is not: a pivot is crossed before this move, or by this one's own row of it.
        crossed = self._crossed(subject)
        pivots = [row.n for row in self.journal.rows(move.id) if getattr(recipes.from_data(row.item), "pivot", False)]
        began: list[datetime] = []

        def left() -> float | None:
            if not budget or crossed:
                return None
            if not began:
                began.extend(one.down_from for one in self.journal.transitions(move.subject) if one.down_from and not one.down_to)
            if not began or any(self.journal.row(move.id, n).attempt for n in pivots):
                return None
            return budget - (self.ports.clock.now() - began[0]).total_seconds()

        if subject.id not in self.late:  # as the command found it: what it uses up itself is no reason to go on
            found = left()
            self.late[subject.id] = found is not None and found <= 0
        return left if not self.late[subject.id] else lambda: None

    def _page(self, subject: Subject, method: Method) -> None:
        """The way back in words and commands, rewritten whole."""
        subject = self.subject(subject.id)
        if subject.kind != "app":
            return
        open_ = self.journal.open_transition(subject.id)
        moving = open_ is not None and open_.leaves == "prepared"
        there = "planned" if subject.state == "planned" or (subject.state == "prepared" and not moving) else "prepared"
        begun = self._begun(subject, there)
        rows, _ = back_rows(method, self.app(subject), self._found(subject), there, begun)
        changes = {row.name: row.change for _, row in begun if row.change is not None}
        systems, _ids = self.connect()
        self.journal.write_undo_page(subject.id, page.text(subject, there, rows, changes, systems, self.journal.world))


def _rows(items: Sequence[recipes.Item]) -> list[NewRow]:
    seen: dict[str, int] = {}
    out = []
    for item in items:
        seen[item.name] = seen.get(item.name, 0) + 1
        out.append(NewRow(item.name if seen[item.name] == 1 else f"{item.name}#{seen[item.name]}", recipes.to_data(item)))
    return out


def _refusal(error: MigrateError) -> bool:
    return isinstance(error, Refused) or bool(error.data.get("check"))
