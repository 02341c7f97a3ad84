"""VolSync as it is: Initial, Synchronizing, CleaningUp, and what each says that is not so (domain B01-B09, §0.2-§0.4)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from portkey_migrate.lab import cron, worlds
from portkey_migrate.lab.restic import Repository, volsync
from portkey_migrate.lab.store import stamp
from portkey_migrate.lab.world import World

Hand = Any
APP = "vaultwarden"


def reason(status: Any) -> str:
    return next((str(one["reason"]) for one in status.get("conditions", ()) if one["type"] == "Synchronizing"), "")


def asked(hand: Hand, tag: str, cluster: str = "source") -> None:
    hand.patch(cluster, "ReplicationSource", APP, {"spec": {"trigger": {"manual": tag}}})


def idle(hand: Hand) -> None:
    hand.until(lambda: reason(hand.sync()).startswith("Waiting"), within=900)


def repository(world: World, path: str = "/repository/vaultwarden") -> Repository:
    return next(one for name, one in volsync(world).repositories.items() if name.endswith(path))


def test_a_sync_goes_through_its_three_states(hand: Hand) -> None:
    """Asked by a tag: SyncInProgress, CleaningUp, WaitingForManual; 30-180 s and up to 90 s of jitter."""
    seen: list[str] = []
    asked(hand, "mine")
    began = hand.world.now

    def ended() -> bool:
        said = reason(hand.sync())
        if not seen or seen[-1] != said:
            seen.append(said)
        return hand.sync().get("lastManualSync") == "mine" and said == "WaitingForManual"

    hand.until(ended, within=400)
    assert seen == ["WaitingForSchedule", "SyncInProgress", "CleaningUp", "WaitingForManual"]
    assert 30 <= hand.world.now - began <= 300
    assert "lastSyncStartTime" not in hand.sync()
    assert "nextSyncTime" not in hand.sync()


def test_the_runbooks_annotation_triggers_nothing(hand: Hand) -> None:
    """VolSync knows no such annotation (domain B01)."""
    before = hand.sync()
    hand.patch("source", "ReplicationSource", APP, {"metadata": {"annotations": {"volsync.backube/trigger-backup": "final-1"}}})
    hand.wait(600)
    assert hand.sync() == before


def test_there_is_no_condition_completed(hand: Hand) -> None:
    """Synchronizing is the only type (domain B02)."""
    asked(hand, "mine")
    idle(hand)
    assert [one["type"] for one in hand.sync()["conditions"]] == ["Synchronizing"]
    assert [one["type"] for one in hand.get("source", "ReplicationDestination", f"{APP}-dst")["status"]["conditions"]] == ["Synchronizing"]


def test_the_movers_log_names_what_was_saved(hand: Hand, world: World) -> None:
    """The lines that reach status, and the snapshot is in the repository (domain B02a)."""
    asked(hand, "mine")
    hand.until(lambda: hand.sync().get("lastManualSync") == "mine", within=400)
    mover = hand.sync()["latestMoverStatus"]
    found = re.search(r"^snapshot ([0-9a-f]{8,}) saved$", mover["logs"], re.MULTILINE)
    assert mover["result"] == "Successful"
    assert found is not None
    assert repository(world).backups[-1].id == found[1]
    assert re.search(r"^processed (\d+) files, (.+) in", mover["logs"], re.MULTILINE)
    assert re.search(r"^Added to the repository: (.+)", mover["logs"], re.MULTILINE)
    assert len(mover["logs"]) <= 1024


def test_an_empty_directory_is_successful_too(hand: Hand, world: World) -> None:
    """Nothing is saved, and the result says Successful (domain §0.4)."""
    hand.image.base = ()
    world.parts["town"].users.series[APP] = []
    before = list(repository(world).backups)
    asked(hand, "mine")
    hand.until(lambda: hand.sync().get("lastManualSync") == "mine", within=400)
    assert hand.sync()["latestMoverStatus"]["result"] == "Successful"
    assert hand.sync()["latestMoverStatus"]["logs"] == "== Directory is empty skipping backup ==="
    assert repository(world).backups == before


def test_without_the_trap_an_empty_directory_is_a_failure(hand: Hand, world: World) -> None:
    """No tag is copied, the Job tries again, later each time (trap empty-success)."""
    world.traps.discard("empty-success")
    hand.image.base = ()
    world.parts["town"].users.series[APP] = []
    before, last = list(repository(world).backups), hand.sync().get("lastSyncTime")
    asked(hand, "mine")
    hand.until(lambda: hand.sync()["latestMoverStatus"]["result"] == "Failed", within=400)
    hand.wait(1200)
    assert "lastManualSync" not in hand.sync()
    assert hand.sync().get("lastSyncTime") == last
    assert reason(hand.sync()) == "SyncInProgress"
    assert repository(world).backups == before


@pytest.mark.parametrize("bites", [True, False])
def test_a_tag_set_while_a_sync_runs_is_taken_for_done_when_it_ends(bites: bool, hand: Hand, world: World) -> None:  # noqa: FBT001 (a parameter of the table)
    """And that sync began before it (trap tag-adopted; domain B03)."""
    if not bites:
        world.traps.discard("tag-adopted")
    syncs: Any = world.controllers["source/volsync"]
    syncs.fires(world, "ReplicationSource", APP, APP)
    hand.wait(25)
    asked_at = world.now
    asked(hand, "mine")
    hand.until(lambda: "lastSyncStartTime" not in hand.sync(), within=400)
    assert (hand.sync().get("lastManualSync") == "mine") is bites
    assert datetime.fromisoformat(hand.sync()["lastSyncTime"]).timestamp() > asked_at
    hand.wait(400)
    assert hand.sync()["lastManualSync"] == "mine"  # without the trap a sync of its own follows
    assert (len([one for one in repository(world).backups if one.t > asked_at]) == 1) is bites


def test_a_manual_trigger_parks_the_schedule_and_its_end_may_run_at_once(hand: Hand) -> None:
    """Manual takes precedence; taken away after the schedule has passed, it fires (domain B15)."""
    asked(hand, "mine")
    idle(hand)
    hand.wait(12 * 3600)
    assert hand.sync()["lastManualSync"] == "mine"
    hand.patch("source", "ReplicationSource", APP, {"spec": {"trigger": {"manual": None}}})
    hand.until(lambda: "lastSyncStartTime" in hand.sync(), within=1)
    idle(hand)
    assert "lastManualSync" not in hand.sync()
    assert "nextSyncTime" in hand.sync()


@pytest.mark.parametrize(("bites", "kept"), [(True, 1), (False, 12)])
def test_without_retain_one_snapshot_is_kept(bites: bool, kept: int, world: World, hand: Hand) -> None:  # noqa: FBT001 (a parameter of the table)
    """Literally --keep-last 1 (trap keep-last-one; domain B05)."""
    del world, hand
    found = worlds.make("portkey-as-found", 7)
    assert len(repository(found).backups) == 1
    if not bites:
        found.traps.discard("keep-last-one")
        begun = len(repository(found).backups)
        found.run_until(found.now + 86400)
        assert len(repository(found).backups) >= begun + 4
    else:
        found.run_until(found.now + 86400)
        assert len(repository(found).backups) == kept


def test_with_retain_days_and_weeks_are_kept(hand: Hand, world: World) -> None:
    """Daily 7, weekly 4, last 3 (what phase 0 asks to commit)."""
    hand.wait(20 * 86400)
    days = {stamp(one.t)[:10] for one in repository(world).backups}
    assert len(days) >= 7
    assert 9 <= len(repository(world).backups) <= 14


def test_the_targets_first_backup_drops_the_sources_last_where_they_share_a_path() -> None:
    """One forget-group: the complete chain of domain §0.2, §0.3 and B06, in the world as it was found."""
    found = worlds.make("portkey-as-found", 7)
    assert [one.cluster for one in repository(found).backups] == ["target"]


def test_one_lock_is_shared_by_whoever_has_the_path(hand: Hand, world: World) -> None:
    """While another mover holds it, a backup waits (domain B06)."""
    repository(world).lock = "target/vaultwarden/vaultwarden"
    asked(hand, "mine")
    hand.wait(600)
    assert reason(hand.sync()) == "SyncInProgress"
    repository(world).lock = ""
    hand.until(lambda: hand.sync().get("lastManualSync") == "mine", within=400)
    assert repository(world).lock == ""


@pytest.mark.parametrize(("bites", "runs"), [(True, True), (False, False)])
def test_a_new_source_backs_up_at_once(bites: bool, runs: bool, hand: Hand, world: World) -> None:  # noqa: FBT001 (a parameter of the table)
    """Whatever its schedule says (trap first-sync; domain B07)."""
    if not bites:
        world.traps.discard("first-sync")
    spec = hand.get("source", "ReplicationSource", APP)["spec"]
    hand.make("source", "ReplicationSource", "second", spec)
    hand.wait(5)
    assert ("lastSyncStartTime" in hand.get("source", "ReplicationSource", "second").get("status", {})) is runs


def test_without_the_trap_a_new_source_waits_for_its_schedule(hand: Hand, world: World) -> None:
    """Its first backup comes when the schedule comes round, and not never."""
    world.traps.discard("first-sync")
    spec = hand.get("source", "ReplicationSource", APP)["spec"]
    hand.make("source", "ReplicationSource", "second", {**spec, "trigger": {"schedule": "0 * * * *"}})
    hand.wait(3700)
    assert hand.get("source", "ReplicationSource", "second")["status"].get("lastSyncTime")


def test_a_destination_restores_once_at_its_creation_and_fills_the_claim(hand: Hand) -> None:
    """restore-once: the claim with a dataSourceRef was filled from its image, and never will be again (domain B08, B11)."""
    status = hand.get("source", "ReplicationDestination", f"{APP}-dst")["status"]
    assert status["lastManualSync"] == "restore-once"
    assert re.match(r"restoring snapshot [0-9a-f]{8} of", status["latestMoverStatus"]["logs"])
    before = (status, hand.image.name)
    hand.wait(7 * 86400)
    assert (hand.get("source", "ReplicationDestination", f"{APP}-dst")["status"], hand.image.name) == before


def test_a_claim_waits_for_its_populator(hand: Hand) -> None:
    """Pending until the destination has an image; with a volume's name it is not waited for (domain B11)."""
    claim = hand.get("source", "PersistentVolumeClaim", APP)["spec"]
    spec = {key: value for key, value in claim.items() if key != "volumeName"}
    spec["dataSourceRef"] = {**spec["dataSourceRef"], "name": "later"}
    hand.make("source", "PersistentVolumeClaim", "filled", spec)
    hand.wait(60)
    assert hand.get("source", "PersistentVolumeClaim", "filled")["status"]["phase"] == "Pending"
    hand.make("source", "ReplicationDestination", "later", hand.get("source", "ReplicationDestination", f"{APP}-dst")["spec"])
    hand.until(lambda: hand.get("source", "PersistentVolumeClaim", "filled")["status"]["phase"] == "Bound", within=400)


