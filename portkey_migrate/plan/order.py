"""Whether the order of a plan can work: names that exist, no circle, and nothing that waits for what comes after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from portkey_migrate.model import KINDS, Need
from portkey_migrate.plan.document import KEY, Document, Loc
from portkey_migrate.plan.faults import Fault, meant
from portkey_migrate.plan.names import Names


@dataclass(frozen=True)
class Place:
    """Where a phase takes a subject to a state."""

    phase: int
    row: int
    name: str  # of the phase
    to: str
    document: Document
    loc: Loc


@dataclass(frozen=True)
class Wish:
    """One need of one subject, with where it is written."""

    owner: str
    need: Need
    document: Document
    loc: Loc


@dataclass
class Order:
    """Everything that is named, wherever it is written, and then judged together."""

    names: Names
    known: dict[str, dict[str, bool]]  # kind → name → whether it is a new machine
    phases: list[str]
    places: dict[str, list[Place]] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)  # subjects whose own entry is faulty: what follows from that is not told again

    # ---- names ----

    def needs(self, owner: str, written: Mapping[str, str], document: Document, loc: Loc, faults: list[Fault]) -> tuple[Need, ...]:
        """The needs of a subject as written; what names nothing is a fault."""
        out = []
        for subject, state in written.items():
            here = (*loc, "needs", subject)
            kind, _, name = subject.partition("/")
            if kind not in KINDS or not name:
                close = meant(subject, [f"{k}/{n}" for k in KINDS for n in self.known[k]])
                faults.append(document.fault((*here, KEY), f"should be KIND/NAME, the kind one of {', '.join(KINDS)}{close}", repr(subject)))
            elif name not in self.known[kind]:
                faults.append(document.fault((*here, KEY), f"the plan has no {kind} of this name{meant(name, self.known[kind])}", repr(subject)))
            elif self.state(kind, name, state, document, here, faults):
                need = Need(subject, state)
                out.append(need)
                self.wishes.append(Wish(owner, need, document, (*here, KEY)))
        return tuple(out)

    def state(self, kind: str, name: str, state: str, document: Document, loc: Loc, faults: list[Fault]) -> bool:
        """Whether a subject has a state of this name."""
        states = self.states(f"{kind}/{name}")
        if not states or state in states:
            return True
        faults.append(document.fault(loc, f"no state of this {kind}{meant(state, states)} (its states: {', '.join(states)})", repr(state)))
        return False

    def states(self, subject: str) -> tuple[str, ...]:
        kind, _, name = subject.partition("/")
        return self.names.states_of(kind, new=self.known[kind].get(name, False))

    def put(self, subject: str, place: Place, faults: list[Fault]) -> None:
        """A phase takes a subject somewhere; one subject is one phase's business, and goes forward in it."""
        before = self.places.setdefault(subject, [])
        if before and before[-1].phase != place.phase:
            faults.append(place.document.fault(place.loc, f"{subject} is in phase {before[-1].name} already", repr(subject)))
            return
        if before and (subject.startswith("task/") or self._rank(subject, place.to) <= self._rank(subject, before[-1].to)):
            faults.append(place.document.fault(place.loc, f"{subject} is taken to {before[-1].to} already", repr(subject)))
            return
        before.append(place)

    def _rank(self, subject: str, state: str) -> int:
        states = self.states(subject)
        return states.index(state) if state in states else len(states)

    # ---- the order ----

    def faults(self) -> Iterator[Fault]:
        """Circles first; who is in one is not told about its order too."""
        ring = self._ring()
        if ring:
            first = next(wish for wish in self.wishes if wish.owner in ring and wish.need.subject in ring)
            yield first.document.fault(first.loc, f"the needs go in a circle: {' -> '.join([*ring, ring[0]])}", repr(first.need.subject))
        for wish in self.wishes:
            if wish.owner not in ring or wish.need.subject not in ring:
                yield from self._late(wish)

    def _late(self, wish: Wish) -> Iterator[Fault]:
        mine, wanted = self._begins(wish.owner), wish.need.subject
        if mine is None or wanted in self.doubtful:
            return
        got = f"'{wanted}: {wish.need.state}'"
        if wanted.startswith("phase/"):
            if self.phases.index(wanted[6:]) >= mine[0]:
                yield wish.document.fault(wish.loc, f"{wish.owner} comes before the end of what it needs", got)
            return
        there = [place for place in self.places.get(wanted, []) if self._rank(wanted, place.to) >= self._rank(wanted, wish.need.state)]
        if not there:
            went = self.places.get(wanted)
            said = f"phase {went[-1].name} takes it only to {went[-1].to}" if went else "no phase names it"
            yield wish.document.fault(wish.loc, f"{wish.owner} would wait for ever: {said}", got)
        elif (there[0].phase, there[0].row) >= mine:
            yield wish.document.fault(wish.loc, f"{wish.owner} needs it before phase {there[0].name} takes it there", got)

    def _begins(self, subject: str) -> tuple[int, int] | None:
        """The first moment at which the plan takes a subject: its phase and row."""
        if subject.startswith("phase/"):
            return self.phases.index(subject[6:]), -1
        places = self.places.get(subject)
        return (places[0].phase, places[0].row) if places else None

    def _ring(self) -> list[str]:
        """The first circle of needs; a phase also waits for what it holds. Iterative: a plan of thousands may be one long chain."""
        onward: dict[str, list[str]] = {}
        for wish in self.wishes:
            onward.setdefault(wish.owner, []).append(wish.need.subject)
        for subject, places in self.places.items():
            onward.setdefault(f"phase/{places[0].name}", []).append(subject)
        done: set[str] = set()
        for start in list(onward):
            path = {start: iter(onward[start])} if start not in done else {}
            while path:
                last = next(reversed(path))
                step = next(path[last], None)
                if step is None:
                    done.add(last)
                    del path[last]
                elif step in path:
                    ring = list(path)
                    return ring[ring.index(step) :]
                elif step not in done:
                    path[step] = iter(onward.get(step, ()))
        return []
