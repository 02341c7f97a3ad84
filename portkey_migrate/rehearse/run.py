"""`migrate rehearse`: the real commands on the real plan in the lab, and the verdict of what users saw (ux.md §2.2)."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portkey_migrate import machines
from portkey_migrate.errors import Usage
from portkey_migrate.model import API_VERSION
from portkey_migrate.rehearse import asked, processes, waits
from portkey_migrate.rehearse.processes import Lab, Ran

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World
    from portkey_migrate.model import Plan

#: Mutating calls that a method makes from planned to committed, with the tasks that it needs; a draw of faults spreads over them.
CALLS = {"stateless": 16, "handover": 29}
#: Virtual seconds in which what was set in motion comes to rest before two worlds are compared (Argo CD resyncs after 120 to 180 s).
REST = 240.0
#: Virtual seconds that people live in the world before the first command: a run is judged by what they saw on both sides.
LIVED = 180.0
REFUSED, WENT_BACK, PARKED = REFUSALS = 3, 6, 7
OUTSIDE_WINDOW = "PKM-0330"
_MOST = 40  # commands in one run; more is a loop


@dataclass
class Asked:
    """One rehearsal, as asked for."""

    subject: str
    seed: int = 1
    world: str = "portkey"
    to: str | None = None
    rollback_at: str | None = None
    with_: str | None = None
    fault: str | None = None
    draws: bool = True  # faults are drawn with the seed where none is asked for

    @property
    def request(self) -> dict[str, Any]:
        named = {"to": self.to, "rollback_at": self.rollback_at, "with": self.with_, "fault": self.fault}
        return {key: value for key, value in named.items() if value is not None}


@dataclass
class Run:
    """One rehearsal under way: a lab, a journal of its own, and what was typed."""

    asked: Asked
    plan: Plan
    home: Path
    state: Path  # the journal's folder
    scratch: Path  # what was printed, copies, the lab's log: gone after the rehearsal unless somebody named a folder
    lab: Lab
    commands: list[Ran] = field(default_factory=list)
    blocked_by: list[str] = field(default_factory=list)
    kill_at: int = 0  # the next command dies at this crash point
    killed: bool = False
    in_doubt: bool = False  # the next command dies where a late twin's reply is lost
    stops_dead: bool = False  # and is not typed again
    on_subject: Callable[[], Any] = lambda: None  # told when the subject's own moves begin
    on_back: Callable[[], Any] = lambda: None  # told when its way back begins
    also: tuple[str, ...] = ()  # other apps that are judged with it

    def type(self, *argv: str) -> Ran:
        """One command as a person types it, to its end; where a crash point is set, it dies there and is typed again."""
        while True:
            if len(self.commands) > _MOST:
                raise processes.LabDied(f"more than {_MOST} commands and no end", why=" ".join(argv), hint="migrate lint")
            ran = self._once([*argv, *waits.asked_for(argv), "-o", "json"])
            self.commands.append(ran)
            if ran.code != -9 or self.stops_dead:  # noqa: PLR2004 (killed)
                return ran

    def _once(self, argv: list[str]) -> Ran:
        into = self.scratch / "commands" / f"{len(self.commands) + 1:02d}"
        if not self.killed and (self.kill_at or self.in_doubt):
            self.lab.ask("stop-at", point=self.kill_at, in_doubt=self.in_doubt)
        tool = processes.start(argv, self.home, self.state, self.lab.path, into=into)
        if self.killed or not (self.kill_at or self.in_doubt):
            return tool.wait()
        while True:
            if self.lab.ask("held"):
                self.killed, self.in_doubt = True, False
                ran = tool.kill()
                self.lab.ask("let-go")
                return ran
            ended = tool.over
            if ended is not None:
                return ended

    def at(self, subject: str) -> str:
        known = asked.states(self.state).get(subject)
        return known.state if known is not None else ""

    def advance(self, subject: str, to: str) -> bool:
        """Types `advance` until the subject stands there: windows and soaks are waited out. False: it was refused, or ended elsewhere."""
        typed = ["advance", *subject.split("/", 1)]
        while self.at(subject) != to:
            before = self.at(subject)
            ran = self.type(*typed, "--to", to) if _inside(to) else self.type(*typed)
            if ran.code == 0:
                known = asked.states(self.state)[subject]
                if known.soak_until is not None and known.state != to:
                    self.lab.ask("advance", until=known.soak_until.timestamp())
                elif known.state == before:
                    return False
                continue
            if ran.error.get("code") == OUTSIDE_WINDOW and self._await_window(subject):
                continue
            if ran.code == -9:  # noqa: PLR2004 (killed, and not to be typed again)
                return False
            self._refused(ran)
            return False
        return True

    def back(self, *to: str) -> bool:
        """Types `rollback`; False: a check refused it, or it ended elsewhere."""
        ran = self.type("rollback", *self.asked.subject.split("/", 1), *to)
        self._refused(ran)
        return ran.code == 0

    def _refused(self, ran: Ran) -> None:
        """A check that refused: before anything (3), on the way (6: it went back; 7: it is parked)."""
        if ran.code in REFUSALS:
            self.blocked_by = asked.refused_by(ran.error) or ([str(ran.error.get("what", ""))] if ran.code == REFUSED else [])

    def _await_window(self, subject: str) -> bool:
        opens = asked.window_opens(self.plan, subject, self.lab.ask("stats")["now"])
        if opens is None:
            return False
        self.lab.ask("advance", until=opens)
        for task, _ in asked.needed(self.plan, subject):  # a result that has aged by the wait is made anew
            if task.startswith("task/"):
                self.type("advance", *task.split("/", 1))
        return True

    def prepare(self) -> bool:
        """What the subject needs is moved before it."""
        return all(self.advance(subject, to) for subject, to in asked.needed(self.plan, self.asked.subject))


def _inside(to: str) -> bool:
    """A state where `advance` alone does not stop."""
    return to not in ("prepared", "protected", "committed", "done", "joined", "closed")


def session_home() -> Path:
    from portkey_migrate import session

    named = os.environ.get("PORTKEY_MIGRATE_HOME", "")
    return session.home(Path.cwd(), named)


def folder_of(home: Path, world: str, seed: int) -> Path:
    """`state/lab/WORLD-SEED` beside the plan: never the real journal."""
    return home / "state" / "lab" / f"{Path(world).stem}-{seed}"


def fresh(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def made(wanted: Asked, calls: int) -> World:
    """The world of a rehearsal, in the lab's process: with its situation and its faults."""
    from portkey_migrate.lab import faults, situations, worlds

    world = worlds.make(wanted.world, wanted.seed)
    if wanted.fault:
        world.faults.planned = faults.parsed([wanted.fault])
    elif wanted.draws and not wanted.with_:
        world.faults.planned = faults.drawn(world.rng("faults"), calls)
    if wanted.with_ and not situations.registry()[wanted.with_].after:
        situations.apply(world, wanted.with_, wanted.subject.partition("/")[2])
    return world


