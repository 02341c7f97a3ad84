"""Journals as screens meet them, made by hand: the same nouns that the reader hands out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portkey_migrate.journal.lock import Holder
from portkey_migrate.journal.read import Move, Past, Snapshot
from portkey_migrate.journal.rows import Asked, Pin, Row, Subject, Transition
from portkey_migrate.model import Answer, Change, Ref

NOW = datetime(2026, 11, 24, 14, 2, 7, tzinfo=UTC)
PHASES = ("0-ready", "1-bootstrap-talos", "2-platform-and-first-apps", "3-metal1", "4-critical-apps-and-metal0", "5-cleanup")


def _ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def _app(name: str, state: str, **more: Any) -> Subject:
    more.setdefault("outage", 0.0)
    return Subject("app", name, state, 3, more.pop("method", "stateless"), "2-platform-and-first-apps", more.pop("position", 9), _ago(600), **more)


def _phases(**states: str) -> list[Subject]:
    return [Subject("phase", name, states.get(f"p{name[0]}", "pending"), 0, "", "", n) for n, name in enumerate(PHASES)]


def _move(id_: int, subject: str, leaves: str, reaches: str, **more: Any) -> Transition:
    direction = more.pop("direction", "forward")
    begun = more.pop("begun", _ago(120))
    return Transition(
        id_, subject, leaves, reaches, direction, more.pop("method", "stateless"), f"pm-8f2c-{id_}", "0" * 64, "0.1.0", {}, begun, **more
    )


def _row(transition: int, n: int, name: str, *, done: float | None = None, sent: float | None = None, reply: str = "ok", why: str = "") -> Row:
    ref = Ref("source", "Ingress", "speedtest", "speedtest")
    change = Change(ref, {"spec.rules": "before"}, {"spec.rules": "after"}) if sent is not None else None
    return Row(
        transition,
        n,
        name,
        {"do": "step"},
        change,
        (change.undone,) if change else (),
        None,
        1 if sent is not None else 0,
        _ago(sent) if sent is not None else None,
        "41",
        reply if sent is not None else "",
        None,
        Answer("ok", {}, why) if done is not None else None,
        _ago(done) if done is not None else None,
    )


def _snapshot(subjects: list[Subject], *, totals: dict[str, dict[str, int]] | None = None, **more: Any) -> Snapshot:
    counted: dict[str, dict[str, int]] = {}
    for one in subjects:
        counted.setdefault(one.kind, {})[one.state] = counted.setdefault(one.kind, {}).get(one.state, 0) + 1
    counted.update(totals or {})
    return Snapshot(
        world=more.pop("world", "real"),
        lineage="8f2c" + "0" * 28,
        plan={"name": "portkey"},
        operator=more.pop("operator", Holder("anna", "ws-12", 4411, _ago(249))),
        held=more.pop("held", False),
        subjects=tuple(subjects),
        totals=counted,
        open=tuple(more.pop("open", ())),
        last=more.pop("last", {}),
        pins={"source": Pin("source", "7c1e", "ab", _ago(4000), "anna"), "target": Pin("target", "90aa", "cd", _ago(4000), "anna")},
        refused=more.pop("refused", {}),
        past=more.pop("past", {}),
    )


def _routing(*, sent: float | None) -> Move:
    """An app on its way over the pivot."""
    rows = (
        _row(7, 1, "hold:source/speedtest", done=64, sent=65),
        _row(7, 2, "hold-holds", done=60),
        _row(7, 3, "go", done=49),
        _row(7, 4, "route:source/speedtest", sent=sent, reply=""),
        _row(7, 5, "seen-from-outside"),
    )
    return Move(_move(7, "app/speedtest", "started", "routed", begun=_ago(66), who="anna"), rows)


def _in_the_middle() -> Snapshot:
    apps = [_app("speedtest", "started"), _app("pairdrop", "prepared", gate="prepared: days are fine", position=10)]
    return _snapshot(
        [*_phases(p0="closed", p1="closed", p2="open"), *apps],
        totals={"app": {"started": 1, "prepared": 1, "planned": 22}},
        open=[_routing(sent=None)],
        held=True,
    )


def _crashed() -> Snapshot:
    return _snapshot([*_phases(p2="open"), _app("speedtest", "started")], totals={"app": {"started": 1, "planned": 23}}, open=[_routing(sent=41)])


def _rolled_back() -> Snapshot:
    back = _move(
        8,
        "app/speedtest",
        "protected",
        "prepared",
        direction="back",
        of=5,
        begun=_ago(90),
        ended=_ago(71),
        outcome="done",
        why="asked for",
        who="anna",
    )
    return _snapshot(
        [*_phases(p2="open"), _app("speedtest", "prepared", gate="prepared: days are fine")],
        totals={"app": {"prepared": 1, "planned": 23}},
        last={"app/speedtest": Move(back)},
    )


def _went_back() -> Snapshot:
    back = _move(
        8,
        "app/speedtest",
        "prepared",
        "prepared",
        direction="back",
        of=7,
        by_itself=True,
        begun=_ago(90),
        ended=_ago(71),
        outcome="went-back",
        why="probe-answers: GET / 502 x12, wanted 200",
    )
    return _snapshot(
        [*_phases(p2="open"), _app("speedtest", "prepared")], totals={"app": {"prepared": 1, "planned": 23}}, last={"app/speedtest": Move(back)}
    )


def _soaking() -> Snapshot:
    done = _move(9, "app/speedtest", "routed", "protected", begun=_ago(4000), ended=_ago(3900), outcome="done")
    app = _app("speedtest", "protected", gate="soak", soak_until=NOW + timedelta(hours=47))
    return _snapshot([*_phases(p2="open"), app], totals={"app": {"protected": 1, "planned": 23}}, last={"app/speedtest": Move(done)}, world="lab:7")


def _down() -> Snapshot:
    rows = (
        _row(7, 1, "fence-on:source/vaultwarden", done=38, sent=38),
        _row(7, 2, "scale-to-0:source/vaultwarden", sent=37),
        _row(7, 3, "source-is-quiet"),
    )
    move = Move(_move(7, "app/vaultwarden", "prepared", "quiesced", method="handover", begun=_ago(66), down_from=_ago(38), who="anna"), rows)
    app = _app("vaultwarden", "prepared", method="handover", outage=180.0)
    return _snapshot([*_phases(p2="open"), app], totals={"app": {"prepared": 1, "planned": 23}}, open=[move], held=True)


def _parked() -> Snapshot:
    rows = (_row(7, 1, "route:source/speedtest", done=50, sent=51), _row(7, 2, "seen-from-outside"))
    move = Move(
        _move(7, "app/speedtest", "started", "routed", begun=_ago(66), outcome="parked", error="seen-from-outside: GET / 502 for 60s", who="anna"),
        rows,
    )
    return _snapshot([*_phases(p2="open"), _app("speedtest", "started")], totals={"app": {"started": 1, "planned": 23}}, open=[move])


def _refused() -> Snapshot:
    asked = Asked("app/speedtest", "target-nodes-are-ready", Answer("block", {}, "metal3 is NotReady since 13:40"), _ago(30))
    return _snapshot([*_phases(p2="open"), _app("speedtest", "planned")], refused={"app/speedtest": (asked,)})


def _looked(transition: int, n: int, name: str, at: float, why: str = "", **values: Any) -> Row:
    """A check that was asked inside a move, or a step that ended, with what it saw."""
    return replace(_row(transition, n, name, done=at), answer=Answer("ok", values, why))


def _point(transition: int, n: int, tag: str, at: float) -> Row:
    image = "csi-vol-2f1c7d90"
    ref = Ref("ceph", "Snapshot", "ceph-block", f"{image}@pm-8f2c-{transition}-{tag}")
    row = _row(transition, n, f"restore-point-{tag}:ceph/{image}", done=at, sent=at + 0.5)
    return replace(row, change=Change(ref, None, {"name": tag}))


def _vaultwarden(state: str, **more: Any) -> Subject:
    return _app("vaultwarden", state, method="handover", outage=180.0, **more)


def _handed(id_: int, leaves: str, reaches: str, begun: float, ended: float | None, **more: Any) -> Transition:
    more = {"who": "anna", "outcome": "done" if ended is not None else None, **more}
    end = _ago(ended) if ended is not None else None
    return _move(id_, "app/vaultwarden", leaves, reaches, method="handover", begun=_ago(begun), ended=end, **more)


def _before_the_outage(at: float) -> list[Row]:
    """Of transition 7, `at` seconds ago: the backup and the writer, looked at while K3s still served."""
    return [
        _looked(7, 5, "backup-is-real", at + 4, "restic snapshot 4f3c2a11", snapshot="4f3c2a11"),
        _looked(7, 6, "writer-is-known", at + 3, "same RBD image, opened by metal0 alone", nodes=["metal0"]),
    ]


def _guards(at: float) -> list[Asked]:
    said = (
        ("vm-snapshot-exists", "4 of 4 VMs have one", {"oldest": _ago(17_000).isoformat()}),
        ("backup-is-fresh", "3h 00m old, limit 12h 00m", {"ended": _ago(10_800).isoformat()}),
    )
    return [Asked("app/vaultwarden", check, Answer("ok", seen, why), _ago(at), 7) for check, why, seen in said]


def _quiesced(at: float) -> tuple[list[Transition], list[Row]]:
    """Down since `at` seconds ago, stopped, a point in time kept."""
    moves = [
        _handed(7, "prepared", "quiesced", at + 70, at - 12, down_from=_ago(at)),
        _handed(8, "quiesced", "transferred", at - 12, at - 13),
    ]
    rows = [
        *_before_the_outage(at),
        _looked(7, 11, "source-is-quiet", at - 9, "no Pod is wanted or left"),
        _looked(7, 12, "node-answered", at - 12, "metal0 answered after the last Pod was gone"),
        _point(8, 1, "t0", at - 13),
    ]
    return moves, rows


def _starting() -> Snapshot:
    """In the middle of the outage: Talos begins to open the image."""
    moves, rows = _quiesced(38)
    open_ = _handed(9, "transferred", "started", 24, None)
    now = (
        _looked(9, 1, "image-has-no-watcher", 22),
        _row(9, 4, "fence-off:target/vaultwarden", done=20, sent=21),
        _row(9, 5, "scale-up:target/vaultwarden", sent=19),
        _row(9, 6, "one-watcher"),
    )
    return _snapshot(
        [*_phases(p4="open"), _vaultwarden("transferred")],
        totals={"app": {"transferred": 1, "committed": 3, "planned": 20}},
        open=[Move(open_, now)],
        last={"app/vaultwarden": Move(moves[-1])},
        past={"app/vaultwarden": Past([*moves, open_], rows, _guards(110))},
        held=True,
    )


def _silent_node() -> Snapshot:
    """Parked in the outage: the node that wrote has not answered, so nothing starts and nothing goes back by itself."""
    why = "node-answered: metal0 has not answered since the last Pod was gone"
    open_ = _handed(7, "prepared", "quiesced", 260, None, down_from=_ago(190), outcome="parked", error=why)
    rows = [*_before_the_outage(190), _looked(7, 11, "source-is-quiet", 150)]
    move = Move(open_, (*rows, _row(7, 12, "node-answered")))
    return _snapshot(
        [*_phases(p4="open"), _vaultwarden("prepared")],
        totals={"app": {"prepared": 1, "planned": 23}},
        open=[move],
        past={"app/vaultwarden": Past([open_], rows, _guards(300))},
    )


def _came_home() -> Snapshot:
    """The target never became ready: it went back by itself, inside its budget."""
    moves, rows = _quiesced(400)
    failed = "probe-answers: GET /alive 502 x12, wanted 200"
    gone = _handed(9, "transferred", "started", 385, 290, outcome="went-back")
    back = _handed(10, "transferred", "prepared", 290, 248, direction="back", of=7, by_itself=True, why=failed, down_to=_ago(249))
    rows += [
        _looked(10, 7, "source-has-the-one-watcher", 252, "same RBD image, opened by metal0 alone", nodes=["metal0"]),
        _looked(10, 8, "source-answers", 251, value=200, path="/alive"),
        _looked(10, 10, "seen-at-the-source", 249, value=200, path="/alive", address="192.168.0.231"),
    ]
    return _snapshot(
        [*_phases(p4="open"), _vaultwarden("prepared", gate="person")],
        totals={"app": {"prepared": 1, "planned": 23}},
        last={"app/vaultwarden": Move(back)},
        past={"app/vaultwarden": Past([*moves, gone, back], rows, _guards(500))},
    )


def _handed_over() -> Snapshot:
    """Nine minutes into the soak."""
    moves, rows = _quiesced(700)
    moves += [_handed(9, "transferred", "started", 687, 640), _handed(10, "started", "routed", 640, 631, down_to=_ago(632))]
    moves += [_handed(11, "routed", "protected", 631, 540)]
    rows += [
        _looked(9, 6, "one-watcher", 650, "same RBD image, opened by metal2 alone", nodes=["metal2"]),
        _looked(9, 7, "probe-answers", 641, value=200, path="/alive"),
        _looked(10, 2, "seen-from-outside", 632, value=200, path="/alive", address="192.168.0.231"),
        _row(11, 1, "sync-source:target/vaultwarden", done=620, sent=629),
        _looked(11, 2, "target-backup-is-real", 541, "restic snapshot 9b11c0de", snapshot="9b11c0de"),
    ]
    app = _vaultwarden("protected", gate="soak", soak_until=NOW + timedelta(days=7))
    return _snapshot(
        [*_phases(p4="open"), app],
        totals={"app": {"protected": 1, "planned": 23}},
        last={"app/vaultwarden": Move(moves[-1])},
        past={"app/vaultwarden": Past(moves, rows, _guards(800))},
    )


def _as_found() -> Snapshot:
    """The world as it was found: nothing has begun, and two commits are missing."""
    fix = "k3s/apps/vaultwarden/values.yaml: volsync.retain: {daily: 7, weekly: 4}\ninfrastructure/applicationset.yaml: ignoreApplicationDifferences"
    keeps_one = Answer("block", {}, "restic keeps 1 snapshot, not 7 days (no retain rendered)", fix)
    asked = [
        Asked("app/vaultwarden", "backup-keeps-three", keeps_one, _ago(30)),
        Asked("app/vaultwarden", "target-is-held", Answer("block", {}, "Application vaultwarden syncs by itself"), _ago(30)),
    ]
    return _snapshot([*_phases(), _vaultwarden("planned")], totals={"app": {"planned": 24}}, refused={"app/vaultwarden": tuple(asked)})


SNAPSHOTS: dict[str, Callable[[], Snapshot]] = {
    "in-the-middle": _in_the_middle,
    "crashed": _crashed,
    "rolled-back": _rolled_back,
    "went-back": _went_back,
    "in-the-soak": _soaking,
    "down": _down,
    "parked": _parked,
    "refused": _refused,
    "handover-starting": _starting,
    "handover-silent-node": _silent_node,
    "handover-came-home": _came_home,
    "handover-in-the-soak": _handed_over,
    "as-found": _as_found,
}


@pytest.fixture(params=sorted(SNAPSHOTS))
def moment(request: pytest.FixtureRequest) -> str:
    """The name of one of the journals."""
    return str(request.param)


@pytest.fixture
def snapshot(moment: str) -> Snapshot:
    """That journal."""
    return SNAPSHOTS[moment]()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def made() -> dict[str, Callable[[], Snapshot]]:
    """Every journal by name, for a test that wants a certain one."""
    return SNAPSHOTS
