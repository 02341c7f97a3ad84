"""What is known of a subject when a command begins: its row, its method, what it is made of, what was begun and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast, overload

from portkey_migrate import checks, machines, recipes
from portkey_migrate.errors import NotBuilt, Usage
from portkey_migrate.journal.rows import NewRow, Row, Subject, Transition
from portkey_migrate.model import Answer, App, Change, Found, Kind, Member, Plan, Task, Volume
from portkey_migrate.recipes import Ask, Method, Undo
from portkey_migrate.steps import Step
from portkey_migrate.systems.at import At, Will
from portkey_migrate.systems.found import find
from portkey_migrate.systems.silence import CARRIED

if TYPE_CHECKING:
    from portkey_migrate.engine.walk import Say
    from portkey_migrate.journal import Journal
    from portkey_migrate.ports import Ports, System

BLANK = Found("", "", (), "", "", "/", "", 0, "", (), "", "")


@dataclass
class Known:
    """The plan, the journal and the connected systems, asked about one subject. `connect` gives systems and identities, pinned or refused."""

    plan: Plan
    journal: Journal
    connect: Callable[[], tuple[Mapping[str, System], Mapping[str, tuple[str, str]]]]
    ports: Ports
    say: Say
    version: str
    rehearsal: bool = False  # a lab: `--to` may name a state inside a move
    stopped: list[bool] = field(default_factory=list)
    minds: dict[str, dict[str, Any]] = field(default_factory=dict)  # subject → what was seen of its nodes, for this command
    late: dict[str, bool] = field(default_factory=dict)  # subject → whether this command found its outage budget used up

    def kind(self, subject: Subject) -> Kind:
        return cast("Kind", subject.kind)  # the journal keeps it as text; only KINDS are ever seeded

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
        known = self.plan.tasks.get(subject.name) or Task(subject.name, subject.method)
        return replace(known, vms=tuple(node.vm for node in self.plan.nodes.values()))

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
        systems, identity = ({}, {}) if subject.method == "ask" else self.connect()
        app = self.app(subject) if subject.kind == "app" else None
        begun = self._begun(subject, machines.way(self.kind(subject))[0])
        at = At(
            subject.id, "", self.ports.clock, systems, self.ports.transport.fetch, self.ports.run, app, self.task(subject) if app is None else None,
            identity=identity, begun={row.name: row.change for _, row in begun if row.change is not None}, plan=self.plan,
            checked=self._checked(subject, begun), mind=self._mind(subject),
        )  # fmt: skip
        if app is not None:
            recorded = to_found(move.found) if move is not None else None
            if recorded is None and (subject.state != "planned" or move is not None):
                recorded = self._found(subject)
            at.found = recorded or find(app, at)
            at.will = Asked(lambda: wills(self.method(subject), app, at))
        return at

    def _checked(self, subject: Subject, begun: Sequence[tuple[Transition, Row]]) -> dict[str, Answer]:
        """What checks and proofs answered since the subject left its home: where the app ran, whether a node was silent."""
        home = self._begun(subject, machines.HOME[self.kind(subject)])
        since = min((move.id for move, _ in home), default=None)
        out: dict[str, Answer] = {}
        for move in {move.id: move for move, _ in begun}.values():
            if since is not None and move.id >= since:
                for row in self.journal.rows(move.id):
                    if row.answer is not None:
                        item = recipes.from_data(row.item)
                        out[item.check if isinstance(item, Ask) else row.name] = row.answer
        return out

    def _mind(self, subject: Subject) -> dict[str, Any]:
        """Where it ran and the Leases seen then, carried to the next transition of the same command; nothing else an earlier look saw."""
        mind = self.minds.setdefault(subject.id, {})
        for key in [key for key in mind if not key.startswith(CARRIED)]:
            del mind[key]
        return mind

    def at_of(self, id_: str) -> At:
        """The connected systems without a subject's own facts: for a phase's `done-when`."""
        systems, identity = self.connect()
        return At(id_, "", self.ports.clock, systems, self.ports.transport.fetch, self.ports.run, identity=identity, plan=self.plan)

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
        # A result that ages has no later state: what is asked for is the same one, anew.
        ages = subject.state if subject.kind == "task" and method.ages else None
        return next((s for s in later if s in machines.GATES[self.kind(subject)]), ages)

    def _again(self, subject: Subject, goal: str) -> bool:
        """A task whose result has aged, or is not whole any more, is done anew."""
        method = recipes.methods().get(subject.method)
        if subject.kind != "task" or not subject.state == goal == "done" or method is None or not method.ages:
            return False
        at = self.at(subject).fresh()
        return not all(checks.by_id(id_).ask(at).passes for id_ in method.ages)

    def _leans_on(self, other: Subject, id_: str) -> bool:
        needs = self.plan.apps[other.name].needs if other.kind == "app" and other.name in self.plan.apps else ()
        return other.state != "planned" and any(need.subject == id_ for need in needs)


@dataclass
class Asked(Sequence[Will]):
    """What a recipe will send, worked out when somebody asks: it reads, and inside an outage nobody does."""

    make: Callable[[], list[Will]]
    made: list[Will] | None = None

    def _all(self) -> list[Will]:
        if self.made is None:
            self.made = self.make()
        return self.made

    @overload
    def __getitem__(self, at: int) -> Will: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Will]: ...

    def __getitem__(self, at: int | slice) -> Will | Sequence[Will]:
        return self._all()[at]

    def __len__(self) -> int:
        return len(self._all())


def keyed(at: At, move: Transition) -> At:
    at.key, at.back = move.key, move.direction == "back"
    return at


def to_found(data: Mapping[str, Any] | None) -> Found | None:
    """What was recorded with a transition, as data again."""
    if not data:
        return None
    return Found(
        **{
            **data,
            "members": tuple(Member(**m) for m in data["members"]),
            "secrets": tuple(data["secrets"]),
            "volumes": tuple(_volume(v) for v in data.get("volumes", ())),
        }
    )


def _volume(data: Mapping[str, Any]) -> Volume:
    return Volume(**{**data, "csi_secrets": tuple(data["csi_secrets"])})


def crossed(rows: Iterable[Row]) -> bool:
    """Whether a pivot's first attempt is on disk."""
    for row in rows:
        item = recipes.from_data(row.item)
        if getattr(item, "pivot", False) and row.attempt:
            return True
    return False


