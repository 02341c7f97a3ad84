"""Teeth for the backups: whose tag a backup carries, whether it holds anything, in whose repository it lies, and whether its schedule goes on."""

from __future__ import annotations

import pytest

from portkey_migrate.checks import backups
from portkey_migrate.lab import backed
from portkey_migrate.lab.ambush import Ambush, lay
from portkey_migrate.lab.records import count
from portkey_migrate.lab.restic import volsync
from portkey_migrate.lab.situations.backup_tag_adopted import fires
from portkey_migrate.lab.world import World
from portkey_migrate.model import Answer, Ref, Seen, block, dig, not_yet, ok
from portkey_migrate.steps import volsync as steps_volsync
from tests.teeth.stage import APP, Play
from tests.teeth.tooth import DIFFERS, Figure, Out, Tooth, back, believed, without

UNBACKED = Figure("unbacked_writes", "writes", lambda shown: count(backed.unbacked(shown.world, APP, shown.world.started)))
FOREIGN = Figure("foreign_backups", "backups", lambda shown: backed.foreign(shown.world, APP))


# ---- worlds in which it matters ----


def schedule_comes_round(world: World) -> None:
    """While the app is being prepared its scheduled backup begins; it runs for a minute or more."""
    lay(world, Ambush("after", "source", "POST", rf"/namespaces/{APP}/ingresses", fires, (APP,)))


def nothing_to_read(world: World) -> None:
    """The mover finds an empty directory from now on; the last scheduled backup was whole."""
    volsync(world).empty.add(f"source/{APP}/{APP}")


# ---- what is broken ----


def tag_taken_for_proof(patch: pytest.MonkeyPatch) -> None:
    """`lastManualSync` is our tag: that is all that is looked at."""

    def proved(seen: Seen, tag: str, _: str, watch: Ref) -> Answer:
        return ok() if dig(seen.object, "status.lastManualSync") == tag else not_yet("the backup runs", watch=watch)

    patch.setattr(steps_volsync, "proved", proved)


def success_taken_for_backup(patch: pytest.MonkeyPatch) -> None:
    """The mover was Successful: its log is not read."""

    def saved(status: object, **_: bool) -> Answer:
        result = dig(status, "latestMoverStatus.result")
        return ok(result=result) if result == "Successful" else block(f"the mover ended {result}")

    patch.setattr(backups, "saved", saved)


TEETH = [
    Tooth(
        "backup tag set during a scheduled sync",
        believed("volsync-is-idle"),
        Play(to="protected", intrudes=schedule_comes_round),
        UNBACKED,
        guards=(Out("the proof of safety-backup (begun after it was asked for)", tag_taken_for_proof),),
        refused_by="safety-backup",
        trap="tag-adopted",
    ),
    Tooth(
        "empty backup believed",
        success_taken_for_backup,
        Play(to="protected", intrudes=nothing_to_read),
        UNBACKED,
        trap="empty-success",
    ),
    Tooth(
        "released into the source's repository",
        believed("target-repository-is-its-own"),
        Play(to="protected", with_="repository-not-own"),
        FOREIGN,
        trap="first-sync",
    ),
    Tooth("schedule left parked", back(without("undo-safety-backup")), Play(rollback_at="routed"), DIFFERS),
]