def rehearse(
    subject: str | None,
    *,
    seed: int = 1,
    world: str = "portkey",
    to: str | None = None,
    rollback_at: str | None = None,
    kill: str | None = None,
    with_: str | None = None,
    fault: str | None = None,
    home: Path | None = None,
    folder: Path | None = None,
    draws: bool = True,
) -> dict[str, Any]:
    """One rehearsal; the document that `migrate rehearse -o json` prints. `folder`: keeps everything there in place of `state/lab/`."""
    if subject is None:
        raise Usage("name what is rehearsed", hint="migrate rehearse app speedtest")
    wanted = Asked(subject, seed, world, to, rollback_at, with_, fault, draws)
    check(wanted)
    home = home or session_home()
    processes.warm()
    with places(home, wanted, folder) as (state, scratch):
        if kill is not None or (fault is not None and fault.endswith("@all")):
            from portkey_migrate.rehearse import crashes

            return crashes.rehearse(wanted, kill, home, scratch)
        return once(wanted, home, state, scratch)


@contextmanager
def places(home: Path, wanted: Asked, folder: Path | None) -> Iterator[tuple[Path, Path]]:
    """Where the journal goes and where the rest does. The journal stays; the rest only where a folder was named."""
    if folder is not None:
        yield folder / "state", folder
        return
    with tempfile.TemporaryDirectory(prefix="pm-rehearse-") as scratch:
        yield folder_of(home, wanted.world, wanted.seed), Path(scratch)


