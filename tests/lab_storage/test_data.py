"""What is counted: records, lost writes by subtraction, and the cost of a week (lab.md 16-18, 21)."""

from __future__ import annotations

import pickle
import time
from typing import Any

import pytest

from portkey_migrate.lab import data, worlds
from portkey_migrate.lab.records import Records, count, minus, union
from portkey_migrate.lab.town import town
from portkey_migrate.lab.verdict import verdict
from portkey_migrate.lab.world import World

Hand = Any
APP = "vaultwarden"


@pytest.mark.parametrize(
    ("these", "those", "left"),
    [
        (((0, 10),), ((3, 5),), ((0, 3), (5, 10))),
        (((0, 10),), ((0, 10),), ()),
        (((0, 4), (6, 9)), ((2, 7),), ((0, 2), (7, 9))),
        (((0, 4),), (), ((0, 4),)),
        ((), ((0, 4),), ()),
    ],
)
def test_records_are_subtracted(these: Records, those: Records, left: Records) -> None:
    """Half-open intervals, as sets."""
    assert minus(these, those) == left


def test_records_are_joined() -> None:
    """Touching intervals are one, empty ones none."""
    assert union(((0, 3), (5, 6)), ((3, 5), (9, 9))) == ((0, 6),)
    assert count(((0, 3), (5, 6))) == 4


def test_a_write_is_acknowledged_where_a_ready_pod_may_write(hand: Hand, world: World) -> None:
    """Two a second, by the image that serves; none while there is no Pod."""
    hand.wait(60)
    assert town(world).users.acknowledged(APP, world.started, world.now) == {"source": 120, "target": 0, "none": 0}
    assert count(minus(world.parts["ceph"].content(world, hand.image), ((-1_000_000, 0),))) == 120
    hand.hold("source")
    hand.scale("source", 0)
    hand.until(lambda: hand.serves() == "none")
    assert data.lost_writes(world, APP, world.started) == 0


def test_what_was_written_after_a_point_in_time_is_lost_by_going_back_to_it(hand: Hand, world: World) -> None:
    """A snapshot rolled back: the subtraction says how much, to the record."""
    hand.wait(10)
    assert hand.run("rbd", "snap", "create", f"{hand.spec}@then")["code"] == 0
    hand.wait(10)
    assert hand.run("rbd", "snap", "rollback", f"{hand.spec}@then")["code"] == 0
    assert data.lost_writes(world, APP, world.started) == 20
    hand.wait(10)
    assert data.lost_writes(world, APP, world.started) == 20
    said = verdict(world, {"apps": [{"name": APP, "method": "handover", "state": "planned", "outage_budget_seconds": 180}]})
    assert said["verdict"] == "not-clean"
    assert "20 acknowledged writes" in said["reasons"][0]


def test_an_image_that_is_gone_took_everything_along(hand: Hand, world: World) -> None:
    """Reclaim Delete, and every acknowledged write is lost."""
    hand.wait(10)
    hand.hold("source")
    hand.scale("source", 0)
    hand.delete("source", "PersistentVolumeClaim", APP)
    hand.wait(60)
    assert data.lost_writes(world, APP, world.started) >= 20


def test_two_images_for_one_item_are_split_brain() -> None:
    """As found both clusters run it, each on its own image; it counts from our first write on and not before (lab.md 14b)."""
    found = worlds.make("portkey-as-found", 7)
    found.run_until(found.now + 100)
    assert sum(data.doubles(found, APP, found.started)) == 0
    found.store.ledger.append({"t": found.now, "session": "s1", "changed": True, "token": ""})
    found.run_until(found.now + 100)
    both = data.doubles(found, APP, found.started)
    assert both.same_image == 0.0
    assert both.split_brain == pytest.approx(100.0)


def test_a_week_costs_less_than_a_second(world: World) -> None:
    """28 backups, with a copy and a mover each (lab.md 16)."""
    began = time.process_time()
    world.run_until(world.now + 7 * 86400)
    assert time.process_time() - began < 1.0


def test_a_copy_in_the_middle_of_a_backup_goes_on_as_the_original(hand: Hand, world: World) -> None:
    """A pickle has everything: images, clients, repositories, what runs (lab.md 12)."""
    hand.patch("source", "ReplicationSource", APP, {"spec": {"trigger": {"manual": "mine"}}})
    hand.wait(20)
    copy = pickle.loads(pickle.dumps(world))  # noqa: S301 (our own, made a line above)
    for one in (world, copy):
        one.run_until(one.now + 400)
    assert copy.store.list("source", "ReplicationSource") == world.store.list("source", "ReplicationSource")
    assert copy.store.get("source", "ReplicationSource", APP, APP)["status"]["lastManualSync"] == "mine"