def test_a_restore_from_nothing_is_successful_too(hand: Hand, world: World) -> None:
    """No data will be restored, exit 0, and the claim is filled with it (domain §0.4)."""
    repository(world).backups.clear()
    spec = {**hand.get("source", "ReplicationDestination", f"{APP}-dst")["spec"]}
    hand.make("source", "ReplicationDestination", "later", spec)
    hand.until(lambda: "latestImage" in hand.get("source", "ReplicationDestination", "later").get("status", {}), within=400)
    assert "No data will be restored" in hand.get("source", "ReplicationDestination", "later")["status"]["latestMoverStatus"]["logs"]


def test_the_runbooks_destination_never_completes(hand: Hand) -> None:
    """A destinationPVC without a copyMethod: the data may be there, the destination says Error for ever (domain B09)."""
    restic = {"repository": "vaultwarden-volsync-secret", "destinationPVC": APP, "capacity": "5Gi", "accessModes": ["ReadWriteOnce"]}
    hand.make("source", "ReplicationDestination", "vaultwarden-restore", {"trigger": {"manual": "restore-1"}, "restic": restic})
    hand.wait(3600)
    status = hand.get("source", "ReplicationDestination", "vaultwarden-restore")["status"]
    assert reason(status) == "Error"
    assert "must be Direct, None, or Snapshot" in status["conditions"][0]["message"]
    assert "lastManualSync" not in status


