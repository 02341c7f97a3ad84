"""The one composition root: plan + registries + journal + ports. The only module that chooses real ports or the lab's.

`open` is for commands that act (it takes the lock), `view` for those that look. Both hand out the same engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portkey_migrate import __version__, checks, machines, recipes
from portkey_migrate import plan as plans
from portkey_migrate.engine import show
from portkey_migrate.engine.asks import ask_each, ask_guards, later
from portkey_migrate.engine.moves import Moves, Outcome
from portkey_migrate.engine.phases import Phases
from portkey_migrate.errors import Blocked, NotBuilt, Refused, Usage, WrongCluster
from portkey_migrate.journal.rows import Asked, Subject
from portkey_migrate.journal.seeding import first
from portkey_migrate.model import Plan
from portkey_migrate.ports import Clock, People, Ports, System
from portkey_migrate.recipes.notbuilt import (
    NOT_BUILT_CHECKS,
    NOT_BUILT_METHODS,
    NOT_BUILT_TASKS,
)

if TYPE_CHECKING:
    from portkey_migrate.systems.kube import Kube

LAB = "PORTKEY_MIGRATE_LAB"  # the lab's socket; set by `migrate lab up` and by a rehearsal
SIDES = ("source", "target")

Say = Callable[[Mapping[str, Any]], None]
Prompt = Callable[[str], str]


@dataclass(frozen=True)
class Options:
    """What a person gave on the command line or in the environment."""

    source_context: str = ""
    target_context: str = ""
    kubeconfig: str = ""
    yes: bool = False
    confirm: str = ""
    prompt: Prompt | None = None  # asks on the terminal; None: there is none


def home(start: Path, chosen: str = "") -> Path:
    """The folder that holds `phases/`: the nearest from here upwards, or the one named."""
    return plans.find_home(Path(chosen)) if chosen else plans.find_home(start)


def load_plan(folder: Path) -> Plan:
    built = recipes.methods()
    names = plans.Names(
        methods=frozenset(name for name, method in built.items() if method.of == "app"),
        checks=frozenset(checks.registry()),
        tasks=frozenset(name for name, method in built.items() if method.of == "task" and name not in ("ask", "seen")),
        not_built_methods=NOT_BUILT_METHODS - frozenset(built),
        not_built_tasks=NOT_BUILT_TASKS - frozenset(built),
        not_built_checks=NOT_BUILT_CHECKS - frozenset(checks.registry()),
        states={**{str(kind): states for kind, states in machines.STATES.items()}, "new-node": machines.NEW_NODE},
        app_gates=machines.GATES["app"],
    )
    return plans.load(folder, names)


@dataclass
class Person:
    """Who answers: `-y` and `--confirm` first, then the terminal, then the lab's policy."""

    options: Options
    policy: People | None

    def can_answer(self, *, severe: bool, name: str = "") -> bool:
        given = (self.options.confirm == name) if severe else self.options.yes
        return bool(given or self.options.prompt is not None or self.policy is not None)

    def agrees(self, question: str) -> bool:
        if self.options.yes:
            return True
        if self.options.prompt is not None:
            return self.options.prompt(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        return self.policy is not None and self.policy.agrees(question)

    def types(self, question: str, name: str) -> bool:
        if self.options.confirm:
            return self.options.confirm == name
        if self.options.prompt is not None:
            return self.options.prompt(f"{question} Type {name} to go on: ").strip() == name
        return self.policy is not None and self.policy.types(question, name)

    def tells(self, question: str) -> str | None:
        if self.options.prompt is not None:
            said = self.options.prompt(f"{question} [y/N] ").strip()
            return said if said.lower() in ("y", "yes") else ""
        return self.policy.tells(question) if self.policy is not None else None


class Systems(dict[str, System]):
    """The connected systems by name. One that is made by a `maker` is connected when it is first asked for, and never where nothing asks."""

    def __init__(self) -> None:
        super().__init__()
        self.makers: dict[str, Callable[[], System]] = {}

    def __missing__(self, name: str) -> System:
        if name not in self.makers:
            raise KeyError(name)
        return self.setdefault(name, self.makers[name]())


@dataclass
class World:
    """The ports of one run, and the systems that it may connect."""

    name: str  # real | lab:<seed>
    ports: Ports
    settings: Any
    hmac_key: bytes = b""
    _systems: Systems = field(default_factory=Systems)
    _identity: dict[str, tuple[str, str]] = field(default_factory=dict)

    def reconnect(self, hmac_key: bytes) -> None:
        """From here on Secrets are compared under the journal's own key."""
        self.hmac_key = hmac_key
        self._systems.clear()

    def connect(self) -> tuple[Mapping[str, System], Mapping[str, tuple[str, str]]]:
        """Both clusters, connected when they are first needed, and who they say they are."""
        if not self._systems:
            from portkey_migrate.systems.kube import Kube

            kubes: dict[str, Kube] = {}
            for side, context in self.settings.contexts().items():
                kubes[side] = Kube(side, context, self.ports.transport, self.ports.clock, hmac_key=self.hmac_key, peers=kubes)
            self._identity = {side: kube.identity() for side, kube in kubes.items()}
            self._systems.update(kubes)
            self._systems["ceph"] = _ceph(self.settings, self.ports)
            self._systems.makers["proxmox"] = lambda: _proxmox(self.settings, self.ports)
        return self._systems, self._identity


def _proxmox(settings: Any, ports: Ports) -> System:
    """Proxmox, its library imported and its token fetched once something asks for it; without a setting that is when it is missed."""
    from portkey_migrate.systems.proxmox import Proxmox

    said = settings.proxmox(ports.run)
    return Proxmox(said.url, said.token, ports.transport, ports.clock, fingerprint=said.fingerprint)


def _ceph(settings: Any, ports: Ports) -> System:
    """Ceph by two commands, as the settings say that they are run (`ceph: {rbd: [ssh, shire, rbd], ceph: […]}`); none is run before it is needed."""
    from portkey_migrate.systems.ceph import Ceph

    said = settings.said.get("ceph") or {}
    return Ceph(ports.run, said.get("rbd") or ("rbd",), said.get("ceph") or ("ceph",))


def _world(options: Options, state: Path, name: str) -> World:
    from portkey_migrate.systems.settings import load_settings

    socket = os.environ.get(LAB)
    if socket:
        from portkey_migrate.lab.client import Lab
        from portkey_migrate.systems.real import RealIds

        lab = Lab(socket)
        ids = lab.ids if hasattr(lab, "ids") else RealIds()
        ports = Ports(lab.clock, lab.tasks, lab.transport, lab.run, ids, Person(options, lab.people), lab.committed)
        return World(lab.world, ports, load_settings(name, options, file=state / "settings.yaml"))
    from portkey_migrate.systems.real import (
        RealClock,
        RealIds,
        RealRun,
        RealTasks,
        RealTransport,
    )

    ports = Ports(RealClock(), RealTasks(), RealTransport(), RealRun(), RealIds(), Person(options, None))
    return World("real", ports, load_settings(name, options))


@dataclass
class Session:
    """One command that acts."""

    plan: Plan
    journal: Any
    world: World
    moves: Moves
    typed: list[str] = field(default_factory=list)  # the verb and its subject, for a hint that repeats them

    def advance(self, subject: str | None, to: str | None = None) -> Outcome:
        self._doing(f"advance {subject or ''}".strip())
        if subject is None or subject.startswith("phase/"):
            if to is not None:
                raise Usage("--to names a state of one app, node or task", hint="migrate advance")
            return Phases(self.moves).advance()
        return self.moves.advance(subject, to)

    def rollback(self, subject: str, to: str | None = None) -> Outcome:
        self._doing(f"rollback {subject}")
        if subject == "all":
            return Phases(self.moves).rollback_all()
        if subject.startswith("phase/"):
            return Phases(self.moves).rollback(subject.removeprefix("phase/"))
        return self.moves.rollback(subject, to)

    def resolve(self, row: str, as_: str) -> Outcome:
        """A person says whether a step in doubt happened; the next command goes on from there."""
        transition, _, n = row.partition(".")
        if not (transition.isdigit() and n.isdigit()):
            raise Usage(f"a row is TRANSITION.NUMBER as `migrate history` prints it (got {row!r})", hint="migrate history")
        if not self.world.ports.people.types(f"Row {row} is recorded as {as_}.", row):
            raise Usage(f"row {row} was not confirmed", hint=f"migrate resolve {row} --as {as_} --confirm {row}")
        self.journal.resolve(int(transition), int(n), as_, self.journal.who)
        return Outcome(f"row/{row}", as_, lines=(f"row {row} is recorded as {as_}",))

    def _doing(self, what: str) -> None:
        """Said to whoever finds the lock held: the checks and the questions before a move may take minutes. A move then says itself."""
        self.typed.append(what)
        self.journal.doing(what)
        self.journal.flush()

    def stop(self) -> None:
        """The step in hand is finished, then the command ends."""
        self.moves.stopped.append(True)


@contextmanager
def open(folder: Path, state: Path, options: Options, say: Say) -> Iterator[Session]:  # noqa: A001 (session.open reads as what it is)
    """Takes the lock, opens the journal, pins or compares the clusters."""
    from portkey_migrate.journal import Journal

    plan = load_plan(folder)
    Journal.refuse_held(state)  # before the lab is spoken to: its one loop waits for a holder that hangs, and the second operator would too
    world = _world(options, state, plan.name)
    world.settings.contexts()  # no kubeconfig is said before anything is written
    if not Journal.look(state, world.name):  # a journal of another world is refused before one of its clusters is asked anything
        world.connect()  # no journal is made for clusters that do not answer
    with Journal.open(state, world=world.name, clock=world.ports.clock, ids=world.ports.ids, committed=world.ports.committed) as journal:
        world.reconnect(journal.secret_key())
        journal.seed(plan)
        typed: list[str] = []
        moves = Moves(
            plan,
            journal,
            lambda: _pinned(plan, journal, world, typed),
            world.ports,
            _logged(state, say, world.ports.clock),
            __version__,
            rehearsal=world.name != "real",
        )
        yield Session(plan, journal, world, moves, typed)


@contextmanager
def view(folder: Path, state: Path, options: Options) -> Iterator[Viewer]:
    """Looks without the lock; nothing is written."""
    from portkey_migrate.journal.read import View

    plan = load_plan(folder)
    world = _world(options, state, plan.name)
    journal: Any = View(state)
    moves = Moves(plan, Planned(plan, journal), world.connect, world.ports, lambda _: None, __version__, rehearsal=True)  # type: ignore[arg-type] # a reader has what `plan` and `preflight` ask
    yield Viewer(plan, moves)


@dataclass
class Planned:
    """The journal's reader, which also knows the plan's subjects before anything has begun."""

    plan: Plan
    journal: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.journal, name)

    def subject(self, id_: str) -> Any:
        try:
            return self.journal.subject(id_)
        except KeyError:
            kind, _, name = id_.partition("/")
            if id_ not in self.plan.subjects():
                raise
            method = self.plan.apps[name].method if kind == "app" else self.plan.tasks[name].kind if kind == "task" else ""
            return Subject(kind, name, first(self.plan, kind, name), 0, method, self.plan.phase_of(id_))


