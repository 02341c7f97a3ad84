"""One subject's moves: forward to a gate, back to where it was, and the same command again after whatever died.

What may go back by itself, what is parked and what is refused is decided here and nowhere else (design §3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from portkey_migrate import checks, machines, recipes
from portkey_migrate.engine import page
from portkey_migrate.engine.asks import Guards
from portkey_migrate.engine.walk import Say, Walk
from portkey_migrate.errors import Blocked, Interrupted, MigrateError, NeedsOperator, NotBuilt, NotProved, OutsideWindow, Refused, SomebodyWasHere, Unreachable, Usage, WentBack
from portkey_migrate.journal.rows import NewRow, Row, Subject, Transition
from portkey_migrate.model import App, Change, Found, Item, Member, Plan, Task
from portkey_migrate.plan.windows import opens
from portkey_migrate.recipes import Go, Method, Undo
from portkey_migrate.systems.at import At
from portkey_migrate.systems.found import find

if TYPE_CHECKING:
    from portkey_migrate.journal import Journal
    from portkey_migrate.ports import Ports, System

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


@dataclass
class Moves:
    """Moves of single subjects. `connect` gives the systems and their identities, pinned or refused."""

    plan: Plan
    journal: Journal
    connect: Callable[[], tuple[Mapping[str, System], Mapping[str, tuple[str, str]]]]
    ports: Ports
    say: Say
    version: str
    rehearsal: bool = False  # a lab: `--to` may name a state inside a move
    stopped: list[bool] = field(default_factory=list)

    # ---- what a command asks for ----

    def advance(self, id_: str, to: str | None = None) -> Outcome:
        subject = self.subject(id_)
        method = self.method(subject)
        self._may_reach(subject, to)
        open_ = self.journal.open_transition(id_)
        if open_ is not None and open_.direction == "back":
            self._walk_back(open_, method)
            return self._went_back(id_, open_)
        if open_ is not None:
            ended = self._go_on(open_, method)
            if ended is not None:
                return ended
            subject = self.subject(id_)
            if to is None and subject.state in machines.GATES[self.kind(subject)]:
                return self._at_gate(subject)
        goal = to or self._next_gate(subject, method)
        if goal is None or self._order(subject, method, goal) <= self._order(subject, method, subject.state) and not self._again(subject, goal):
            return Outcome(id_, subject.state, lines=(f"{id_} is {subject.state}: nothing to do",))
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
        guards = Guards(self.journal, self.say)
        guards.ask(at, subject, there, method)
        move = self.journal.begin(
            subject.id, leaves=subject.state, reaches=there, direction="forward", method=method.name, rows=_rows(items),
            plan_hash=self.plan.hash, found=asdict(at.found) if at.found else {},
        )  # fmt: skip
        self.say({"event": "begin", "subject": subject.id, "leaves": subject.state, "reaches": there, "direction": "forward", "pivot": there == machines.PIVOT})
        return self._run(move, subject, method, replace_key(at, move))

    def _go_on(self, move: Transition, method: Method) -> Outcome | None:
        """A transition that something interrupted; its own rows count, the plan is not read."""
        subject = self.subject(move.subject)
        self.say({"event": "note", "subject": subject.id, "text": f"going on: {move.leaves} -> {move.reaches}, begun {move.begun:%Y-%m-%d %H:%M:%S} UTC"})
        at = replace_key(self.at(subject, move), move)
        rows = self.journal.rows(move.id)
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
        walk = self._walker(move, subject, method, at)
        try:
            walk.walk()
        except Interrupted:
            raise
        except (NotProved, SomebodyWasHere, Refused, Unreachable, Usage) as error:
            return self._failed(move, subject, method, error)
        trigger = f"advance-{move.reaches}"
        state = machines.fire(self.kind(subject), self.states(subject, method), subject.state, trigger)
        gate, until = "", None
        if state == "protected":
            seconds = self.app(subject).soak
            gate, until = "soak", self.ports.clock.now() + timedelta(seconds=seconds)
        elif state in machines.GATES[self.kind(subject)]:
            gate = "person" if state == "prepared" else ""
        self.journal.arrive(move.id, state=state, outcome="done", gate=gate, soak_until=until)
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
        for id_ in method.may_go_back:
            answer = checks.by_id(id_).ask(self.at(subject, move).fresh())
            if not answer.passes:
                raise self._park(move, subject, error, f"nothing goes back by itself: {answer.why}") from error
        there = machines.way(self.kind(subject))[0] if move.leaves == machines.way(self.kind(subject))[0] else machines.HOME[self.kind(subject)]
        down = self.journal.transition(move.id).down_from is not None or any(t.down_from for t in self._since(subject, there))
        back = self._begin_back(subject, method, there, by_itself=True, why=error.what)
        self._walk_back(back, method)
        safe = f"{subject.id} is {self.subject(subject.id).state}; what was done was undone."
        if (_refusal(error) or isinstance(error, Usage)) and not down:
            raise self._blocked(subject, error, safe) from error
        raise WentBack(f"{subject.id} went back to {there}: {error.what}", why=error.why, safe=safe, hint=f"migrate history {subject.id}", failed=error, row=error.data.get("name", "")) from error

    # ---- back ----

    def _begin_back(self, subject: Subject, method: Method, there: str, *, by_itself: bool, why: str) -> Transition:
        begun = self._begun(subject, there)
        rows, first = back_rows(method, self._what(subject), self._found(subject), there, begun)
        back = self.journal.begin(
            subject.id, leaves=subject.state, reaches=there, direction="back", method=method.name, rows=rows, plan_hash=self.plan.hash,
            found=self._recorded(subject), of=first, by_itself=by_itself, why=why[:500],
        )  # fmt: skip
        self.say({"event": "begin", "subject": subject.id, "leaves": subject.state, "reaches": there, "direction": "back", "pivot": False, "why": why})
        return back

    def _walk_back(self, back: Transition, method: Method) -> None:
        subject = self.subject(back.subject)
        at = replace_key(self.at(subject, back), back)
        try:
            self._walker(back, subject, method, at).walk()
        except (NotProved, SomebodyWasHere, Refused, Unreachable) as error:
            raise self._park(back, subject, error, "going back has not ended") from error
        if subject.state == back.reaches:  # the failed transition never left it
            state = back.reaches
        else:
            state = machines.fire(self.kind(subject), self.states(subject, method), subject.state, f"back-to-{back.reaches}")
        gate = "person" if state == "prepared" else ""
        self.journal.arrive(back.id, state=state, outcome="done", gate=gate)
        self._page(subject, method)
        self.say({"event": "state", "subject": subject.id, "state": state})

    def _ask_back(self, subject: Subject, method: Method, there: str) -> None:
        crossed = self._crossed(subject)
        needed = [f"{s.id} ({s.state})" for s in self.journal.subjects() if self._leans_on(s, subject.id)]
        if needed:
            raise Refused(f"{subject.id} does not go back while something later needs it: {', '.join(needed)}", hint=f"migrate rollback {needed[0].split()[0]}")
        if not crossed:
            return
        at = self.at(subject)
        if "way-back-is-walkable" in checks.registry():
            answer = checks.by_id("way-back-is-walkable").ask(at.fresh())
            if not answer.passes:
                raise Blocked(f"way-back-is-walkable: {answer.why}", hint=f"migrate preflight {subject.id}", check="way-back-is-walkable", answer=answer)
        if method.down:
            question = f"{subject.id} goes back to {there}: {method.words['back']}. Go?"
            if not self.ports.people.can_answer(severe=False):
                raise Usage(f"nobody is there to answer: {question}", hint=f"migrate rollback {subject.id} -y")
            if not self.ports.people.agrees(question):
                raise Refused("the answer was no", hint=f"migrate rollback {subject.id}")

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

    # ---- what is known ----

    def kind(self, subject: Subject) -> Any:
        return subject.kind

    def subject(self, id_: str) -> Subject:
        try:
            return self.journal.subject(id_)
        except KeyError:
            raise Usage(f"{id_} is neither in the plan nor in the journal", hint="migrate status") from None

    def method(self, subject: Subject) -> Method:
        if subject.id in self.plan.not_built or subject.kind in ("node", "phase"):
            raise NotBuilt(f"{subject.id}: moving it is not built yet{f' (method {subject.method})' if subject.method else ''}", hint="migrate plan")
        built = recipes.methods().get(subject.method)
        if built is None:
            raise NotBuilt(f"{subject.id}: method {subject.method or 'unknown'} is not built yet", hint="migrate plan")
        return built

    def app(self, subject: Subject) -> App:
        known = self.plan.apps.get(subject.name)
        if known is not None:
            return known
        found = self._found(subject)  # the plan no longer names it; the journal does
        return App(subject.name, subject.method, tuple(m.name for m in found.members) if found else (), outage=0.0, soak=0.0)

    def task(self, subject: Subject) -> Task:
        return self.plan.tasks.get(subject.name) or Task(subject.name, subject.method)

    def _what(self, subject: Subject) -> App | Task:
        return self.app(subject) if subject.kind == "app" else self.task(subject)

    def states(self, subject: Subject, method: Method) -> tuple[str, ...]:
        return machines.way(self.kind(subject), (*method.states(self._what(subject), self._found(subject) or BLANK), "reclaimed"))

    def _recorded(self, subject: Subject) -> Mapping[str, Any]:
        """What the app is made of, as the newest transition recorded it."""
        return next((t.found for t in reversed(self.journal.transitions(subject.id)) if t.found), {})

    def _found(self, subject: Subject) -> Found | None:
        return to_found(self._recorded(subject))

    def at(self, subject: Subject, move: Transition | None = None) -> At:
        systems, identity = self.connect() if subject.kind == "app" or subject.method not in ("ask",) else ({}, {})
        app = self.app(subject) if subject.kind == "app" else None
        at = At(
            subject.id, "", self.ports.clock, systems, self.ports.transport.fetch, self.ports.run, app, self.task(subject) if app is None else None,
            identity=identity, begun={row.name: row.change for _, row in self._begun(subject, machines.way(self.kind(subject))[0]) if row.change is not None},
        )  # fmt: skip
        if app is not None:
            recorded = to_found(move.found) if move is not None else None
            if recorded is None and (subject.state != "planned" or move is not None):
                recorded = self._found(subject)
            at.found = recorded or find(app, at)
            at.will = wills(self.method(subject), app, at)
        return at

    def at_of(self, id_: str) -> At:
        """The connected systems without a subject's own facts: for a phase's `done-when`."""
        systems, identity = self.connect()
        return At(id_, "", self.ports.clock, systems, self.ports.transport.fetch, self.ports.run, identity=identity)

    def _items(self, subject: Subject, method: Method, at: At) -> recipes.Recipe:
        return method.forward(self._what(subject), at.found)

    def _begun(self, subject: Subject, back_to: str) -> list[tuple[Transition, Row]]:
        return self.journal.begun(subject.id, back_to, machines.way(self.kind(subject)))

    def _since(self, subject: Subject, there: str) -> list[Transition]:
        return [move for move, _ in self._begun(subject, there)]

    def _crossed(self, subject: Subject) -> bool:
        return crossed(row for _, row in self._begun(subject, machines.HOME[self.kind(subject)]))

    def _order(self, subject: Subject, method: Method, state: str) -> int:
        return self.states(subject, method).index(state)

    def _next_gate(self, subject: Subject, method: Method) -> str | None:
        states = self.states(subject, method)
        later = states[states.index(subject.state) + 1 :]
        return next((s for s in later if s in machines.GATES[self.kind(subject)]), None)

    def _again(self, subject: Subject, goal: str) -> bool:
        """A task whose result has aged is done anew."""
        return subject.kind == "task" and subject.state == goal == "done" and bool(getattr(recipes.methods().get(subject.method), "ages", 0.0))

    def _leans_on(self, other: Subject, id_: str) -> bool:
        needs = self.plan.apps[other.name].needs if other.kind == "app" and other.name in self.plan.apps else ()
        return other.state != "planned" and any(need.subject == id_ for need in needs)

    # ---- refusals before a transition begins ----

    def _may_reach(self, subject: Subject, to: str | None) -> None:
        kind = self.kind(subject)
        if to is None:
            return
        if to not in machines.STATES[kind]:
            raise Usage(f"no state of {kind} is named {to}", hint=f"migrate graph {kind}")
        if to not in machines.GATES[kind] and not self.rehearsal:
            raise Usage(f"--to takes a gate ({', '.join(machines.GATES[kind])}); {to} is inside a move and only for rehearsals", hint=f"migrate advance {subject.id}")
        method = self.method(subject)
        if to not in self.states(subject, method):
            raise Usage(f"method {method.name} has no state {to}", hint=f"migrate graph {subject.id}")

    def _waits(self, subject: Subject, there: str) -> None:
        needs = self._what(subject).needs
        for need in needs:
            have = self.subject(need.subject)
            states = machines.way(self.kind(have))
            if states.index(have.state) < states.index(need.state):
                raise Refused(f"{subject.id} needs {need.subject} {need.state}; it is {have.state}", hint=f"migrate advance {need.subject}")
        now = self.ports.clock.now()
        if subject.soak_until is not None and there == "committed" and now < subject.soak_until:
            left = (subject.soak_until - now).total_seconds()
            raise Refused(f"{subject.id} soaks until {subject.soak_until:%Y-%m-%d %H:%M} UTC ({_span(left)} left)", hint="migrate status", check="soak-is-over", until=subject.soak_until)

    def _can_answer(self, subject: Subject, method: Method, at: At, there: str, goal: str) -> None:
        recipe = self._items(subject, method, at)
        states = list(recipe)
        ahead = states[states.index(there) : states.index(goal) + 1]
        if any(isinstance(item, Go) for state in ahead for item in recipe[state]) and not self.ports.people.can_answer(severe=False):
            raise Usage(f"{subject.id}: the move to {goal} asks before it takes the route, and nobody is there to answer", hint=f"migrate advance {subject.id} -y")

    def _window(self, subject: Subject, method: Method) -> None:
        """Asked before an outage begins, never for a way back or inside one."""
        if subject.kind != "app" or not method.down or subject.state != "prepared":
            return
        window = self.app(subject).window
        when = opens(window, self.plan.timezone, self.ports.clock.now()) if window else None
        if window and when is not None:
            raise OutsideWindow(f"{subject.id} moves {window.text} ({self.plan.timezone}); it opens {when:%a %Y-%m-%d %H:%M}", hint=f"migrate advance {subject.id}", opens=when)

    # ---- ends ----

    def _blocked(self, subject: Subject, error: MigrateError, safe: str = "Nothing was changed.") -> Refused:
        if isinstance(error, Refused) and not isinstance(error, Blocked):
            error.safe = safe
            return error
        check = error.data.get("check") or error.data.get("name", "")
        answer = error.data.get("answer")
        fix = getattr(answer, "fix", "") or error.hint
        return Blocked(error.what, why=fix, safe=safe, hint=f"migrate preflight {subject.id}", check=check, answer=answer)

    def _park(self, move: Transition, subject: Subject, error: MigrateError, more: str = "") -> NeedsOperator:
        self.journal.park(move.id, error.what)
        where = "on Talos" if self._crossed(subject) else "on K3s"
        why = "; ".join(part for part in (more, error.why) if part)
        return NeedsOperator(
            f"{subject.id} is parked in {move.leaves} -> {move.reaches}: {error.what}", why=why, safe=f"The data is {where}, whole.",
            hint=f"migrate advance {subject.id} (looks again) | migrate rollback {subject.id}", failed=error,
        )  # fmt: skip

    def _went_back(self, id_: str, back: Transition) -> Outcome:
        state = self.subject(id_).state
        error = WentBack(f"{id_} is back at {state}: {back.why}", safe="What was done was undone.", hint=f"migrate advance {id_}")
        return Outcome(id_, state, 6, (), error)

    def _at_gate(self, subject: Subject) -> Outcome:
        lines = [f"{subject.id} is {subject.state}"]
        if subject.soak_until is not None:
            lines.append(f"soaks until {subject.soak_until:%Y-%m-%d %H:%M} UTC")
        return Outcome(subject.id, subject.state, lines=(", ".join(lines),))

    def _walker(self, move: Transition, subject: Subject, method: Method, at: At) -> Walk:
        def outage() -> None:
            self._window(replace(subject, state="prepared") if method.down else subject, method)

        return Walk(
            move, at, self.journal, self.ports.people, self.say, lambda: bool(self.stopped),
            after_attempt=lambda: self._page(subject, method), before_outage=outage, down=bool(method.down),
        )  # fmt: skip

    def _page(self, subject: Subject, method: Method) -> None:
        """The way back in words and commands, rewritten whole."""
        subject = self.subject(subject.id)
        if subject.kind != "app":
            return
        there = "planned" if subject.state in ("planned", "prepared") else "prepared"
        rows, _ = back_rows(method, self.app(subject), self._found(subject), there, self._begun(subject, there))
        systems, _ids = self.connect()
        self.journal.write_undo_page(subject.id, page.text(subject, there, rows, systems, self.journal.world))


BLANK = Found("", "", (), "", "", "/", "", 0, "", (), "", "")


def replace_key(at: At, move: Transition) -> At:
    at.key = move.key
    return at


def to_found(data: Mapping[str, Any] | None) -> Found | None:
    """What was recorded with a transition, as data again."""
    if not data:
        return None
    return Found(**{**data, "members": tuple(Member(**m) for m in data["members"]), "secrets": tuple(data["secrets"])})


def crossed(rows: Any) -> bool:
    """Whether a pivot's first attempt is on disk."""
    for row in rows:
        item = recipes.from_data(row.item)
        if getattr(item, "pivot", False) and row.attempt:
            return True
    return False


