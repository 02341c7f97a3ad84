"""One seed of the comparison, started as a person starts it, from another folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.world("subprocess")
REPO = Path(__file__).parents[2]
SEED = 3  # the schedule comes round while its page is followed


@cache
def ran() -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(REPO / "benchmarks" / "runbook.py"), "-o", "json", "--seeds", f"{SEED}"]
    return subprocess.run(argv, cwd="/", capture_output=True, text=True, check=False, timeout=110)


@cache
def rows() -> dict[str, dict[str, Any]]:
    return {row["row"]: row for row in json.loads(ran().stdout)["rows"]}


def codes(row: str, verb: str) -> list[int]:
    return [one["code"] for one in rows()[row]["commands"] if verb in one["argv"]]


def outcome(row: str, *words: str) -> str:
    return next(str(one["outcome"]) for one in rows()[row]["commands"] if set(words) <= set(one["argv"]))


def test_it_ends_with_0_and_prints_one_document() -> None:
    """RunbookComparison as `ux.md` says it: rows by name and seed, with the keys of a Rehearsal's app."""
    assert (ran().returncode, ran().stderr) == (0, "")
    document = json.loads(ran().stdout)
    assert (document["kind"], document["world"], document["apiVersion"]) == ("RunbookComparison", "portkey-as-found", "portkey.dev/v1")
    assert list(rows()) == ["runbook", "runbook_without_self_heal", "ours"]
    app = {"name", "method", "state", "serves", "acknowledged", "lost_writes", "double_writer_seconds", "outage_seconds"}
    for row in rows().values():
        assert set(row) == app | {"outage_budget_seconds", "engine_outage_seconds", "waits", "row", "seed", "commands"}
        assert all(set(one) == {"at", "argv", "code", "outcome"} for one in row["commands"])


def test_the_runbook_loses_writes_and_has_two_writers() -> None:
    """Both figures are above 0, and people use Talos at the end: what is missing is missing for them."""
    row = rows()["runbook"]
    assert row["lost_writes"] > 0
    assert row["double_writer_seconds"] > 0
    assert row["serves"] == "target"
    assert row["acknowledged"]["target"] > 0


def test_without_self_heal_two_writers_are_there_for_less_time() -> None:
    """The trap has teeth: turned off, the source stays at 0 and its damage falls."""
    with_it, without = rows()["runbook"], rows()["runbook_without_self_heal"]
    assert without["double_writer_seconds"] < with_it["double_writer_seconds"] / 2
    assert "put it back" in outcome("runbook", "scale")
    assert outcome("runbook_without_self_heal", "scale").endswith("it stays at 0")


def test_ours_moves_the_app_and_loses_nothing() -> None:
    """0 and 0 count only for an app that did move."""
    row = rows()["ours"]
    assert (row["state"], row["serves"], row["lost_writes"], row["double_writer_seconds"]) == ("committed", "target", 0, 0)


def test_every_line_of_the_page_ends_as_the_real_ones_did() -> None:
    """The annotation is taken and does nothing, the copied Secret conflicts, the wait times out, the chart is refused."""
    for row in ("runbook", "runbook_without_self_heal"):
        assert codes(row, "annotate") == [0]
        assert codes(row, "scale") == [0]
        assert codes(row, "wait") == [1]
        assert codes(row, "apply") == [1, 0, 1]
        assert "the annotation is nothing to VolSync" in outcome(row, "annotate")
        assert "the object has been modified" in outcome(row, "apply")
        assert "timed out waiting for the condition on replicationdestinations/vaultwarden-restore" in outcome(row, "wait")
        assert "kind not set" in outcome(row, "apply", "apps/vaultwarden/")


def test_the_restore_lies_in_the_claim_and_never_completes() -> None:
    """No copyMethod: the mover restores the newest backup, VolSync makes no image of it (domain B09)."""
    said = next(one["outcome"] for one in rows()["runbook"]["commands"] if "vaultwarden-restore created" in one["outcome"])
    assert re.search(r"restoring snapshot [0-9a-f]{8} of \[/data\]", said)
    assert "unsupported copyMethod" in said


def test_nobody_moves_the_host_until_a_person_does() -> None:
    """The LAN's wildcard says K3s until somebody sets the host (domain B80, B82)."""
    assert outcome("runbook", "dig") == "192.168.0.224"
    assert outcome("runbook", "curl") == "200 from 192.168.0.160"


def test_no_secret_is_in_the_document() -> None:
    """Every Secret of the lab holds the canary; the page pipes one from cluster to cluster."""
    assert "canary-" not in ran().stdout