@dataclass
class Viewer:
    plan: Plan
    moves: Moves

    def preflight(self, subject: str | None) -> list[Asked]:
        """Every guard of the subject's next move, asked once; without a subject, of every app that can move."""
        if subject is None:
            out: list[Asked] = []
            for name in self.plan.apps:
                if f"app/{name}" not in self.plan.not_built:
                    out += self.preflight(f"app/{name}")
            return out
        known = self.moves.subject(subject)
        method = self.moves.method(known)
        there = machines.next_state(self.moves.states(known, method), known.state)
        if known.kind == "task":
            return self._of_a_task(known, method, there)
        if there is None or there in machines.IRREVERSIBLE:
            return []
        try:
            at = self.moves.at(known)
        except Blocked as error:
            from portkey_migrate.model import block

            return [
                Asked(
                    subject, error.data.get("check") or "app-is-as-planned", block(error.what, error.why or error.hint), self.moves.ports.clock.now()
                )
            ]
        return ask_guards(at, subject, there, method.name, lambda _: None)

    def _of_a_task(self, known: Subject, method: recipes.Method, there: str | None) -> list[Asked]:
        """What a task would look at; of one that is done, what says whether its result is still good."""
        at = self.moves.at(known)
        ahead = method.forward(self.moves.task(known), None)[there] if there is not None else ()
        wanted = [item.check for item in ahead if isinstance(item, recipes.Ask)] or list(method.ages if there is None else ())
        return ask_each(at, known.id, [checks.by_id(id_) for id_ in wanted], lambda _: None)

    def asked_while_moving(self, subject: str) -> list[str]:
        """Checks of what lies ahead that only acting can show, in their order; () where the app is not as a method can carry it."""
        known = self.moves.subject(subject)
        if known.kind != "app":
            return []
        try:
            return later(self.moves, known)
        except Refused:
            return []

    def plan_of(self, subject: str) -> show.PlanView:
        return show.plan(self.moves, subject)


