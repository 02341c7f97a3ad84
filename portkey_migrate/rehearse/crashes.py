"""`--kill` and `--fault KIND@all`: the tool dies at every crash point, every call has its late twin, and each time the world must come out the same.

A branch starts from the copy of one crash point: a lab of its own, a tool of its own, the same command again. It is compared with the
uninterrupted world at the end of the interrupted transition (lab.md 13). A sample dies by a real SIGKILL and runs to the very end, which proves
that a branch is a kill.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portkey_migrate.errors import Usage
from portkey_migrate.journal import read
from portkey_migrate.journal.looks import View
from portkey_migrate.model import API_VERSION
from portkey_migrate.rehearse import asked, processes, run
from portkey_migrate.rehearse.run import Asked, Run

if TYPE_CHECKING:
    from portkey_migrate.lab.world import World

SAMPLE = {"stateless": 8, "handover": 24}
VARIANTS = ("look", "send", "dies-and-goes-on", "dies-and-goes-back")
NEEDS_OPERATOR = 7
RESTS = frozenset({"planned", "prepared", "routed", "protected", "committed", "todo", "done"})


@dataclass
class Tally:
    """What `crashes` of a Rehearsal says."""

    points: int = 0
    recovered: int = 0
    parked: int = 0
    double_effects: int = 0
    by_sigkill: int = 0
    failed: list[str] = field(default_factory=list)

    def fails(self, name: str, why: str, again: str) -> None:
        self.failed.append(f"{name}: {why}; again: {again}")

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class Point:
    """One crash point of the recorded run."""

    n: int
    what: str
    copy: Path
    argv: tuple[str, ...]  # the command that was running
    command: int  # and the how-manieth it was

    def name(self, way: str) -> str:
        return f"{self.n}" if way == "forward" else f"{way}-{self.n}"


@dataclass
class Way:
    """One recorded run: its points, and where its worlds stood when each transition ended."""

    name: str  # "forward", or "back": the way back from routed
    wanted: Asked
    points: list[Point]
    ends: dict[int, Path]  # transition → the first copy in which it has ended
    reaches: dict[int, str]
    begun_by: dict[int, int]  # transition → the command that began it
    final: Path  # the world at rest at the very end, and its journal


def rehearse(wanted: Asked, kill: str | None, home: Path, scratch: Path) -> dict[str, Any]:
    """The document of a rehearsal that kills, or that breaks each call in turn."""
    began = time.perf_counter()
    tally = Tally()
    if kill is None:
        said = each_fault(wanted, home, scratch, tally)
    elif kill == "all":
        said = kill_all(wanted, home, scratch, tally)
    else:
        said = kill_one(wanted, kill, home, scratch, tally)
    reasons = [*said.get("reasons", []), *(f"crash point {one}" for one in tally.failed)]
    request = {**wanted.request, **({"kill": kill} if kill is not None else {})}
    return {
        **said, "apiVersion": API_VERSION, "kind": "Rehearsal", "request": request, "verdict": "not-clean" if reasons else "clean",
        "reasons": reasons,         "crashes": tally.data, "wall_seconds": round(time.perf_counter() - began, 3),
    }  # fmt: skip


# ---- a death at every point ----


def kill_all(wanted: Asked, home: Path, scratch: Path, tally: Tally) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for way in ("forward", "back"):
        recorded, document = record(way, quiet(wanted), home, scratch / way)
        said = said or document
        references: dict[int, Path] = {}
        for point in recorded.points:
            tally.points += 1
            wrong = branch(recorded, point, home, scratch / way, references, tally)
            if wrong:
                tally.fails(f"{point.name(way)} ({point.what})", wrong, again(wanted, point.name(way)))
            else:
                tally.recovered += 1
        for point in sample(recorded, wanted.seed, SAMPLE.get(str(document["apps"][0]["method"]), 8)):
            wrong = really(recorded, point, home, scratch / way, tally)
            if wrong:
                tally.fails(f"{point.name(way)} ({point.what}) by SIGKILL", wrong, again(wanted, point.name(way)))
    return said


def again(wanted: Asked, point: str) -> str:
    return f"migrate rehearse {wanted.subject} --seed {wanted.seed} --world {wanted.world} --kill {point}"


def quiet(wanted: Asked) -> Asked:
    """Without faults of its own: one thing is broken at a time."""
    return replace(wanted, draws=False)


def wanted_of(way: str, wanted: Asked) -> Asked:
    return replace(wanted, rollback_at="routed") if way == "back" else wanted


def record(way: str, wanted: Asked, home: Path, scratch: Path) -> tuple[Way, dict[str, Any]]:
    """The uninterrupted run, with a copy of world and journal at each crash point of the subject's own moves."""
    began = time.perf_counter()
    wanted = wanted_of(way, wanted)
    copies = scratch / "points"
    kind, name = wanted.subject.split("/", 1)
    with run.running(wanted, home, scratch / "state", scratch) as it:
        typed = it.type

        def watched(*argv: str) -> Any:
            first = len(it.lab.ask("points"))
            ran = typed(*argv)
            commands.extend([(argv, len(it.commands))] * (len(it.lab.ask("points")) - first))
            return ran

        commands: list[tuple[tuple[str, ...], int]] = []
        it.type = watched  # type: ignore[method-assign] # the commands' own points, counted around each
        it.on_subject = lambda: it.lab.ask("record", dir=str(copies)) if way == "forward" else None
        it.on_back = lambda: it.lab.ask("record", dir=str(copies))
        run.go(it)
        it.lab.ask("record", dir="")
        document = run.document(it, began)
        it.lab.ask("save", path=str(scratch / "final"))
        seen = it.lab.ask("points")
    points = [
        Point(one["n"], one["what"], copies / f"{one['n']:04d}", argv, command)
        for one, (argv, command) in zip(seen, commands, strict=True)
        if (copies / f"{one['n']:04d}").exists() and argv[1:3] == (kind, name)  # what it needs is made anew while it waits for its window
    ]
    ends: dict[int, Path] = {}
    begun_by: dict[int, int] = {}
    for point in points:
        for move in _moves(point.copy, wanted.subject):
            begun_by.setdefault(move.id, point.command)
            if move.ended is not None:
                ends.setdefault(move.id, point.copy)
    reaches = {move.id: move.reaches for move in View(scratch / "state").transitions(wanted.subject) if move.id in begun_by}
    return Way(way, wanted, points, ends, reaches, begun_by, scratch / "final"), document


