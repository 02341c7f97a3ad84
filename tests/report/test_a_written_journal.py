"""The same facts from a journal that the real writer wrote: what a screen tells is on disk, and nothing else of it is read."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portkey_migrate.cli import looking
from portkey_migrate.journal.read import load
from portkey_migrate.journal.rows import Asked, NewRow
from portkey_migrate.journal.writer import Journal
from portkey_migrate.model import App, Change, Cluster, Item, Phase, Plan, Ref, ok
from portkey_migrate.report import formats, serving
from portkey_migrate.report.paper import Paper

GOLDEN = Path(__file__).parent / "golden"
ROWS = ("hold:source/vaultwarden", "backup-is-real", "writer-is-known", "go", "fence-on:source/vaultwarden", "source-is-quiet", "node-answered")
SAW = {
    "backup-is-real": ok("restic snapshot 4f3c2a11", snapshot="4f3c2a11"),
    "writer-is-known": ok("same RBD image, opened by metal0 alone", nodes=["metal0"], addresses={"csi-vol-1": "10.0.0.1:0/7"}),
}


class Ticking:
    """Two seconds later at each look."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(seconds=2)
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Known:
    """Ids that a test knows beforehand."""

    def hex(self, length: int) -> str:
        return ("7c1e" * length)[:length]

    def who(self) -> str:
        return "anna"

    def host(self) -> str:
        return "ws-12"

    def pid(self) -> int:
        return 4411


def _plan() -> Plan:
    apps = {
        "vaultwarden": App("vaultwarden", "handover", ("vaultwarden",), 180.0, 604_800.0),
        "speedtest": App("speedtest", "stateless", (), 300.0, 60.0),
    }
    items = tuple((Item(f"app/{name}", "committed"),) for name in apps)
    cluster = Cluster("k3s")
    return Plan("portkey", "UTC", cluster, cluster, {}, apps, {}, (Phase("4-critical", "", items),), {}, frozenset(), "0" * 64, ".")


def _to_prepared(journal: Journal) -> None:
    move = journal.begin(
        "app/vaultwarden",
        leaves="planned",
        reaches="prepared",
        direction="forward",
        method="handover",
        rows=[NewRow("x", {})],
        plan_hash="",
        found={},
    )
    told = ok("4 of 4 VMs have one", oldest=datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    journal.answers([Asked("app/vaultwarden", "vm-snapshot-exists", told, datetime(2026, 11, 24, 12, 0, tzinfo=UTC), move.id)])
    journal.done(journal.rows(move.id)[0], None, ok())
    journal.arrive(move.id, state="prepared", outcome="done", gate="person")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A journal whose writer died inside an outage: K3s was scaled down, and nobody saw the node answer."""
    place = tmp_path / "state"
    clock = Ticking()
    with Journal.open(place, world="lab:7", clock=clock, ids=Known()) as journal:
        journal.seed(_plan())
        _to_prepared(journal)
        move = journal.begin(
            "app/vaultwarden", leaves="prepared", reaches="quiesced", direction="forward", method="handover",
            rows=[NewRow(name, {"do": "check"}) for name in ROWS], plan_hash="", found={},
        )  # fmt: skip
        change = Change(Ref("source", "ResourceQuota", "vaultwarden", "pm-fence"), {"spec.hard.pods": "1000000"}, {"spec.hard.pods": "0"})
        for row in journal.rows(move.id)[:-1]:
            if row.name.startswith("fence-on"):
                journal.down(move.id, clock.now())
                journal.done(journal.reply(journal.attempt(row, change, (change.undone,), "41"), "ok"), change, ok())
            else:
                journal.done(row, None, SAW.get(row.name, ok()))
        journal.flush()
    return place


@pytest.mark.parametrize(("name", "paper"), [("80", Paper(80)), ("120", Paper(120)), ("piped", Paper())])
def test_in_the_middle_of_an_outage_the_screen_is_made_from_what_is_on_disk(
    state: Path, monkeypatch: pytest.MonkeyPatch, name: str, paper: Paper
) -> None:
    """Who is down since when, who may still write, the backup and the machines' snapshots with their age."""
    monkeypatch.chdir(state.parent)
    text = formats.render(looking.read(None, "state", utc=True), "table", paper)
    file = GOLDEN / f"written-{name}.txt"
    if os.environ.get("PKM_UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


def test_only_what_is_told_is_decoded_and_only_of_apps_with_data(state: Path) -> None:
    """A screen of ten thousand apps must not decode a million rows."""
    snapshot = load(state, wanted=serving.WANTED, but=serving.NO_OUTAGE)
    assert snapshot is not None
    assert set(snapshot.past) == {"app/vaultwarden"}
    past = snapshot.past["app/vaultwarden"]
    assert {row.name for row in past.rows} == {"backup-is-real", "writer-is-known", "source-is-quiet"}
    assert [asked.check for asked in past.answers] == ["vm-snapshot-exists"]
    assert [move.reaches for move in past.moves] == ["prepared", "quiesced"]
    nothing = load(state)
    assert nothing is not None
    assert dict(nothing.past) == {}