def back_rows(method: Method, what: App | Task, found: Found | None, there: str, begun: Sequence[tuple[Transition, Row]]) -> tuple[list[NewRow], int | None]:
    """The rows of a way back: the method's list, less what was never begun; and the first transition that it undoes."""
    rows = {row.name: row for _, row in begun}
    changes: dict[str, Change] = {name: row.change for name, row in rows.items() if row.change is not None}
    out: list[NewRow] = []
    for item in recipes.what_applies(method.back(what, found)[there], changes, crossed=crossed(rows.values())):
        data = recipes.to_data(item)
        if not isinstance(item, Undo):
            out.append(NewRow(item.name, data))
            continue
        row = rows[item.step.name]
        for n, change in enumerate(row.undo):
            out.append(NewRow(item.name + (f"#{n + 1}" if len(row.undo) > 1 else ""), data, change, (row.transition, row.n)))
    return out, min((move.id for move, _ in begun), default=None)


def wills(method: Method, app: App, at: At) -> list[Any]:
    """What the whole recipe may send, forward and back."""
    from portkey_migrate.steps import Step
    from portkey_migrate.systems.at import Will

    out = {}
    for items in method.forward(app, at.found).values():
        for item in items:
            if isinstance(item, Step):
                for verb in item.verbs:
                    ref = item.ref(at)
                    out[verb, ref.system, ref.kind, ref.namespace] = Will(verb, ref)
    return list(out.values())


def _rows(items: Sequence[recipes.Item]) -> list[NewRow]:
    seen: dict[str, int] = {}
    out = []
    for item in items:
        seen[item.name] = seen.get(item.name, 0) + 1
        out.append(NewRow(item.name if seen[item.name] == 1 else f"{item.name}#{seen[item.name]}", recipes.to_data(item)))
    return out


def _refusal(error: MigrateError) -> bool:
    return isinstance(error, Refused) or bool(error.data.get("check"))


def _span(seconds: float) -> str:
    minutes = int(seconds // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    return f"{days}d {hours}h" if days else f"{hours}h {minutes}m" if hours else f"{minutes}m"


def items_to_go(row: Sequence[Item], state_of: Callable[[str], str]) -> list[Item]:
    """The entries of a phase's line that have not arrived."""
    return [item for item in row if state_of(item.subject) != item.to]