def _moves(copy: Path, subject: str) -> Sequence[Any]:
    state = copy / "state"
    return View(state).transitions(subject) if (state / "journal.db").exists() else []


def interrupted(way: Way, point: Point) -> tuple[int, bool]:
    """The transition that a death at this point interrupts or keeps from beginning, True; at the end of a command, the one just ended, False."""
    ended = {move.id for move in _moves(point.copy, way.wanted.subject) if move.ended is not None}
    for id_, command in sorted(way.begun_by.items()):
        if id_ not in ended and command == point.command:
            return id_, True
    return max(ended), False


def branch(way: Way, point: Point, home: Path, scratch: Path, references: dict[int, Path], tally: Tally) -> str:
    """The same command again, from what a SIGKILL at this point leaves behind. "" where all came out as uninterrupted, else what did not."""
    from portkey_migrate.lab import copies

    transition, typed = interrupted(way, point)
    argv = [*point.argv, *(["--to", way.reaches[transition]] if point.argv[0] == "advance" and "--to" not in point.argv else [])]
    here = scratch / "branch"
    state = run.fresh(here / "state")
    copies.unpack_state(point.copy, state)
    with processes.lab(lambda: copies.load(point.copy), here, state) as lab:
        it = Run(way.wanted, asked.plan_of(home), home, state, here, lab)
        ran = it.type(*argv) if typed else None
        if ran is not None and ran.code != 0:
            return f"`migrate {' '.join(argv)}` ended {ran.code}: {ran.error.get('what') or ran.err[-400:]}"
        fold, reference = read.fold(state), read.fold(way.ends[transition] / "state")
        lab.ask("advance", seconds=run.REST)
        verdict = lab.ask("verdict", request={"apps": run.apps_of(it)})
        tally.double_effects += verdict["double_effects"]
        inside = way.reaches[transition] not in RESTS
        reasons = of_data(verdict) if inside else verdict["reasons"]
        if reasons:
            return "; ".join(reasons)
        if fold != reference:
            return f"the journal comes to something else: {first_difference(fold, reference)}"
        if transition not in references:
            references[transition] = rested(way.ends[transition], scratch / "references" / str(transition))
        return differs(lab, references[transition])