def back_rows(
    method: Method, what: App | Task, found: Found | None, there: str, begun: Sequence[tuple[Transition, Row]]
) -> tuple[list[NewRow], int | None]:
    """The rows of a way back: the method's list, less what was never begun; and the first transition that it undoes."""
    rows = {row.name: row for _, row in begun}
    # A task that was done again made another object under the same step: each is taken back, the newest first.
    older = [row for _, row in reversed(begun) if row.change is not None and row is not rows[row.name]]
    changes: dict[str, Change] = {name: row.change for name, row in rows.items() if row.change is not None}
    out: list[NewRow] = []
    for item in recipes.what_applies(method.back(what, found)[there], changes, crossed=crossed(rows.values())):
        data = recipes.to_data(item)
        if not isinstance(item, Undo):
            out.append(NewRow(item.name, data))
            continue
        newest = rows[item.step.name]
        made = [newest, *(row for row in older if row.name == newest.name and row.change.ref != newest.change.ref)]  # type: ignore[union-attr] # begun rows with an undo have their change
        undos = [(row, change) for row in made for change in row.undo]
        for n, (row, change) in enumerate(undos):
            out.append(NewRow(item.name + (f"#{n + 1}" if len(undos) > 1 else ""), data, change, (row.transition, row.n)))
    return out, min((move.id for move, _ in begun), default=None)


def wills(method: Method, app: App, at: At) -> list[Will]:
    """What the whole recipe may send, forward and back."""
    out = {}
    for items in method.forward(app, at.found).values():
        for item in items:
            if isinstance(item, Step):
                for verb, ref in item.sends(at):
                    out[verb, ref.system, ref.kind, ref.namespace] = Will(verb, ref)
    return list(out.values())