def test_a_destination_whose_claim_is_not_there_starts_no_mover(hand: Hand) -> None:
    """It is never made (domain B09)."""
    restic = {"repository": "vaultwarden-volsync-secret", "destinationPVC": "nowhere", "copyMethod": "Direct"}
    hand.make("source", "ReplicationDestination", "lost", {"trigger": {"manual": "restore-1"}, "restic": restic})
    hand.wait(3600)
    assert reason(hand.get("source", "ReplicationDestination", "lost")["status"]) == "SyncInProgress"
    assert hand.get("source", "Job", "volsync-dst-lost") is None


def test_movers_are_pods_and_a_fence_stops_them(hand: Hand) -> None:
    """pods=0: the Job is there, its Pod is refused and comes later (real/README.md §4.12)."""
    hand.fence("source", "0")
    asked(hand, "mine")
    hand.wait(900)
    assert reason(hand.sync()) == "SyncInProgress"
    assert hand.get("source", "Job", f"volsync-src-{APP}")["status"] == {"active": 1}
    assert not [one for one in hand.all("source", "Pod", APP) if one["metadata"]["name"].startswith("volsync")]
    hand.fence("source", "1000")
    hand.until(lambda: hand.sync().get("lastManualSync") == "mine", within=900)


def test_a_mover_reads_a_copy_and_leaves_nothing(hand: Hand, world: World) -> None:
    """The app's image has one watcher all the time; snapshot, claim, Job, Pod and image of the copy are gone afterwards."""
    images = len(world.parts["ceph"].images)
    asked(hand, "mine")
    most = 0

    def ended() -> bool:
        nonlocal most
        most = max(most, len(hand.image.clients))
        return hand.sync().get("lastManualSync") == "mine" and reason(hand.sync()).startswith("Waiting")

    hand.until(ended, within=400)
    hand.wait(60)
    assert most == 1
    assert len(world.parts["ceph"].images) == images
    for kind in ("Job", "VolumeSnapshot"):
        assert [one["metadata"]["name"] for one in hand.all("source", kind, APP) if "src" in one["metadata"]["name"]] == []
    assert [one["metadata"]["name"] for one in hand.all("source", "PersistentVolumeClaim", APP)] == [APP]


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        ("0 */6 * * *", "2026-01-10T12:00:00+00:00", "2026-01-10T18:00:00+00:00"),
        ("0 0 * * *", "2026-01-10T12:00:00+00:00", "2026-01-11T00:00:00+00:00"),
        ("15,45 8-10 * * *", "2026-01-10T08:15:00+00:00", "2026-01-10T08:45:00+00:00"),
        ("0 18 * * *", "2026-01-10T18:00:00+00:00", "2026-01-11T18:00:00+00:00"),
    ],
)
def test_a_schedule_comes_round(schedule: str, after: str, due: str) -> None:
    """The first moment after this one."""
    assert cron.following(schedule, datetime.fromisoformat(after).timestamp()) == datetime.fromisoformat(due).timestamp()