def of_data(verdict: dict[str, Any]) -> list[str]:
    """What is judged where a branch ends inside an outage: nobody is served there by design, but nothing may be lost or written twice."""
    return [
        f"{app['name']}: {app['lost_writes']} writes lost, two writers for {app['double_writer_seconds']} s"
        for app in verdict["apps"]
        if app["lost_writes"] or app["double_writer_seconds"]
    ]


def rested(copy: Path, into: Path, change: Callable[[World], None] = lambda _: None) -> Path:
    """That world, once what was set in motion has come to rest."""
    from portkey_migrate.lab import copies

    def make() -> World:
        world = copies.load(copy)
        change(world)
        return world

    with processes.lab(make, into, into / "state", writes=False) as lab:
        lab.ask("advance", seconds=run.REST)
        lab.ask("save", path=str(into), state=False)
    return into


def differs(lab: processes.Lab, copy: Path) -> str:
    found = [one for one in lab.ask("differences", copy=str(copy)) if not one["allowed_by"]]
    return "; ".join(f"{one['object']} {one['field']}: {one['before']} uninterrupted, {one['after']} here" for one in found[:5])


def first_difference(one: str, other: str) -> str:
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"…{one[max(0, at - 80) : at + 60]}… against …{other[max(0, at - 20) : at + 60]}…"


# ---- real deaths ----


