"""Plan, preflight, progress, history, errors and rehearsals as a person reads them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.errors import Locked, PlanInvalid, WentBack
from portkey_migrate.journal.read import Move, Told
from portkey_migrate.journal.rows import Asked
from portkey_migrate.model import API_VERSION, Answer
from portkey_migrate.report import API_VERSION as REPORTED
from portkey_migrate.report import failures, formats, words
from portkey_migrate.report.history import History
from portkey_migrate.report.paper import Paper
from portkey_migrate.report.planned import Planned
from portkey_migrate.report.preflight import Preflight
from portkey_migrate.report.progress import Progress
from portkey_migrate.report.rehearsal import Rehearsal

GOLDEN = Path(__file__).parent / "golden"


def check_golden(name: str, text: str) -> None:
    """Compares with the golden file; PKM_UPDATE_GOLDEN=1 writes it anew, and a review reads it."""
    file = GOLDEN / name
    if os.environ.get("PKM_UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


@dataclass(frozen=True)
class Line:
    """As the engine's own line of a plan."""

    n: int
    transition: str
    name: str
    sign: str
    object: str
    change: str
    undo: str
    down: bool = False
    pivot: bool = False


@dataclass(frozen=True)
class View:
    """As the engine's own view of a plan."""

    subject: str
    method: str
    state: str
    lines: tuple[Line, ...]
    outage: float
    plan_hash: str
    words: dict[str, str]


PLAN = View(
    "app/speedtest",
    "stateless",
    "prepared",
    (
        Line(1, "started", "fence-off:target/speedtest", "~", "ResourceQuota speedtest/pm-fence@target", "pods 0 -> 1000000", "pods 1000000 -> 0"),
        Line(2, "started", "scale-to-1:target/speedtest", "~", "Deployment speedtest@target", "replicas 0 -> 1", "replicas 1 -> 0"),
        Line(3, "started", "probe-answers", "?", "", "asked here, with fresh evidence", ""),
        Line(4, "routed", "route:source/speedtest", "~", "Ingress speedtest@source", "backend", "backend", pivot=True),
    ),
    0.0,
    "0" * 64,
    {"back": "lossless, nobody down"},
)


@pytest.mark.parametrize("width", [80, 120])
def test_the_plan_screen_draws_the_pivot(width: int) -> None:
    """Every step with its undo, and the line after which nothing goes back by itself."""
    check_golden(f"plan-{width}.txt", formats.render(Planned(PLAN), "table", Paper(width)))


def _asked(check: str, verdict: Any, why: str, fix: str = "") -> Asked:
    return Asked("app/speedtest", check, Answer(verdict, {"limit": 2}, why, fix), datetime(2026, 11, 24, 14, 2, tzinfo=UTC))


ASKED = [
    _asked("clusters-are-different", "ok", "kube-system 7c1e and 90aa"),
    _asked("dns-has-one-owner", "warn", "external-dns runs on both sides with owner portkey", "external-dns: --txt-owner-id=portkey-talos"),
    _asked("target-nodes-are-ready", "block", "metal3 is NotReady since 13:40", "talosctl -n metal3 dmesg"),
    _asked("tls-secret-is-there", "unknown", "the target did not answer within 15 s"),
]


@pytest.mark.parametrize("width", [80, 120])
def test_preflight_names_what_blocks_and_the_line_that_mends_it(width: int) -> None:
    """What blocks stands first; an unknown blocks too; the fix is never folded."""
    page = Preflight("app/speedtest", ASKED)
    assert page.blocked_by == ["target-nodes-are-ready", "tls-secret-is-there"]
    check_golden(f"preflight-{width}.txt", formats.render(page, "table", Paper(width)))


def test_preflight_as_json_carries_value_and_cluster() -> None:
    """What a program decides by is data, not prose."""
    document = json.loads(formats.render(Preflight("app/speedtest", ASKED), "json", Paper()))
    assert (document["kind"], document["checks"][2]["values"], document["checks"][2]["verdict"]) == ("Preflight", {"limit": 2}, "block")


def test_a_move_is_told_line_by_line() -> None:
    """Guards that are well are one line; a wait is named when it is long enough to be noticed; what is down is said at once."""
    progress = Progress(UTC)
    since = datetime(2026, 11, 24, 14, 11, 2, tzinfo=UTC)
    events: list[dict[str, Any]] = [
        {"event": "check", "subject": "app/grocy", "name": "clusters-are-different", "verdict": "ok", "guard": True},
        {"event": "check", "subject": "app/grocy", "name": "hold-holds", "verdict": "ok", "guard": True},
        {"event": "begin", "subject": "app/grocy", "leaves": "prepared", "reaches": "quiesced", "direction": "forward", "pivot": False},
        {"event": "down", "subject": "app/grocy", "since": since},
        {"event": "step", "subject": "app/grocy", "name": "scale-to-0:source/grocy", "verdict": "ok", "why": "", "took": 3.04, "attempt": 1},
        {"event": "wait", "subject": "app/grocy", "name": "source-is-quiet", "why": "1 Pod is Terminating", "for": 0.4},
        {"event": "wait", "subject": "app/grocy", "name": "source-is-quiet", "why": "1 Pod is Terminating", "for": 2.5},
        {"event": "wait", "subject": "app/grocy", "name": "source-is-quiet", "why": "1 Pod is Terminating", "for": 3.0},
        {
            "event": "check",
            "subject": "app/grocy",
            "name": "source-is-quiet",
            "verdict": "ok",
            "why": "no Pod, no watcher",
            "took": 6.0,
            "attempt": 0,
        },
        {
            "event": "step",
            "subject": "app/grocy",
            "name": "route:source/grocy",
            "verdict": "block",
            "why": "GET / 502 x12, wanted 200",
            "took": 60.0,
            "attempt": 2,
        },
        {"event": "begin", "subject": "app/grocy", "leaves": "quiesced", "reaches": "prepared", "direction": "back", "pivot": False},
        {"event": "up", "subject": "app/grocy", "seconds": 123.0},
        {"event": "users", "text": "grocy 200 from K3s"},
        {"event": "state", "subject": "app/grocy", "state": "prepared"},
        {"event": "something-new", "subject": "app/grocy"},
    ]
    check_golden("progress.txt", "".join(line + "\n" for event in events for line in progress.lines(event)))


