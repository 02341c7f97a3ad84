"""An app with data, as a person reads it while something happens and after it failed: the five moments in which trust is won or lost."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portkey_migrate.errors import Blocked, NeedsOperator, WentBack
from portkey_migrate.journal import outages
from portkey_migrate.journal.read import Past
from portkey_migrate.journal.rows import Asked
from portkey_migrate.model import Answer, Change, Ref
from portkey_migrate.report import build, causes, facts, failures, formats
from portkey_migrate.report.paper import Paper
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


def told(snapshot: Any, now: datetime) -> dict[str, Any]:
    """What the engine's errors carry of the one app in a journal."""
    subject = next(one for one in snapshot.subjects if one.kind == "app")
    past = snapshot.past[subject.id]
    move = snapshot.open[0].transition if snapshot.open else past.moves[-1]
    rows = snapshot.open[0].rows if snapshot.open else past.rows
    return {"subject": subject, "moves": past.moves, "move": move, "rows": rows, "now": now}


@pytest.mark.parametrize("width", [80, 0])
def test_a_failure_at_night_says_the_data_first(made: Any, now: datetime, width: int) -> None:
    """Where it is, that it answers, what was lost, how long; then why, then that nobody has to get up."""
    error = WentBack(
        "app/vaultwarden went back to prepared: probe-answers",
        why="probe-answers: GET /alive 502 x12, wanted 200; service vaultwarden has no endpoints",
        hint="migrate history app/vaultwarden | migrate advance app/vaultwarden",
        told=told(made["handover-came-home"](), now),
    )
    text = failures.screen(error, Paper(width), tz=UTC)
    assert "app/vaultwarden is on K3s and answers (200, 13:57:58). Lost: nothing. Down 2m 31s of 3m." in " ".join(text.split())
    check_golden(f"went-back-{width or 'piped'}.txt", text)
    assert failures.document(error)["what"].startswith("app/vaultwarden is on K3s and answers (200, 13:57:58).")


@pytest.mark.parametrize("width", [80, 0])
def test_a_move_parked_in_its_outage_says_who_may_write_and_where_the_way_back_is_written(made: Any, now: datetime, width: int) -> None:
    """The node that has not answered is named, and the page that works without the tool."""
    error = NeedsOperator(
        "app/vaultwarden is parked in prepared -> quiesced: node-answered",
        why="node-answered: metal0 has not answered since the last Pod was gone",
        hint="migrate advance app/vaultwarden (looks again) | migrate rollback app/vaultwarden",
        told=told(made["handover-silent-node"](), now),
    )
    check_golden(f"parked-in-the-outage-{width or 'piped'}.txt", failures.screen(error, Paper(width), tz=UTC))


def test_an_error_without_a_move_keeps_its_own_words() -> None:
    """Nothing is made up where no row tells it."""
    error = WentBack("app/x is back at prepared: asked", why="asked", safe="What was done was undone.", hint="migrate status")
    assert "✖ PKM-0611 app/x is back at prepared: asked" in failures.screen(error, Paper())


def test_lines_to_commit_stand_one_a_line_and_unfolded() -> None:
    """A folded line could not be copied."""
    lines = "infrastructure/applicationset.yaml: ignoreApplicationDifferences: [{jsonPointers: [/spec/syncPolicy]}]\nk3s/x/values.yaml: retain: {}"
    answer = Answer("block", fix=lines)
    error = Blocked("retain-is-rendered: 12 of 19 render none", why=lines, hint="migrate preflight", check="retain-is-rendered", answer=answer)
    text = failures.screen(error, Paper(80))
    assert "why" not in text
    assert all(line in text for line in lines.split("\n"))
    assert failures.document(error)["fix"] == lines.split("\n")