def sample(way: Way, seed: int, count: int) -> list[Point]:
    """Points for real deaths: half of them a way, drawn with the seed."""
    return random.Random(f"{seed}:sample:{way.name}").sample(way.points, min(len(way.points), (count + 1) // 2))  # noqa: S311 (repeatable by its seed)


def really(way: Way, point: Point, home: Path, scratch: Path, tally: Tally) -> str:
    """A real SIGKILL at this point of a whole run, the same command again, to the very end."""
    began = time.perf_counter()
    here = scratch / "killed"
    with run.running(way.wanted, home, here / "state", here) as it:
        it.kill_at = point.n
        run.go(it)
        said = run.document(it, began)
        if not it.killed:
            return "the run never came to that point"
        tally.by_sigkill += 1
        tally.double_effects += said["crashes"]["double_effects"]
        if said["verdict"] != "clean":
            return "; ".join(said["reasons"]) or str(said["blocked_by"])
        ours, theirs = read.fold(it.state), read.fold(way.final / "state")
        if ours != theirs:
            return f"the journal comes to something else: {first_difference(ours, theirs)}"
        return differs(it.lab, way.final)


def kill_one(wanted: Asked, kill: str, home: Path, scratch: Path, tally: Tally) -> dict[str, Any]:
    """One point again: as a branch, and as a real death."""
    way, _, number = kill.rpartition("-")
    if way not in ("", "back") or not number.isdigit():
        raise Usage(
            f"{kill!r} is no crash point", why="a point is `all`, a number, or back-NUMBER", hint=f"migrate rehearse {wanted.subject} --kill all"
        )
    recorded, document = record(way or "forward", quiet(wanted), home, scratch / "recorded")
    point = next((one for one in recorded.points if one.n == int(number)), None)
    if point is None:
        raise Usage(
            f"there is no crash point {kill}",
            why=f"this run has {recorded.points[0].n} to {recorded.points[-1].n}",
            hint=f"migrate rehearse {wanted.subject} --kill all",
        )
    tally.points = 1
    for how, wrong in (("", branch(recorded, point, home, scratch, {}, tally)), (" by SIGKILL", really(recorded, point, home, scratch, tally))):
        if wrong:
            tally.fails(f"{kill} ({point.what}){how}", wrong, again(wanted, kill))
    tally.recovered = int(not tally.failed)
    return document


# ---- a fault on every call ----


def each_fault(wanted: Asked, home: Path, scratch: Path, tally: Tally) -> dict[str, Any]:
    """`KIND@all`: on every call in turn. A late twin comes in four variants a call; a point is a call."""
    kind = str(wanted.fault).partition("@")[0]
    plain = replace(quiet(wanted), fault=None)
    said = run.once(plain, home, scratch / "plain" / "state", scratch / "plain")
    calls = counted(plain, home, scratch / "counted", kind)
    for n in range(1, calls + 1):
        tally.points += 1
        wrong = [
            f"{how or kind}: {why}"
            for how in (VARIANTS if kind == "late-twin" else ("",))
            if (why := one_fault(plain, kind, n, how, home, scratch / "fault", tally))
        ]
        if wrong:
            tally.fails(
                f"{kind}@{n}", "; ".join(wrong), f"migrate rehearse {wanted.subject} --seed {wanted.seed} --world {wanted.world} --fault {kind}@{n}"
            )
        else:
            tally.recovered += 1
    return said


def counted(plain: Asked, home: Path, scratch: Path, kind: str) -> int:
    """How many calls of that sort a run without faults makes."""
    from portkey_migrate.lab.faults import FAULTS

    with run.running(plain, home, scratch / "state", scratch) as it:
        run.go(it)
        return int(it.lab.ask("stats")["counted"][FAULTS[kind].counts])


def one_fault(plain: Asked, kind: str, n: int, how: str, home: Path, scratch: Path, tally: Tally) -> str:
    """What did not come out clean; empty where all did."""
    began = time.perf_counter()
    with run.running(plain, home, scratch / "state", scratch) as it:
        dies = how.startswith("dies")
        it.lab.ask("faults", planned=[{"kind": kind, "nth": n}], twin="end" if how == "dies-and-goes-back" else "look" if dies else how)
        it.in_doubt, it.stops_dead = dies, how == "dies-and-goes-back"
        run.go(it)
        if it.in_doubt and dies:
            return "the run never came to that call"
        if how == "dies-and-goes-back":
            return back_then_twin(it, scratch, tally)
        said = run.document(it, began)
        tally.double_effects += said["crashes"]["double_effects"]
        return "" if said["verdict"] == "clean" else "; ".join(said["reasons"]) or str(said["blocked_by"])


def back_then_twin(it: Run, scratch: Path, tally: Tally) -> str:
    """Dead in doubt, `rollback`, then the twin: the world stays as the command left it, or the command parked and named the next one."""
    it.stops_dead = False
    ran = it.type("rollback", *it.commands[-1].argv[1:3])  # of what the dead command moved: the app, or a task that it needs
    nexts = ran.error.get("next") or []
    if ran.code == NEEDS_OPERATOR and nexts:
        tally.parked += 1
        it.lab.ask("land-twins")
        ran = it.type(*str(nexts[0]).split(" (")[0].split()[1:])
    if ran.code != 0:
        return f"`migrate {' '.join(ran.argv)}` ended {ran.code}: {ran.error.get('what') or ran.err[-400:]}"
    it.lab.ask("save", path=str(scratch / "left"), state=False)
    left = rested(scratch / "left", scratch / "rested", forget_twins)
    it.lab.ask("land-twins")
    it.lab.ask("advance", seconds=run.REST)
    said = it.lab.ask("verdict", request={"apps": run.apps_of(it)})
    tally.double_effects += said["double_effects"]
    return "; ".join(said["reasons"]) or differs(it.lab, left)


def forget_twins(world: World) -> None:
    """The world as it would be if they never came."""
    for id_ in world.twins:
        world.calls.pop(id_, None)
    world.twins.clear()


# ---- `make crashes` ----


def main(argv: list[str]) -> int:
    """Every app that moves: kill all, every way back, every situation, a late twin on every call. One line each; exit 1 where one is not clean."""
    from portkey_migrate.rehearse import trials

    return trials.main(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