def test_an_error_is_code_what_why_safe_and_next() -> None:
    """The five parts, in this order."""
    error = WentBack(
        "grocy is on K3s and answers",
        why="ingress class nginx does not exist on Talos",
        safe="Lost: nothing. Down 2m 03s of 5m.",
        hint="migrate history app grocy\nmigrate advance app grocy",
    )
    check_golden("error.txt", failures.screen(error, Paper(80)))
    assert failures.document(error)["next"] == ["migrate history app grocy", "migrate advance app grocy"]


def test_a_locked_journal_tells_who_where_since_when_and_what() -> None:
    """The second operator needs all five to decide."""
    error = Locked(
        "another operator is moving this cluster",
        hint="migrate status",
        who="anna",
        host="ws-12",
        pid=4411,
        since=datetime(2026, 11, 24, 13, 58, 20, 16816, tzinfo=UTC),
        doing="app/paperless, started -> routed",
    )
    check_golden("locked.txt", failures.screen(error, Paper(80)))
    at = "2026-11-24T13:58:20.016816+00:00"
    assert failures.document(error)["holder"] == {
        "who": "anna",
        "host": "ws-12",
        "pid": 4411,
        "doing": "app/paperless, started -> routed",
        "since": at,
    }


def test_faults_of_a_plan_stand_one_a_line() -> None:
    """Where an editor can jump to them."""
    error = PlanInvalid(
        "the plan has 2 faults",
        faults=[
            "phases/apps.yaml:7:13: apps.vaultwarden.outage: no duration (got 'yolo')",
            "phases/apps.yaml:9:5: unknown key soka, did you mean soak?",
        ],
        hint="migrate lint",
    )
    check_golden("faults.txt", failures.screen(error, Paper(80)))


def test_history_tells_a_refusal_and_a_step_whose_answer_was_never_seen(made: Any, now: datetime) -> None:
    """What a crash leaves behind stands out."""
    crashed = made["crashed"]().open[0]
    told = [
        Told(now - timedelta(minutes=9), "app/speedtest", None, (ASKED[2],)),
        Told(crashed.transition.begun, "app/speedtest", Move(crashed.transition, crashed.rows)),
    ]
    check_golden("history-100.txt", formats.render(History("app/speedtest", told, "lab:7", UTC), "table", Paper(100)))
    document = json.loads(formats.render(History("app/speedtest", told, "lab:7", UTC), "json", Paper()))
    assert [(one["transition"] or {}).get("id") for one in document["entries"]] == [None, 7]


REHEARSAL = {
    "apiVersion": API_VERSION,
    "kind": "Rehearsal",
    "subject": "app/speedtest",
    "seed": 7,
    "world": "portkey",
    "request": {},
    "verdict": "clean",
    "reasons": [],
    "blocked_by": [],
    "apps": [
        {
            "name": "speedtest",
            "method": "stateless",
            "state": "committed",
            "serves": "target",
            "acknowledged": {"source": 412, "target": 1203},
            "lost_writes": 0,
            "double_writer_seconds": 0,
            "outage_seconds": 0,
            "outage_budget_seconds": 300,
            "engine_outage_seconds": 0,
            "waits": [],
        }
    ],
    "fingerprint": "ab",
    "differences": [],
    "faults": [{"kind": "late-twin", "nth": 12, "counts": "mutating", "hit": [{"at": "POST v1/namespaces@target 1.1#1", "n": 12}]}],
    "crashes": {"points": 0},
    "virtual_seconds": 172900.0,
    "wall_seconds": 2.1,
    "api_calls": 412,
}


@pytest.mark.parametrize(("verdict", "status"), [("clean", 0), ("blocked", 3), ("not-clean", 11)])
def test_a_rehearsal_ends_with_the_status_of_its_verdict(verdict: str, status: int) -> None:
    """0 clean, 3 blocked, 11 not clean."""
    assert status == Rehearsal({**REHEARSAL, "verdict": verdict}).exit


def test_a_rehearsal_begins_with_its_verdict() -> None:
    """Then what users saw; the document is passed on as it is."""
    check_golden("rehearsal-100.txt", formats.render(Rehearsal(REHEARSAL), "table", Paper(100)))
    assert json.loads(formats.render(Rehearsal(REHEARSAL), "json", Paper())) == REHEARSAL


def test_one_version_of_the_documents() -> None:
    """The copy that keeps the model off the fast path is the same."""
    assert API_VERSION == REPORTED


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.04, "0.0s"), (3.04, "3.0s"), (59.6, "1m"), (134, "2m 14s"), (123, "2m 03s"), (3600, "1h"), (5400, "1h 30m"), (172900, "2d")],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    """`2m 14s`, as everywhere."""
    assert text == words.duration(seconds)


def test_a_rehearsal_names_the_command_that_makes_it_again() -> None:
    """A failing seed is repeated by copying one line."""
    text = formats.render(Rehearsal({**REHEARSAL, "request": {"rollback_at": "routed", "kill": None}}), "table", Paper())
    assert "Again: migrate rehearse app speedtest --seed 7 --rollback-at routed -o json" in text