def check(wanted: Asked) -> None:
    """A word that is not known is said before a process starts."""
    from portkey_migrate.lab import faults, situations, worlds

    try:
        worlds.facts(wanted.world)
        faults.parsed([wanted.fault] if wanted.fault else [])
    except (KeyError, ValueError) as error:
        raise Usage(str(error.args[0]), hint="migrate rehearse app speedtest") from None
    kind, _, name = wanted.subject.partition("/")
    for state in (wanted.to, wanted.rollback_at):
        if state is not None and kind == "app" and state not in machines.STATES["app"]:
            raise Usage(f"no state of app is named {state}", why=f"there are {', '.join(machines.STATES['app'])}", hint=f"migrate graph app {name}")
    if wanted.with_ is not None and wanted.with_ not in situations.registry():
        raise Usage(f"no situation is named {wanted.with_}", why=f"there are {', '.join(situations.names())}", hint="migrate rehearse app speedtest")


def once(wanted: Asked, home: Path, state: Path, scratch: Path, *, kill_at: int = 0) -> dict[str, Any]:
    """One run from the first command to the verdict."""
    began = time.perf_counter()
    with running(wanted, home, state, scratch) as run:
        run.kill_at = kill_at
        go(run)
        return document(run, began)


@contextmanager
def running(wanted: Asked, home: Path, state: Path, scratch: Path) -> Iterator[Run]:
    """A lab as asked for, and nothing typed yet."""
    plan = asked.plan_of(home)
    calls = expected_calls(plan, wanted.subject)
    fresh(state)
    with processes.lab(lambda: made(wanted, calls), scratch, state) as lab:
        yield Run(wanted, plan, home, state, scratch, lab)


def expected_calls(plan: Plan, subject: str) -> int:
    names = [subject, *(need for need, _ in asked.needed(plan, subject))]
    apps = [plan.apps[name.partition("/")[2]] for name in names if name.startswith("app/")]
    return sum(CALLS.get(app.method, 20) for app in apps) or 20


def go(run: Run) -> None:
    """Forward to where it was asked for, or to where it goes back, and back."""
    wanted = run.asked
    run.lab.ask("advance", seconds=LIVED)
    if not run.prepare():
        return
    run.on_subject()
    goal = (
        wanted.rollback_at
        or wanted.to
        or ("committed" if wanted.subject.startswith("app/") else "done" if wanted.subject.startswith("task/") else "closed")
    )
    if wanted.with_ is not None and not in_time(run):
        return
    if wanted.rollback_at is not None and not back_home_copied(run, wanted.rollback_at):
        return
    if not run.advance(wanted.subject, goal):
        return
    if wanted.rollback_at is not None:
        run.on_back()
        run.back()


def in_time(run: Run) -> bool:
    """A situation that comes later than the first command comes then, and bites in the command that it names. False: that is all."""
    from portkey_migrate.lab import situations

    situation = situations.registry()[str(run.asked.with_)]
    if not situation.after:
        return True
    if not run.advance(run.asked.subject, situation.after):
        return False
    run.lab.ask("situation", name=situation.name, app=run.asked.subject.partition("/")[2])
    if situation.then == "rollback":
        run.back(*(["--to", "planned"] if situation.after != "prepared" else []))
        return False
    return True