def _pinned(plan: Plan, journal: Any, world: World, typed: Sequence[str]) -> tuple[Mapping[str, System], Mapping[str, tuple[str, str]]]:
    """The systems, once who they are is pinned (shown and typed, one time) or agrees with the pin (design §4.9)."""
    systems, identity = world.connect()
    pins = journal.pins()
    for side in SIDES:
        said = getattr(plan, side).uid
        if said and said != "pending" and said != identity[side][0]:
            raise WrongCluster(f"the plan's {side} has uid {said}, this cluster has {identity[side][0]}", hint="migrate lint")
        if side in pins and (pins[side].uid, pins[side].ca_sha256) != identity[side]:
            raise WrongCluster(
                f"the {side} is not the cluster that the journal knows",
                why=f"kube-system uid {identity[side][0]}, pinned {pins[side].uid}", hint="migrate status",
            )  # fmt: skip
    if all(side in pins for side in SIDES):
        return systems, identity
    if identity["source"][0] == identity["target"][0]:
        check = checks.by_id("clusters-are-different")
        raise Blocked(f"clusters-are-different: both contexts reach the cluster {identity['source'][0]}", check=check.id, hint="migrate preflight")
    shown = ", ".join(f"{side} = kube-system {identity[side][0][:8]}, CA {identity[side][1][:12]}" for side in SIDES)
    question = f"The clusters of this migration: {shown}. They are pinned once."
    people = world.ports.people
    hint = f"migrate {typed[-1] if typed else 'advance'} --confirm {plan.name}"
    if not people.can_answer(severe=True, name=plan.name):
        why = f"{shown}; they are pinned once"
        raise Usage("the clusters of this migration are not confirmed, and nobody is there to type it", why=why, hint=hint)
    if not people.types(question, plan.name):
        raise Usage("the clusters were not confirmed", why=shown, hint=hint)
    for side in SIDES:
        journal.pin(side, *identity[side], journal.who)
    return systems, identity


def _logged(state: Path, say: Say, clock: Clock) -> Say:
    """Progress to the screen, and a line of it to `state/log.jsonl`, after the fact and off the critical path."""
    import structlog

    file = os.fdopen(os.open(state / "log.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8")
    log = structlog.wrap_logger(
        structlog.WriteLogger(file),
        processors=[structlog.processors.JSONRenderer(default=str)],
    )  # fmt: skip

    def both(event: Mapping[str, Any]) -> None:
        say(event)
        if event.get("event") != "wait":
            log.msg(at=clock.now().isoformat(), **event)

    return both


__all__ = ["LAB", "NotBuilt", "Options", "Session", "Viewer", "home", "load_plan", "open", "view"]
