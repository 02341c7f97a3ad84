"""What the judge says of backups: by what lies in the repositories, whatever VolSync says of itself."""

from __future__ import annotations

from typing import Any

from portkey_migrate.lab import backed
from portkey_migrate.lab.records import count
from portkey_migrate.lab.restic import volsync
from portkey_migrate.lab.store import By
from portkey_migrate.lab.verdict import verdict
from portkey_migrate.lab.world import World

Hand = Any
APP = "vaultwarden"
TOOL = By("migrate", session="s1", token="3.4#1")


def asks(world: World, tag: str = "pm-abcd-3-backup") -> None:
    world.store.patch("source", "ReplicationSource", APP, APP, {"spec": {"trigger": {"manual": tag}}}, TOOL)


def reasons(world: World, state: str) -> list[str]:
    said = verdict(world, {"apps": [{"name": APP, "method": "handover", "state": state, "outage_budget_seconds": 180.0}]})
    return [one for one in said["reasons"] if "backup" in one]


def test_a_backup_that_was_asked_for_holds_what_was_written_until_then(hand: Hand, world: World) -> None:
    """Before it has ended it holds nothing of that; where no tag of ours stands nothing was promised."""
    hand.wait(60)
    assert backed.unbacked(world, APP, world.started) == ()
    asks(world)
    assert count(backed.unbacked(world, APP, world.started)) == 120
    hand.until(lambda: hand.sync().get("lastManualSync"), within=400)
    assert backed.unbacked(world, APP, world.started) == ()
    assert reasons(world, "quiesced") == []


def test_an_empty_backup_is_not_clean(hand: Hand, world: World) -> None:
    """Successful, our tag, and a hundred and twenty writes that nobody could bring back."""
    volsync(world).empty.add(f"source/{APP}/{APP}")
    hand.wait(60)
    asks(world)
    hand.until(lambda: hand.sync().get("lastManualSync"), within=400)
    assert reasons(world, "quiesced") == [f"{APP} stands quiesced and 120 writes from before its backup was asked for are in no backup of the source"]
    assert reasons(world, "prepared") == []


def test_protected_is_said_of_what_the_target_has_backed_up(hand: Hand, world: World) -> None:
    """What the source took, in a backup that the target made, in a repository of its own."""
    hand.wait(60)
    missing = f"{APP} stands protected and 120 writes that the source took are in no backup of the target"
    assert reasons(world, "protected") == [missing]
    mine = backed.repository(world, "source", APP)
    assert mine is not None
    mine.save(world, ((-1_000_000, 120),), "target")
    assert reasons(world, "protected") == [missing, f"{APP}: the source's repository holds 1 of the target's backups"]


def test_an_app_that_nothing_backs_up_promises_nothing(hand: Hand, world: World) -> None:
    """Without a ReplicationSource there is no repository, and nothing is missing from it."""
    hand.wait(60)
    assert backed.repository(world, "source", "speedtest") is None
    assert (backed.unbacked(world, "speedtest", world.started), backed.unprotected(world, "speedtest", world.started)) == ((), ())
