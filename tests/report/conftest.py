"""Journals as screens meet them, made by hand: the same nouns that the reader hands out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portkey_migrate.journal.lock import Holder
from portkey_migrate.journal.read import Move, Snapshot
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


SNAPSHOTS: dict[str, Callable[[], Snapshot]] = {
    "in-the-middle": _in_the_middle,
    "crashed": _crashed,
    "rolled-back": _rolled_back,
    "went-back": _went_back,
    "in-the-soak": _soaking,
    "down": _down,
    "parked": _parked,
    "refused": _refused,
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