def test_inside_an_outage_every_line_says_for_how_long_and_a_wait_says_for_what() -> None:
    """And after a crash: who, how far, what nobody saw the answer of, and what the look told."""
    progress = Progress(UTC)
    at = datetime(2026, 11, 24, 23, 41, 7, tzinfo=UTC)
    left = {"event": "resumed", "subject": "app/vaultwarden", "who": "fahd", "leaves": "transferred", "reaches": "started", "step": 3, "of": 8}
    out = {"subject": "app/vaultwarden", "budget": 180.0, "since": at}
    ok = {"event": "step", "verdict": "ok", "why": "", **out}
    lease = {"waits_for": "the node's next Lease", "why": "metal0 has not answered"}
    events: list[dict[str, Any]] = [
        {"event": "down", "name": "fence-on:source/vaultwarden", "down": 0.0, **out},
        {"event": "step", "name": "fence-on:source/vaultwarden", "verdict": "ok", "why": "", "took": 0.06, "attempt": 1, "down": 0.06, **out},
        {"event": "wait", "name": "node-answered", "for": 4.0, "down": 9.2, **lease, **out},
        {**left, "name": "scale-up:target/vaultwarden", "sent": at, "reply": "", "attempt": 1},
        {
            "event": "step",
            "name": "scale-up:target/vaultwarden",
            "verdict": "ok",
            "why": "1 of 1 Pods ready",
            "took": 3.2,
            "attempt": 1,
            "down": 61.0,
            **out,
        },
        {**left, "name": "one-watcher", "sent": None, "reply": "", "attempt": 0},
        {**left, "name": "route:source/vaultwarden", "sent": at, "reply": "no-reply", "attempt": 1},
        {**ok, "name": "route:source/vaultwarden", "took": 0.1, "attempt": 2, "down": 67.0},
        {"event": "up", "subject": "app/vaultwarden", "for": 68.0},
        {"event": "check", "subject": "app/vaultwarden", "name": "seen-from-outside", "verdict": "ok", "why": "200", "took": 0.4, "attempt": 0},
    ]
    check_golden("progress-in-an-outage.txt", "".join(line + "\n" for event in events for line in progress.lines(event)))


def _asked(subject: str, check: str, why: str = "", fix: str = "") -> Asked:
    verdict: Any = "block" if why else "ok"
    return Asked(subject, check, Answer(verdict, {}, why, fix), datetime(2026, 11, 24, 14, 2, tzinfo=UTC))


HELD = "commit to the ApplicationSet: ignoreApplicationDifferences"
KEEPS_ONE = "restic keeps 1 snapshot, not 7 days (no retain rendered)"
AS_FOUND = [
    *(_asked(f"app/{name}", "clusters-are-different") for name in ("vaultwarden", "grocy", "mealie")),
    *(_asked(f"app/{name}", "target-is-held", f"automation of Application {name} is on", HELD) for name in ("vaultwarden", "grocy", "mealie")),
    *(_asked(f"app/{name}", "backup-keeps-three", KEEPS_ONE, f"k3s/apps/{name}/values.yaml: retain") for name in ("vaultwarden", "grocy")),
    _asked("app/vaultwarden", "vm-snapshot-exists", "106 has no snapshot", "migrate advance task vm-snapshots"),
]


@pytest.mark.parametrize("width", [80, 120])
def test_the_first_preflight_says_a_true_thing_that_was_not_known(width: int) -> None:
    """Of the data first; red checks counted by what mends them; what is well is one line."""
    page = Preflight("every app", AS_FOUND)
    assert causes.said(AS_FOUND) == [
        "vaultwarden: restic keeps 1 snapshot, not 7 days (no retain rendered)",
        "3 causes explain 6 red checks. 1 the tool can fix, 2 are commits. Nothing was changed.",
    ]
    check_golden(f"preflight-every-app-{width}.txt", formats.render(page, "table", Paper(width)))


REHEARSAL: dict[str, Any] = {
    "apiVersion": "portkey.dev/v1",
    "kind": "Rehearsal",
    "subject": "app/vaultwarden",
    "seed": 7,
    "world": "portkey",
    "request": {"rollback_at": "committed"},
    "verdict": "clean",
    "apps": [
        {
            "name": "vaultwarden",
            "method": "handover",
            "state": "prepared",
            "serves": "source",
            "acknowledged": {"source": 1412, "target": 903},
            "lost_writes": 0,
            "double_writer_seconds": 0,
            "outage_seconds": 68.4,
            "outage_budget_seconds": 180,
            "engine_outage_seconds": 0.113,
            "waits": [
                {"what": "the node's next Lease", "seconds": 6.2},
                {"what": "Pods to be ready", "seconds": 21.0},
                {"what": "the node's next Lease", "seconds": 5.1},
            ],
        }
    ],
    "virtual_seconds": 612345.0,
    "wall_seconds": 4.2,
    "api_calls": 1893,
}


