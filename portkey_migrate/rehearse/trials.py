"""`make crashes`: for each app that moves, a death at every point, every way back, every situation, a late twin on every call."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from portkey_migrate import checks
from portkey_migrate.checks import Check
from portkey_migrate.errors import MigrateError
from portkey_migrate.journal import read
from portkey_migrate.journal.looks import View
from portkey_migrate.lab.fingerprint import allowed
from portkey_migrate.model import App, Found, Volume
from portkey_migrate.rehearse import asked, run
from portkey_migrate.rehearse.seeds import SUBJECTS

SEED = 1
LEAST_POINTS = {"stateless": 20, "handover": 60}
LEAST_KILLS = {"stateless": 8, "handover": 24}
REFUSED = 3


_FOUND = Found("n", "n", (), "n", "", "/", "n", 0, "", (), "", "", (Volume("c", "v", "p", "i", "1Gi", "s"),), "n")


def situations(method: str) -> dict[str, list[Check]]:
    """Situation → the checks that name it as theirs, of those that an app of this method meets: its guards, and what its recipe asks."""
    asked_of = asked_by(method)
    out: dict[str, list[Check]] = {}
    for check in checks.registry().values():
        if check.id in asked_of or (check.guards and (not check.methods or method in check.methods)):
            out.setdefault(check.situation, []).append(check)
    return dict(sorted(out.items()))


def asked_by(method: str) -> set[str]:
    """Every check that a method's lists name, before an attempt too."""
    from portkey_migrate import recipes
    from portkey_migrate.steps import Step

    known, app = recipes.methods()[method], App("n", method, (), 0.0, 0.0)
    items = [item for list_ in (known.forward(app, _FOUND), known.back(app, _FOUND)) for state in list_.values() for item in state]
    out = set(known.may_go_back)
    for item in items:
        out |= {item.check} if isinstance(item, recipes.Ask) else set()
        out |= set(item.first) if isinstance(item, Step) else set(getattr(item, "asks", ()))
    return out


def asked_before_the_outage(method: str) -> set[str]:
    """Checks whose refusal nobody may notice: every guard, and what the recipe asks before its `Go`; all of them, where a method has no outage."""
    from portkey_migrate import recipes

    known = recipes.methods()[method]
    guards = {check.id for check in checks.registry().values() if check.guards}
    if not known.down:
        return guards | asked_by(method)
    items = [item for state in known.forward(App("n", method, (), 0.0, 0.0), _FOUND).values() for item in state]
    go = next(n for n, item in enumerate(items) if isinstance(item, recipes.Go))
    return guards | {item.check for item in items[:go] if isinstance(item, recipes.Ask)}


def ways_back(method: str) -> list[str]:
    from portkey_migrate import recipes

    return list(recipes.methods()[method].forward(App("n", method, (), 0.0, 0.0), _FOUND))


def trials(subject: str, method: str, home: Path, scratch: Path) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """(what was tried, what was wrong, the document), one by one."""

    def rehearse(name: str, **options: Any) -> dict[str, Any]:
        return run.rehearse(subject, seed=SEED, home=home, folder=scratch / name, draws=False, **options)

    said = rehearse("kill", kill="all")
    crashes = said["crashes"]
    wrong = list(said["reasons"])
    if crashes["points"] < LEAST_POINTS.get(method, 0) or crashes["by_sigkill"] < LEAST_KILLS.get(method, 0):
        wrong.append(f"too few: {crashes['points']} points, {crashes['by_sigkill']} real deaths")
    yield "--kill all", wrong, said
    for state in ways_back(method):
        said = rehearse("back", rollback_at=state)
        wrong = list(said["reasons"]) or ([] if said["verdict"] == "clean" else [said["verdict"]])
        if said["apps"][0]["serves"] != "source":
            wrong.append(f"served by {said['apps'][0]['serves']}")
        yield f"--rollback-at {state}", wrong, said
    for name, named in situations(method).items():
        said = rehearse("with", with_=name)
        yield f"--with {name}", refused_wrong(said, named, scratch / "with" / "state", subject), said
    said = rehearse("twins", fault="late-twin@all")
    yield "--fault late-twin@all", list(said["reasons"]), said


def refused_wrong(said: dict[str, Any], named: list[Check], state: Path, subject: str) -> list[str]:
    """What a situation has to show: the check that names it says so, and nothing is lost or written twice.

    Asked before the outage it refuses and nobody notices; asked inside it or on the way back it ends 6 or 7 (lab.md 20a); one that only
    warns, by itself or because the plan shuts a silent node out, is recorded as a warning and the move ends clean.
    """
    names = [check.id for check in named]
    late = (not set(names) & asked_before_the_outage(_method(subject, said))) or _after(said) not in ("", "planned", "prepared")
    wrong: list[str] = []
    if said["verdict"] == "clean" and not said["blocked_by"]:
        if not warned(state, subject, names):
            wrong.append(f"nothing was said by {' or '.join(names)}")
        return wrong
    if not set(names) & {*said["blocked_by"][:1], *first_refused(state, subject, str(said["request"]["with"]))}:
        wrong.append(f"{said['verdict']}, refused by {said['blocked_by']} and not by {' or '.join(names)}")
    for app in said["apps"]:
        if app["lost_writes"] or app["double_writer_seconds"]:
            wrong.append(f"{app['name']}: {app['lost_writes']} lost, two writers for {app['double_writer_seconds']} s")
        if app["outage_seconds"] and not late:
            wrong.append("people noticed")
    if said["crashes"]["double_effects"]:
        wrong.append("a step had effect twice")
    if not late:
        wrong += said["reasons"]
    return wrong + _moved_on(state, subject)