def back_home_copied(run: Run, at: str) -> bool:
    """A copy of the world in which the subject last stood where it will go back to: from `prepared` that is `planned`."""
    if at != "prepared" and not run.advance(run.asked.subject, "prepared"):
        return False
    if at == "prepared":
        run.advance(run.asked.subject, "planned")  # nothing to do: it stands there
    run.lab.ask("advance", seconds=REST)
    run.lab.ask("save", path=str(run.scratch / "before"), state=False)
    return True


def stands(run: Run) -> str:
    """Where the request says that the subject should stand at the end."""
    wanted = run.asked
    if wanted.rollback_at is not None:
        return "planned" if wanted.rollback_at == "prepared" else "prepared"
    return wanted.to or "committed"


def apps_of(run: Run) -> list[dict[str, Any]]:
    """The apps that moved or were to move: the subject, and what it needs."""
    known = asked.states(run.state)
    names = [*run.also, run.asked.subject, *(need for need, _ in asked.needed(run.plan, run.asked.subject))]
    out = []
    for id_ in dict.fromkeys(name for name in names if name.startswith("app/")):
        app = run.plan.apps[id_.partition("/")[2]]
        state = known[id_].state if id_ in known else "planned"
        out.append({"name": app.name, "method": app.method, "state": state, "outage_budget_seconds": app.outage})
    return out


def document(run: Run, began: float, *, crashes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The Rehearsal: what the lab says, and where the journal says that subjects stand."""
    differences: list[dict[str, Any]] = []
    run.lab.ask("advance", seconds=REST)  # what was set in motion comes to rest
    if (run.scratch / "before").exists() and not run.blocked_by:
        differences = run.lab.ask("differences", copy=str(run.scratch / "before"))
    apps, moving = apps_of(run), asked.moving(run.state)
    judged = [{**app, "state": "" if f"app/{app['name']}" in moving else app["state"]} for app in apps]  # between two states: neither's promises hold
    subject = run.asked.subject
    wanted = {} if run.blocked_by or subject in moving or not subject.startswith("app/") else {subject: stands(run)}
    said = run.lab.ask("verdict", request={"apps": judged, "stands": wanted, "differences": differences, "blocked": bool(run.blocked_by)})
    for app, one in zip(said["apps"], apps, strict=True):
        app["waits"] = waits.of(run.commands, f"app/{app['name']}")
        app["state"] = one["state"]
    stats = run.lab.ask("stats")
    reasons = list(said["reasons"]) + [
        f"`migrate {' '.join(ran.argv)}` ended {ran.code}: {ran.error.get('what') or ran.err[-300:]}" for ran in unexpected(run)
    ]
    if subject in moving and not run.blocked_by:
        reasons.append(f"{subject} is between two states")
    verdict = "blocked" if run.blocked_by and not reasons else "not-clean" if reasons else "clean"
    return {
        "apiVersion": API_VERSION,
        "kind": "Rehearsal",
        "subject": run.asked.subject,
        "seed": run.asked.seed,
        "world": run.asked.world,
        "request": run.asked.request,
        "verdict": verdict,
        "reasons": reasons,
        "blocked_by": run.blocked_by,
        "apps": said["apps"],
        "fingerprint": run.lab.ask("fingerprint"),
        "differences": differences,
        "faults": stats["faults"],
        "crashes": crashes
        or {"points": 0, "recovered": 0, "parked": 0, "double_effects": said["double_effects"], "by_sigkill": int(run.killed), "failed": []},
        "virtual_seconds": round(stats["now"] - stats["since"], 3),
        "wall_seconds": round(time.perf_counter() - began, 3),
        "api_calls": stats["api_calls"],
    }


def unexpected(run: Run) -> list[Ran]:
    """Commands that ended as they should not: 0, a closed window, a refusal that is reported as such, and a kill of ours are expected."""
    return [
        ran
        for ran in run.commands
        if ran.code not in (0, -9) and ran.error.get("code") != OUTSIDE_WINDOW and not (ran.code in REFUSALS and run.blocked_by)
    ]