def test_a_rehearsal_of_a_handover_says_what_was_its_own_and_what_it_waited_for() -> None:
    """The tool's own share of the outage beside the whole, and the waits summed by what they were for."""
    text = formats.render(Rehearsal(REHEARSAL), "table", Paper(120))
    assert "vaultwarden waited 21s for Pods to be ready and 11s for the node's next Lease" in text
    check_golden("rehearsal-handover-120.txt", text)


def test_facts_are_said_with_their_evidence_and_no_more(made: Any, now: datetime) -> None:
    """Who opened the image, what answered, what was not looked at; in the document the same lines."""
    report = build.build(made["handover-in-the-soak"](), place="state/", now=now, tz=UTC)
    said = {one["about"]: one["said"] for one in json.loads(formats.render(report, "json", Paper()))["apps"][0]["known"]}
    assert said["data"].startswith("same RBD image, opened by metal2 alone, /alive 200, contents not read; seen 13:51:17")
    assert said["people"].startswith("come through K3s's ingress (192.168.0.231), which hands them on to Talos")
    assert (said["kept"].split(";")[0], "restic snapshot 9b11c0de" in said["backup"]) == (
        "RBD snapshot ceph-block/csi-vol-2f1c7d90@pm-8f2c-8-t0, Talos's own restic repository",
        True,
    )
    assert "until metal0 leaves K3s or the image changes" in said["way back"]


def test_nobody_is_said_to_write_only_once_it_was_seen(made: Any, now: datetime) -> None:
    """A Pod that is being stopped still writes; a node that has not answered may."""
    stopping, silent = (build.build(made[name](), place="state/", now=now, tz=UTC).headline for name in ("down", "handover-silent-node"))
    assert ("K3s is being stopped" in stopping, "nobody writes it" in stopping) == (True, False)
    assert "K3s has stopped, metal0 has not answered since" in silent


def test_an_outage_ends_where_people_were_seen_to_be_served(made: Any, now: datetime) -> None:
    """It begins in one transition and ends in another; going back by itself is measured from its failure."""
    came_home, handed = (made[name]().past["app/vaultwarden"].moves for name in ("handover-came-home", "handover-in-the-soak"))
    assert (outages.moving(handed), outages.by_itself(handed), outages.asked_back(handed)) == (68.0, None, None)
    assert (outages.moving(came_home), outages.by_itself(came_home)) == (None, 41.0)
    assert outages.outages(handed)[0].seconds(now + timedelta(days=1)) == 68.0


def test_who_was_shut_out_of_ceph_is_said_until_the_way_back_lets_it_in(made: Any, now: datetime) -> None:
    """A fence that nobody remembers is the next outage."""
    snapshot = made["handover-in-the-soak"]()
    past = snapshot.past["app/vaultwarden"]
    change = Change(Ref("ceph", "Blocklist", "", "192.168.0.106:0/31415"), None, {"address": "192.168.0.106:0/31415"})
    node_answered = next(row for row in past.rows if row.name == "node-answered")
    put = replace(node_answered, n=13, name="blocklist:ceph/csi-vol-2f1c7d90", change=change, attempt=1, sent_at=node_answered.done_at)
    subject = next(one for one in snapshot.subjects if one.kind == "app")
    let_in = replace(put, transition=99, name=f"undo-{put.name}")
    for rows, said in (([put], "K3s's old writer 192.168.0.106:0/31415, from Ceph, "), ([put, let_in], "")):
        known = dict(facts.of(subject, Past(past.moves, [*past.rows, *rows], past.answers), None, "Talos", now, UTC))
        assert known.get("shut out", "").startswith(said)
        assert bool(known.get("shut out")) == bool(said)