def _method(subject: str, said: dict[str, Any]) -> str:
    return next(str(app["method"]) for app in said["apps"] if f"app/{app['name']}" == subject)


def _after(said: dict[str, Any]) -> str:
    """The state in which the situation was put in."""
    from portkey_migrate.lab import situations as known

    return str(known.registry()[said["request"]["with"]].after or "")


#: Situations whose check stands behind another guard that sees the same thing first: the ingress that does not reload its route does not
#: close it either, and Pods that do not end are seen by the proof of the scale that asked them to.
MASKED = {"route-not-given-back": ("answers-503", "seen-at-the-source"), "target-pod-lingers": ("undo-scale-up:target", "target-is-quiet")}


def first_refused(state: Path, subject: str, situation: str) -> list[str]:
    """What refused first, where a way back was parked after it: why the way back was begun; and the check that a masking guard stands for."""
    if not (state / "journal.db").exists():
        return []
    moves = View(state).transitions(subject)
    said = [move.why.partition(":")[0] for move in moves if move.direction == "back" and move.by_itself]
    guard, check = MASKED.get(situation, ("", ""))
    if guard and any(move.error.startswith(guard) for move in moves):
        said.append(check)
    return said


def warned(state: Path, subject: str, names: list[str]) -> bool:
    """Whether one of the checks warned, as a guard or in a recipe; the journal knows."""
    journal = View(state)
    rows = [row for move in journal.transitions(subject) for row in journal.rows(move.id)]
    in_recipes = any(row.answer is not None and row.answer.verdict == "warn" and row.name.partition("#")[0] in names for row in rows)
    with read.reading(state / "journal.db") as db:
        as_guards = db.execute("SELECT DISTINCT \"check\" FROM answers WHERE subject = ? AND verdict = 'warn'", (subject,)).fetchall()
    return in_recipes or any(name in names for (name,) in as_guards)


def _moved_on(state: Path, subject: str) -> list[str]:
    """After a refusal nothing goes forward, and nothing is left open but what is parked."""
    if not (state / "journal.db").exists():
        return []
    moves = View(state).transitions(subject)
    late = [move.id for n, move in enumerate(moves) if move.direction == "forward" and any(before.direction == "back" for before in moves[:n])]
    wrong = [f"transition {id_} went forward after the refusal" for id_ in late]
    snapshot = read.load(state, page=None)
    open_ = [move.transition for move in snapshot.open if move.transition.subject == subject] if snapshot is not None else []
    return wrong + [f"transition {one.id} is open, and not parked" for one in open_ if one.outcome != "parked"]


@contextlib.contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except MigrateError as error:
        sys.stderr.write(f"{error.what}\n{error.why}\n")
        sys.exit(error.exit)


@_errors_told()
def main(argv: list[str]) -> int:
    """A subject a process: each has labs and tools of its own, of which one runs at a time, so two subjects fill two cores."""
    home = run.session_home()
    plan = asked.plan_of(home)
    bad = 0
    matched: set[tuple[str, str]] = set()
    context = multiprocessing.get_context("fork")  # as a rehearsal's own processes; nothing is open here and no thread runs
    started = []
    for subject in argv or SUBJECTS:
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=_all_of, args=(subject, plan.apps[subject.partition("/")[2]].method, home, theirs))
        child.start()
        theirs.close()
        started.append((child, ours))
    for child, ours in started:
        try:
            wrong, differences = ours.recv()
            bad += wrong
            matched |= differences
        except EOFError:  # it said why before it ended
            bad += 1
        child.join()
    for line in () if argv else allowed():
        if (line.object, line.field) not in matched:  # a line that nobody needs hides a difference that nobody has seen (lab.md 21)
            bad += 1
            sys.stdout.write(f"✖ allowed.yaml: {line.object} {line.field} matched nothing\n")
    return 1 if bad else 0


def _all_of(subject: str, method: str, home: Path, told: Connection) -> None:
    """One subject's trials, a line each; what they come to goes up the pipe, nothing where they ended early."""
    bad = 0
    matched: set[tuple[str, str]] = set()
    with _errors_told(), tempfile.TemporaryDirectory(prefix="pm-crashes-") as scratch:
        for what, wrong, said in trials(subject, method, home, Path(scratch)):
            bad += bool(wrong)
            matched |= {(one["object"], one["field"]) for one in said["differences"]}
            lines = [f"{'✖' if wrong else '✔'} {subject} {what:<34} {_short(said)}  {said['wall_seconds']:.1f} s", *(f"    {one}" for one in wrong)]
            if wrong and not what.startswith(("--kill", "--fault")):
                lines.append(f"    again: migrate rehearse {subject} --seed {SEED} {what}")
            sys.stdout.write("".join(f"{line}\n" for line in lines))  # at once: the other subject writes there too
            sys.stdout.flush()
        told.send((bad, matched))


def _short(said: dict[str, Any]) -> str:
    crashes = said["crashes"]
    if crashes["points"]:
        return f"{crashes['points']} points, {crashes['recovered']} recovered, {crashes['by_sigkill']} real deaths, {crashes['parked']} parked"
    if said["blocked_by"]:
        return f"refused by {', '.join(said['blocked_by'])}"
    unlike = len(said["differences"])
    return (
        f"{said['verdict']}, served by {said['apps'][0]['serves']}, {unlike} differences, all allowed"
        if unlike
        else f"{said['verdict']}, served by {said['apps'][0]['serves']}"
    )
