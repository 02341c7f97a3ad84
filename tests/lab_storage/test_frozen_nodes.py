"""A node that stands still, and what that proves: nothing (real/README.md §4.7, §4.19; real/ceph.md §3, §4; domain B41)."""

from __future__ import annotations

from typing import Any

import pytest

from portkey_migrate.lab import data
from portkey_migrate.lab.frozen import freeze, freeze_where_it_runs
from portkey_migrate.lab.town import town
from portkey_migrate.lab.world import World

Hand = Any
APP = "vaultwarden"


def node_of(hand: Hand, cluster: str = "source") -> str:
    return str(hand.pods(cluster)[0]["spec"]["nodeName"])


def test_a_frozen_client_shows_as_a_watcher_for_thirty_seconds(hand: Hand, world: World) -> None:
    """Then it is gone, and nothing has been let go of."""
    freeze(world, "source", node_of(hand), 100.0)
    hand.wait(29)
    assert len(hand.watchers()) == 1
    hand.wait(2)
    assert hand.watchers() == []
    assert hand.all("source", "VolumeAttachment")


def test_nobody_is_served_by_a_frozen_node(hand: Hand, world: World) -> None:
    """People hang, then it thaws and goes on where it was."""
    freeze(world, "source", node_of(hand), 20.0)
    assert hand.serves() == "none"
    hand.wait(21)
    assert hand.serves() == "source"
    assert data.lost_writes(world, APP, world.started) == 0


def test_a_node_that_froze_at_the_scale_is_just_waited_for(hand: Hand, world: World) -> None:
    """Pod object and attachment stay until it thaws, 40 s later (real/README.md §4.19)."""
    hand.hold("source")
    hand.scale("source", 0)
    hand.until(lambda: "deletionTimestamp" in hand.pods("source")[0]["metadata"])
    freeze_where_it_runs(world, "source", APP, 40.0)
    hand.wait(39)
    assert hand.pods("source")
    assert hand.all("source", "VolumeAttachment")
    hand.until(lambda: not hand.all("source", "VolumeAttachment"))


def moved_past_a_frozen_writer(hand: Hand, world: World, *, shut_out: bool) -> None:
    """The target starts while the source's writer is frozen and shows no watcher any more."""
    hand.stands_on_the_target()
    hand.hold("source")
    (address,) = hand.watchers()
    freeze(world, "source", node_of(hand), 100.0)
    hand.wait(31)
    assert hand.watchers() == []
    if shut_out:
        assert hand.run("ceph", "osd", "blocklist", "add", address, "604800")["code"] == 0
    hand.fence("target", "10")
    hand.scale("target", 1)
    hand.until(hand.watchers)
    hand.wait(100)


def test_thawed_it_writes_on_into_the_volume_that_the_target_has(hand: Hand, world: World) -> None:
    """No watcher was no proof of no writer (trap frozen-writer)."""
    moved_past_a_frozen_writer(hand, world, shut_out=False)
    assert len(hand.watchers()) == 2
    assert data.doubles(world, APP, world.started).same_image > 20


def test_on_the_blocklist_it_writes_no_more(hand: Hand, world: World) -> None:
    """Its writes fail with 108 once it thaws, and taking the entry away opens nothing again (real/ceph.md §4)."""
    moved_past_a_frozen_writer(hand, world, shut_out=True)
    assert len(hand.watchers()) == 1
    assert data.doubles(world, APP, world.started) == (0.0, 0.0)
    listed = next(iter(world.parts["ceph"].listed(world.now)))
    assert hand.run("ceph", "osd", "blocklist", "rm", listed)["code"] == 0
    assert len(hand.watchers()) == 1


def test_without_the_trap_a_frozen_writer_is_dead(hand: Hand, world: World) -> None:
    """It is the trap that bites: turned off, nothing is damaged (lab.md 27)."""
    world.traps.discard("frozen-writer")
    moved_past_a_frozen_writer(hand, world, shut_out=False)
    assert data.doubles(world, APP, world.started) == (0.0, 0.0)


def test_after_six_minutes_the_volume_is_forced_off_a_silent_node(hand: Hand, world: World) -> None:
    """The attachment goes, the Pod's object stays, the writer is still there (trap force-detach)."""
    hand.hold("source")
    hand.scale("source", 0)
    hand.until(lambda: "deletionTimestamp" in hand.pods("source")[0]["metadata"])
    freeze_where_it_runs(world, "source", APP, 400.0)
    took = hand.until(lambda: not hand.all("source", "VolumeAttachment"), within=390)
    assert took == pytest.approx(360.0, abs=1.0)
    assert hand.pods("source")
    hand.wait(45)
    assert not hand.pods("source")


def test_a_silent_nodes_lease_stands_still_and_its_pods_are_not_ready_after_fifty_seconds(hand: Hand, world: World) -> None:
    """Endpoints go only then (real/README.md §4.19)."""
    node = node_of(hand)
    before = hand.get("source", "Lease", node, "kube-node-lease")["spec"]["renewTime"]
    freeze(world, "source", node, 100.0)
    hand.wait(45)
    assert town(world).silent
    ready = [one["status"] for one in hand.pods("source")[0]["status"]["conditions"] if one["type"] == "Ready"]
    assert ready == ["True"]
    hand.wait(10)
    ready = [one["status"] for one in hand.pods("source")[0]["status"]["conditions"] if one["type"] == "Ready"]
    assert ready == ["False"]
    assert hand.get("source", "Lease", node, "kube-node-lease")["spec"]["renewTime"] <= max(before, "2026-01-10T13:30:10")
    hand.wait(60)
    assert hand.serves() == "source"
